#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rocketmq::broker {

// What master and slave say to each other on the HA port (RocketMQ: HAConnection, HAClient). There
// is no handshake and no framing besides this; all numbers are big-endian.
//
//   slave -> master   8 bytes: the end of its commit log, again and again
//   master -> slave   8 bytes log offset, 4 bytes n, then n bytes of the log; n = 0: a heartbeat

inline constexpr size_t kReportBytes = 8;
inline constexpr size_t kTransferHeaderBytes = 12;

std::array<char, kReportBytes> encodeReport(int64_t end_offset);

/// In front of every piece of the log.
struct TransferHeader {
  int64_t offset = 0;
  int32_t bytes = 0;

  std::array<char, kTransferHeaderBytes> encode() const;

  bool operator==(const TransferHeader&) const = default;
};

/// Finds the reports in what a slave sends. Threads: one.
class ReportReader {
 public:
  /// The newest report that is complete with these bytes, if there is one.
  std::optional<int64_t> feed(std::string_view bytes);

 private:
  std::array<char, kReportBytes> partial_{};
  size_t partial_bytes_ = 0;
};

/// Takes apart what a master sends. Threads: one.
class TransferReader {
 public:
  struct Step {
    enum class Kind : uint8_t {
      kHeader,
      kLogBytes,  ///< All or the next part of what the last header announced.
      kNone,      ///< Everything has been taken; more must be read first.
    };
    Kind kind = Kind::kNone;
    TransferHeader header = {};
    std::string_view log_bytes = {};
  };

  /// Takes the next step off the front of `bytes`.
  Step next(std::string_view& bytes);

  /// How many log bytes come before the next header, and how many bytes that lacks.
  int64_t logBytesLeft() const { return log_bytes_left_; }
  size_t headerBytesLeft() const { return kTransferHeaderBytes - partial_bytes_; }

 private:
  std::array<char, kTransferHeaderBytes> partial_{};
  size_t partial_bytes_ = 0;
  int64_t log_bytes_left_ = 0;
};

}  // namespace rocketmq::broker
