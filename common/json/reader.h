#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace rocketmq::json {

/// Bounds of one document; beyond them it is refused as Corruption.
struct Limits {
  size_t text_bytes_max = size_t{256} << 20;
  /// Containers inside containers, object keys of maps included.
  size_t depth_max = 64;
};

/// A key of an object as the document spells it.
struct Key {
  enum class Kind : uint8_t {
    kText,    ///< A quoted, unquoted or numeric key.
    kObject,  ///< An object as key: `{{"queueId":0}:5}`; RocketMQ maps by MessageQueue.
    kNull,    ///< The unquoted word null.
  };

  Kind kind = Kind::kText;
  /// The unescaped text, or the raw JSON of an object key. Valid until the next call of nextKey(),
  /// of this reader, at any depth.
  std::string_view text;
  /// Where the key starts, in bytes from the start of the document.
  size_t offset = 0;
};

/// Pulls values out of JSON text in the order they come, without building a tree. Reads standard
/// JSON and the dialect of fastjson 1.2: unquoted, single-quoted, numeric, null and object keys,
/// comments, repeated and trailing commas, `\x41` and octal escapes, raw control characters.
///
/// After nextKey() or nextElement() has returned true, exactly one value must be taken: with a
/// read or begin function or with skipValue(). Every key and element is read at most twice, so the
/// time is linear in the text.
///
/// Failure: sticky, as in ByteReader. The first mistake sets status() to Corruption with the byte
/// offset; afterwards everything returns false or empty, so loops end and one check is enough.
/// The text must outlive the reader; strings without escapes are views into it.
class Reader {
 public:
  /// What comes next.
  enum class Kind : uint8_t { kObject, kArray, kString, kNumber, kBool, kNull, kBroken };

  explicit Reader(std::string_view text, Limits limits = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// A reader of the JSON inside `key`, which must come from `outer`; both must outlive it.
  /// Offsets in its errors count from the start of the outer document.
  Reader(const Reader& outer, const Key& key);

  /// The kind of the next value, which stays unread; kBroken after a failure.
  Kind peek();

  bool beginObject();
  /// Reads the next key and its colon; false when the object has ended or on failure.
  bool nextKey(Key& key);

  bool beginArray();
  /// True when there is another element; false when the array has ended or on failure.
  bool nextElement();

  /// The unescaped text of a string. Valid until the next read; a view into the document where the
  /// string has no escapes.
  std::string_view readText();
  /// As readText(), into a string of the caller's.
  bool readText(std::string& out);
  /// The digits of a number as they are written.
  std::string_view readNumber();
  bool readBool();
  void readNull();

  /// Skips any value and returns its raw text.
  std::string_view skipValue();

  /// Fails unless only blanks and comments are left.
  Status finish();

  /// Makes the reader fail with Corruption: `what` behind the offset of the value that was read or
  /// peeked at last.
  void fail(std::string_view what);
  /// As above with the offset of `key`.
  void failAt(const Key& key, std::string_view what);
  /// Makes the reader fail with a status of the caller's. Precondition: !status.isOk().
  void fail(Status status);

  bool failed() const { return failed_; }
  const Status& status() const { return status_; }

 private:
  size_t offsetOf(const char* at) const { return base_ + static_cast<size_t>(at - begin_); }
  void failHere(std::string_view what) { failAtOffset(offsetOf(at_), what); }
  void failAtOffset(size_t offset, std::string_view what);

  void skipBlanks();
  void skipComment();
  /// Commas and blanks; true when there was a comma.
  bool skipCommas();
  bool enter(char open, std::string_view what);
  /// Consumes commas, then `close` if it is next. True: there is another entry.
  bool nextEntry(char close);

  bool parseKey(Key& key);
  /// The text of a string, held by `scratch` where it has escapes.
  std::string_view takeText(std::string& scratch);
  /// The characters between quotes, still escaped. `escaped` tells whether there is a backslash.
  std::string_view scanQuoted(bool& escaped);
  std::string_view scanUnquoted();
  void unescape(std::string_view raw, std::string& out);
  bool takeWord(std::string_view word);

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* value_start_;
  size_t base_ = 0;
  size_t depth_ = 0;
  size_t depth_max_;
  /// A value of the current container has just ended, so a comma must come before the next one.
  bool after_value_ = false;
  bool failed_ = false;
  std::string key_scratch_;
  std::string text_scratch_;
  Status status_;
};

}  // namespace rocketmq::json
