#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "remoting/protocol/command.h"

namespace rocketmq::remoting {

// A frame: int32 total (bytes after this word), int32 header word (top byte: serialize type, low 24
// bits: header length), header, body.

/// Largest `total` accepted, as the Java side has it.
inline constexpr size_t kFrameBytesMax = 16u << 20;
/// Size of the longest header of a request. A message's properties, 32,767 bytes at most, are what
/// they are long for; each may take six bytes in JSON.
inline constexpr size_t kRequestHeaderBytesMax = 512u << 10;
/// Size of the longest header of an answer: all that its length word can say. The answer to a batch
/// has the ids of all its messages.
inline constexpr size_t kHeaderBytesMax = (1u << 24) - 1;
/// Body of the longest answer that such a reader takes, with room for its header.
inline constexpr size_t kAnswerBodyBytesMax = kFrameBytesMax - (64u << 10);
/// The two words before the header.
inline constexpr size_t kFramePrefixBytes = 8;

/// Size of the whole frame at the front of `bytes` (length word included); nullopt when the length
/// word itself is not complete. Corruption when the length cannot be right: the connection must
/// then be closed.
Result<std::optional<size_t>> peekFrameSize(std::string_view bytes, size_t frame_bytes_max);

/// Decodes one whole frame of `size` bytes into `out`, whose views then point into it. Escapes in a
/// JSON header are undone in place, so the header part of the bytes may change. Corruption when
/// lengths, serialize type or header are wrong, or the header is above `header_bytes_max`: the
/// connection must then be closed.
Status decodeFrame(char* frame, size_t size, CommandView& out,
                   size_t header_bytes_max = kHeaderBytesMax);

/// Appends a frame's head (prefix and header) to a string, which is not to be used before finish();
/// the body follows it on the wire.
///
///     HeaderWriter writer(out, head);
///     writer.add("topic", "T");
///     if (writer.finish(body.size())) { ... }  // The body follows.
class HeaderWriter {
 public:
  HeaderWriter(std::string& out, const CommandHead& head);
  HeaderWriter(const HeaderWriter&) = delete;
  HeaderWriter& operator=(const HeaderWriter&) = delete;

  /// Fields as name and value.
  using KeptFields = std::vector<std::pair<std::string, std::string>>;
  /// Fields added from now on are also kept in `fields`, which outlives this, for whoever must sign
  /// them.
  void keepFields(KeptFields& fields) { kept_ = &fields; }

  /// Adds one extField. JSON values are always written as strings: clients in other languages
  /// misread anything else.
  void add(std::string_view name, std::string_view value);
  /// The same for a number. `name` is one of our own fields'.
  void addNumber(std::string_view name, int64_t value);

  /// Completes the header and fills in the lengths. Call once, last. A header above
  /// its bound, which only texts of a peer or a user can cause, is replaced by a refusal. So is one
  /// whose body is longer than a frame's length word can say; false: no body is to follow then.
  bool finish(size_t body_bytes);

 private:
  /// Where the next bytes go, with room for so many.
  char* room(size_t bytes) {
    if (out_.size() < size_ + bytes) {
      makeRoom(bytes);
    }
    return out_.data() + size_;
  }
  void makeRoom(size_t bytes);
  /// What was written at room() ends at `end`.
  void written(const char* end) { size_ = static_cast<size_t>(end - out_.data()); }

  void writeBinaryHead();
  void addBinary(std::string_view name, std::string_view value);
  void addJson(std::string_view name, std::string_view value);
  /// What comes before a field's name.
  char* putJsonSeparator(char* to);
  void writeJsonTail();
  bool isAnswer() const { return (head_.flag & kFlagResponse) != 0; }
  void replaceByRefusal(const std::string& remark, size_t body_bytes);

  /// Longer than what has been written; its first size_ bytes count.
  std::string& out_;
  const CommandHead head_;
  const size_t frame_start_;
  size_t size_;
  size_t ext_start_ = 0;
  size_t fields_ = 0;
  KeptFields* kept_ = nullptr;
};

}  // namespace rocketmq::remoting
