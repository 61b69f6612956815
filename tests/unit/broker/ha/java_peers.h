#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/raw_socket.h"

namespace rocketmq::broker {

// The two ends of RocketMQ's HA connection as its sources have them (DefaultHAClient,
// DefaultHAConnection; 4.9 and 5.3 speak the same), scripted: they share no code with ours, not
// even what encodes numbers.

inline std::string bigEndian(uint64_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(number >> shift & 0xFF);
  }
  return text;
}

inline int64_t fromBigEndian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) {
    number = number << 8 | static_cast<unsigned char>(c);
  }
  return static_cast<int64_t>(number);
}

struct JavaHeader {
  int64_t offset = 0;
  int32_t bytes = 0;

  bool operator==(const JavaHeader&) const = default;
};

/// A slave: HAClient with the end of its own log. Fails the test where Java would close the
/// connection, or could not take what comes.
class JavaSlave {
 public:
  explicit JavaSlave(int64_t file_bytes) : file_bytes_(file_bytes) {}

  /// Connects, which drops the connection before. 4.9 reports 5 s later, 5.3 at once: report().
  void connectTo(uint16_t port) {
    socket_.reset();
    socket_.emplace(test::RawSocket::connectTo(port));
  }
  void report() { ASSERT_TRUE(socket_->write(bigEndian(static_cast<uint64_t>(max()), 8))); }

  /// HAClient.dispatchReadRequest for one header and what belongs to it. nullopt: the master has
  /// closed.
  std::optional<JavaHeader> take() {
    const auto head = socket_->readBytes(12);
    if (!head) {
      return std::nullopt;
    }
    const JavaHeader header{.offset = fromBigEndian(head->substr(0, 8)),
                            .bytes = static_cast<int32_t>(fromBigEndian(head->substr(8)))};
    if (max() != 0) {
      EXPECT_EQ(header.offset, max()) << "master pushed offset not equal the max phy offset";
    }
    const auto body = socket_->readBytes(static_cast<size_t>(header.bytes));
    if (!body) {
      return std::nullopt;
    }
    append(header, *body);
    if (header.bytes > 0) {
      report();
    }
    return header;
  }

  void followTo(int64_t end) {
    while (max() < end) {
      ASSERT_TRUE(take()) << "the master has closed at " << max();
    }
  }

  /// The slave has got so much of its log before.
  void setLog(int64_t begin, std::string log) {
    begin_ = begin;
    log_ = std::move(log);
  }
  int64_t max() const { return log_.empty() ? 0 : begin_ + static_cast<int64_t>(log_.size()); }
  int64_t min() const { return begin_; }
  const std::string& log() const { return log_; }
  test::RawSocket& socket() { return *socket_; }

 private:
  /// CommitLog.appendData: into one mapped file, which begins at a multiple of its size.
  void append(const JavaHeader& header, const std::string& body) {
    constexpr int32_t kReadBufferBytes = 4 << 20;
    EXPECT_GE(header.bytes, 0);
    EXPECT_LE(header.bytes, kReadBufferBytes - 12) << "it would wait for the rest for ever";
    if (header.bytes == 0) {
      return;
    }
    EXPECT_EQ(header.offset / file_bytes_, (header.offset + header.bytes - 1) / file_bytes_)
        << "a piece that goes on in the next file";
    if (log_.empty()) {
      EXPECT_EQ(header.offset % file_bytes_, 0) << "its first file would begin there";
      begin_ = header.offset;
    }
    log_ += body;
  }

  const int64_t file_bytes_;
  std::optional<test::RawSocket> socket_;
  int64_t begin_ = 0;
  std::string log_;
};

/// A master: HAConnection in front of a log.
class JavaMaster {
 public:
  /// `log` begins at offset 0.
  JavaMaster(std::string log, int64_t file_bytes) : log_(std::move(log)), file_bytes_(file_bytes) {}

  uint16_t port() const { return listener_.port(); }
  /// True when a slave connects, or has, within ten seconds.
  bool hasSlave() const { return listener_.hasConnection(10'000); }

  /// Takes the next connection and the slave's first report, and decides where to begin:
  /// WriteSocketService with slaveRequestOffset. Returns the report.
  int64_t accept() {
    socket_.emplace(listener_.accept());
    const int64_t requested = readReport();
    next_ = requested == 0 ? max() - max() % file_bytes_ : requested;
    return requested;
  }

  int64_t readReport() {
    const auto report = socket_->readBytes(8);
    EXPECT_TRUE(report) << "the slave has closed";
    return report ? fromBigEndian(*report) : -1;
  }
  /// Reads reports until one says so.
  void awaitReport(int64_t offset) {
    for (int64_t reported = -1; reported != offset;) {
      const int64_t before = std::exchange(reported, readReport());
      ASSERT_GE(reported, before) << "a slave's log grows";
      ASSERT_LE(reported, offset);
    }
  }

  /// One piece of the log as the haTransferBatchSize `batch` cuts it; its bytes leave in writes of
  /// `write_bytes`.
  void sendPiece(int64_t batch, size_t write_bytes = SIZE_MAX) {
    const int64_t bytes = std::min({batch, file_bytes_ - next_ % file_bytes_, max() - next_});
    ASSERT_GT(bytes, 0);
    const std::string piece = headerOf(next_, static_cast<int32_t>(bytes)) +
                              log_.substr(static_cast<size_t>(next_), static_cast<size_t>(bytes));
    for (size_t at = 0; at < piece.size(); at += std::min(write_bytes, piece.size())) {
      ASSERT_TRUE(socket_->write(std::string_view(piece).substr(at, write_bytes)));
    }
    next_ += bytes;
  }
  void sendAll(int64_t batch, size_t write_bytes = SIZE_MAX) {
    while (next_ < max()) {
      sendPiece(batch, write_bytes);
    }
  }
  void sendHeartbeat() { sendHeader(next_, 0); }
  void sendHeader(int64_t offset, int32_t bytes) {
    ASSERT_TRUE(socket_->write(headerOf(offset, bytes)));
  }
  void hangUp() { socket_->close(); }

  int64_t next() const { return next_; }
  int64_t max() const { return static_cast<int64_t>(log_.size()); }
  const std::string& log() const { return log_; }
  void setLog(std::string log) { log_ = std::move(log); }
  test::RawSocket& socket() { return *socket_; }

 private:
  static std::string headerOf(int64_t offset, int32_t bytes) {
    return bigEndian(static_cast<uint64_t>(offset), 8) + bigEndian(static_cast<uint32_t>(bytes), 4);
  }

  test::RawListener listener_;
  std::optional<test::RawSocket> socket_;
  std::string log_;
  const int64_t file_bytes_;
  int64_t next_ = 0;
};

}  // namespace rocketmq::broker
