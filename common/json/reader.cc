#include "common/json/reader.h"

#include <utility>

#include "common/json/lexical.h"

namespace rocketmq::json {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Reader::Reader(std::string_view text, Limits limits)
    : begin_(text.data()),
      at_(begin_),
      end_(begin_ + text.size()),
      value_start_(begin_),
      depth_max_(limits.depth_max) {
  if (text.size() > limits.text_bytes_max) {
    failHere("the text is longer than the limit of " + std::to_string(limits.text_bytes_max) +
             " bytes");
    return;
  }
  if (text.starts_with(kByteOrderMark)) {
    at_ += kByteOrderMark.size();
  }
}

Reader::Reader(const Reader& outer, const Key& key)
    : begin_(key.text.data()),
      at_(begin_),
      end_(begin_ + key.text.size()),
      value_start_(begin_),
      base_(key.offset),
      depth_(outer.depth_),
      depth_max_(outer.depth_max_) {}

void Reader::fail(std::string_view what) { failAtOffset(offsetOf(value_start_), what); }

void Reader::failAt(const Key& key, std::string_view what) { failAtOffset(key.offset, what); }

void Reader::failAtOffset(size_t offset, std::string_view what) {
  if (!failed_) {
    fail(Status::corruption("JSON at byte " + std::to_string(offset) + ": " + std::string(what)));
  }
}

void Reader::fail(Status status) {
  if (failed_) {
    return;
  }
  failed_ = true;
  status_ = std::move(status);
  at_ = end_;
}

void Reader::skipBlanks() {
  while (at_ != end_) {
    if (isBlank(*at_)) {
      ++at_;
    } else if (*at_ == '/') {
      skipComment();
    } else {
      return;
    }
  }
}

void Reader::skipComment() {
  const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  if (rest.starts_with("//")) {
    const size_t line_end = rest.find('\n');
    at_ = line_end == std::string_view::npos ? end_ : at_ + line_end;
  } else if (rest.starts_with("/*")) {
    const size_t comment_end = rest.find("*/", 2);
    if (comment_end == std::string_view::npos) {
      return failHere("a comment does not end");
    }
    at_ += comment_end + 2;
  } else {
    failHere("unexpected '/'");
  }
}

bool Reader::skipCommas() {
  bool seen = false;
  skipBlanks();
  while (at_ != end_ && *at_ == ',') {
    seen = true;
    ++at_;
    skipBlanks();
  }
  return seen;
}

Reader::Kind Reader::peek() {
  skipBlanks();
  value_start_ = at_;
  if (failed_) {
    return Kind::kBroken;
  }
  if (at_ == end_) {
    failHere("a value is missing");
    return Kind::kBroken;
  }
  switch (*at_) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
    case '\'':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
    case 'u':  // undefined, from JavaScript
    case 'N':  // NaN
      return Kind::kNull;
    default:
      if (isDigit(*at_) || *at_ == '-') {
        return Kind::kNumber;
      }
      failHere("this is not a value");
      return Kind::kBroken;
  }
}

bool Reader::enter(char open, std::string_view what) {
  skipBlanks();
  if (failed_) {
    return false;
  }
  if (at_ == end_ || *at_ != open) {
    failHere(what);
    return false;
  }
  if (depth_ == depth_max_) {
    failHere("nested deeper than " + std::to_string(depth_max_) + " levels");
    return false;
  }
  ++depth_;
  ++at_;
  after_value_ = false;
  return true;
}

bool Reader::nextEntry(char close) {
  const bool comma = skipCommas();
  if (failed_) {
    return false;
  }
  if (at_ == end_) {
    failHere(std::string("the text ends before '") + close + "'");
    return false;
  }
  if (*at_ == close) {
    ++at_;
    --depth_;
    after_value_ = true;
    return false;
  }
  if (after_value_ && !comma) {
    failHere(std::string("',' or '") + close + "' expected");
    return false;
  }
  after_value_ = false;
  return true;
}

bool Reader::beginObject() { return enter('{', "an object is expected"); }

bool Reader::beginArray() { return enter('[', "an array is expected"); }

bool Reader::nextElement() { return nextEntry(']'); }

bool Reader::nextKey(Key& key) {
  if (!nextEntry('}') || !parseKey(key)) {
    return false;
  }
  skipBlanks();
  if (at_ == end_ || *at_ != ':') {
    failHere("':' expected after a key");
    return false;
  }
  ++at_;
  after_value_ = false;
  return true;
}

