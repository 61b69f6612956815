#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status.h"
#include "remoting/protocol/command.h"

namespace rocketmq::remoting {

/// Decodes a JSON header into `out`, whose fields are at their defaults. Escapes are undone in
/// place; all views point into the header's bytes. As tolerant as the Java decoder with what
/// clients in other languages send: keys in any order, unknown keys, numbers and booleans as text
/// and the other way round, null for absent. Corruption names the byte that cannot be read.
Status decodeJsonHeader(char* header, size_t size, CommandView& out);

/// A text to be written in quotes, with the escapes that Java peers write.
class JsonString {
 public:
  /// Writes `text` at once when it needs no escape, as most do; needs kQuotesBytes of room more
  /// than it has. Null when it does need one: what was written is to be written over.
  static char* writePlain(std::string_view text, char* to);

  static constexpr size_t kQuotesBytes = 2;

  explicit JsonString(std::string_view text);

  /// Bytes that write() needs at most.
  size_t room() const { return kQuotesBytes + plain_ + kEscapeBytesMax * (text_.size() - plain_); }

  /// Returns the end of what was written.
  char* write(char* to) const;

 private:
  static constexpr size_t kEscapeBytesMax = 6;

  std::string_view text_;
  size_t plain_;  ///< So many bytes of the front need no escape.
};

}  // namespace rocketmq::remoting
