#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rocketmq::remoting {

/// A JSON value as text, in the form in which it becomes an extField: strings without quotes and
/// escapes, numbers and booleans as written, objects and arrays as their source.
struct JsonValue {
  enum class Kind : uint8_t { kString, kNumber, kBool, kNull, kNested };

  Kind kind = Kind::kNull;
  std::string_view text;
};

/// Reads JSON off the front of a byte range without copying: escapes of strings are undone in
/// place, views point into the range. Every method that returns false has met something that is
/// not JSON, at position(). Depth of nesting is bounded; bytes may be anything.
class JsonScanner {
 public:
  JsonScanner(char* begin, size_t size) : begin_(begin), at_(begin), end_(begin + size) {}

  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  bool atEnd() const { return at_ == end_; }
  bool atObject() const { return at_ != end_ && *at_ == '{'; }

  void skipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) {
      ++at_;
    }
  }

  /// Reads an object and calls `read_value(key)` at each member's value; it must consume the value
  /// and return whether it could.
  template <class ReadValue>
  bool readObject(ReadValue read_value) {
    if (!consume('{')) {
      return false;
    }
    skipSpace();
    if (consume('}')) {
      return true;
    }
    for (;;) {
      std::string_view key;
      if (!readString(key) || !consumeColon() || !read_value(key)) {
        return false;
      }
      skipSpace();
      if (consume('}')) {
        return true;
      }
      if (!consume(',')) {
        return false;
      }
      skipSpace();
    }
  }

  bool readValue(JsonValue& value);

 private:
  bool readString(std::string_view& text);
  bool readEscapedString(char* begin, std::string_view& text);
  bool undoEscape(char*& to);
  bool undoUnicodeEscape(char*& to);
  bool readHex(size_t digits, uint32_t& value);
  bool readToken(JsonValue& value);
  bool skipString();
  bool skipNested(int depth);
  bool skipValue(int depth);

  bool consume(char c) {
    if (at_ == end_ || *at_ != c) {
      return false;
    }
    ++at_;
    return true;
  }

  bool consumeColon() {
    skipSpace();
    if (!consume(':')) {
      return false;
    }
    skipSpace();
    return true;
  }

  char* const begin_;
  char* at_;
  char* const end_;
};

}  // namespace rocketmq::remoting