bool Reader::parseKey(Key& key) {
  key.offset = offsetOf(at_);
  key.kind = Key::Kind::kText;
  if (*at_ == '{') {
    key.kind = Key::Kind::kObject;
    key.text = skipValue();
  } else if (*at_ == '"' || *at_ == '\'') {
    bool escaped = false;
    key.text = scanQuoted(escaped);
    if (escaped && !failed_) {
      key_scratch_.clear();
      unescape(key.text, key_scratch_);
      key.text = key_scratch_;
    }
  } else {
    key.text = scanUnquoted();
    if (key.text == "null") {
      key.kind = Key::Kind::kNull;
    }
  }
  return !failed_;
}

std::string_view Reader::scanUnquoted() {
  const char* const start = at_;
  while (at_ != end_ && isWordCharacter(*at_)) {
    ++at_;
  }
  if (at_ == start) {
    failHere("a key is expected");
    return {};
  }
  return {start, static_cast<size_t>(at_ - start)};
}

std::string_view Reader::scanQuoted(bool& escaped) {
  const char quote = *at_;
  const char* const start = at_ + 1;
  escaped = false;
  for (const char* p = start; p != end_; ++p) {
    if (*p == quote) {
      at_ = p + 1;
      return {start, static_cast<size_t>(p - start)};
    }
    if (*p == '\\') {
      escaped = true;
      if (++p == end_) {
        break;
      }
    }
  }
  failHere("a string does not end");
  return {};
}

void Reader::unescape(std::string_view raw, std::string& out) {
  out.reserve(out.size() + raw.size());
  const char* at = raw.data();
  const char* const end = at + raw.size();
  while (at != end) {
    if (*at != '\\') {
      out.push_back(*at++);
      continue;
    }
    const char* const next = unescapeOne(at, end, out);
    if (next == nullptr) {
      return failAtOffset(offsetOf(at), "no such escape in a string");
    }
    at = next;
  }
}

std::string_view Reader::takeText(std::string& scratch) {
  scratch.clear();
  if (peek() != Kind::kString) {
    failHere("a string is expected");
    return {};
  }
  bool escaped = false;
  const std::string_view raw = scanQuoted(escaped);
  after_value_ = true;
  if (!escaped || failed_) {
    return raw;
  }
  unescape(raw, scratch);
  return failed_ ? std::string_view() : std::string_view(scratch);
}

std::string_view Reader::readText() { return takeText(text_scratch_); }

bool Reader::readText(std::string& out) {
  const std::string_view text = takeText(out);
  if (text.data() != out.data()) {
    out = text;
  }
  return !failed_;
}

std::string_view Reader::readNumber() {
  if (peek() != Kind::kNumber) {
    failHere("a number is expected");
    return {};
  }
  const char* const start = at_;
  const char* const number_end = scanNumber(at_, end_);
  if (number_end == nullptr) {
    failHere("this is not a number");
    return {};
  }
  at_ = number_end;
  after_value_ = true;
  return {start, static_cast<size_t>(at_ - start)};
}

bool Reader::takeWord(std::string_view word) {
  const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  if (!rest.starts_with(word) ||
      (rest.size() > word.size() && isWordCharacter(rest[word.size()]))) {
    return false;
  }
  at_ += word.size();
  after_value_ = true;
  return true;
}

bool Reader::readBool() {
  if (peek() == Kind::kBool) {
    if (takeWord("true")) {
      return true;
    }
    if (takeWord("false")) {
      return false;
    }
  }
  failHere("true or false is expected");
  return false;
}

void Reader::readNull() {
  if (peek() != Kind::kNull || (!takeWord("null") && !takeWord("undefined") && !takeWord("NaN"))) {
    failHere("null is expected");
  }
}

std::string_view Reader::skipValue() {
  const Kind kind = peek();
  const char* const start = at_;
  Key key;
  switch (kind) {
    case Kind::kObject:
      for (beginObject(); nextKey(key);) {
        skipValue();
      }
      break;
    case Kind::kArray:
      for (beginArray(); nextElement();) {
        skipValue();
      }
      break;
    case Kind::kString:
      readText();
      break;
    case Kind::kNumber:
      readNumber();
      break;
    case Kind::kBool:
      readBool();
      break;
    case Kind::kNull:
      readNull();
      break;
    case Kind::kBroken:
      break;
  }
  if (failed_) {
    return {};
  }
  return {start, static_cast<size_t>(at_ - start)};
}

Status Reader::finish() {
  skipBlanks();
  if (!failed_ && at_ != end_) {
    failHere("something follows the end of the document");
  }
  return status_;
}

}  // namespace rocketmq::json
