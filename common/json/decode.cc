#include "common/json/decode.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace rocketmq::json::detail {
namespace {

bool isIgnoredInNames(char c) { return c == '_' || c == '-'; }

/// fastjson's "smart match" of a member's name.
bool sameNameLoosely(std::string_view name, std::string_view key) {
  size_t i = 0;
  size_t j = 0;
  while (true) {
    while (i < name.size() && isIgnoredInNames(name[i])) {
      ++i;
    }
    while (j < key.size() && isIgnoredInNames(key[j])) {
      ++j;
    }
    if (i == name.size() || j == key.size()) {
      return i == name.size() && j == key.size();
    }
    if (toLower(name[i]) != toLower(key[j])) {
      return false;
    }
    ++i;
    ++j;
  }
}

bool isUnset(std::string_view text) { return text.empty() || equalsIgnoreCase(text, "null"); }

/// The whole text as a double; infinite when it is too large for one.
bool parseDouble(std::string_view text, double& out) {
  const char* const end = text.data() + text.size();
  const size_t first_digit = text.starts_with('-') ? 1 : 0;
  if (first_digit == text.size() || text[first_digit] < '0' || text[first_digit] > '9') {
    return false;  // from_chars would take "inf" and "nan".
  }
  const auto [at, error] = std::from_chars(text.data(), end, out);
  if (at != end || error == std::errc::invalid_argument) {
    return false;
  }
  if (error == std::errc::result_out_of_range) {
    // Also reported for values next to zero: those have a negative exponent.
    const size_t exponent = text.find_first_of("eE");
    const bool is_tiny = exponent != std::string_view::npos && text[exponent + 1] == '-';
    out = is_tiny ? 0.0 : std::copysign(HUGE_VAL, first_digit == 1 ? -1.0 : 1.0);
  }
  return true;
}

/// The whole text as an integer, decimals cut off. False when it is no number or too large.
bool parseInteger(std::string_view text, int64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out);
  if (error == std::errc() && at == end) {
    return true;
  }
  double value = 0;
  if (!parseDouble(text, value)) {
    return false;
  }
  if (text.find_first_of("eE") == std::string_view::npos) {
    return error == std::errc();  // from_chars has stopped at the point.
  }
  constexpr double kTwoTo63 = 9223372036854775808.0;
  value = std::trunc(value);
  if (value < -kTwoTo63 || value >= kTwoTo63) {
    return false;
  }
  out = static_cast<int64_t>(value);
  return true;
}

std::string quoted(std::string_view text) {
  constexpr size_t kShownMax = 64;
  std::string shown = "'";
  shown += text.substr(0, kShownMax);
  shown += text.size() > kShownMax ? "...'" : "'";
  return shown;
}

}  // namespace

bool takeNull(Reader& reader) {
  if (reader.peek() != Reader::Kind::kNull) {
    return false;
  }
  reader.readNull();
  return true;
}

bool readInteger(Reader& reader, int64_t min, int64_t max, int64_t& out) {
  std::string_view text;
  switch (reader.peek()) {
    case Reader::Kind::kNumber:
      text = reader.readNumber();
      break;
    case Reader::Kind::kString:
      text = reader.readText();
      if (isUnset(text)) {
        return false;
      }
      break;
    case Reader::Kind::kBool:
      out = reader.readBool() ? 1 : 0;
      return !reader.failed();
    case Reader::Kind::kNull:
      reader.readNull();
      return false;
    default:
      reader.fail("an integer is expected");
      return false;
  }
  if (reader.failed()) {
    return false;
  }
  if (!parseInteger(text, out) || out < min || out > max) {
    reader.fail(quoted(text) + " is not an integer of the expected range");
    return false;
  }
  return true;
}

bool readValue(Reader& reader, bool& out) {
  std::string_view text;
  switch (reader.peek()) {
    case Reader::Kind::kBool:
      out = reader.readBool();
      return !reader.failed();
    case Reader::Kind::kNumber: {
      int64_t number = 0;
      if (!parseInteger(reader.readNumber(), number)) {
        reader.fail("true or false is expected");
        return false;
      }
      out = number == 1;
      return true;
    }
    case Reader::Kind::kString:
      text = reader.readText();
      break;
    case Reader::Kind::kNull:
      reader.readNull();
      return false;
    default:
      reader.fail("true or false is expected");
      return false;
  }
  if (isUnset(text)) {
    return false;
  }
  const bool yes =
      equalsIgnoreCase(text, "true") || equalsIgnoreCase(text, "Y") || text == "1" || text == "T";
  const bool no =
      equalsIgnoreCase(text, "false") || equalsIgnoreCase(text, "N") || text == "0" || text == "F";
  if (!yes && !no) {
    reader.fail(quoted(text) + " is neither true nor false");
    return false;
  }
  out = yes;
  return true;
}

bool readValue(Reader& reader, double& out) {
  std::string_view text;
  switch (reader.peek()) {
    case Reader::Kind::kNumber:
      text = reader.readNumber();
      break;
    case Reader::Kind::kString:
      text = reader.readText();
      break;
    case Reader::Kind::kNull:
      reader.readNull();
      return false;
    default:
      reader.fail("a number is expected");
      return false;
  }
  if (isUnset(text)) {
    return false;
  }
  if (!parseDouble(text, out)) {
    reader.fail(quoted(text) + " is not a number");
    return false;
  }
  return true;
}

bool readValue(Reader& reader, std::string& out) {
  switch (reader.peek()) {
    case Reader::Kind::kString:
      return reader.readText(out);
    case Reader::Kind::kNull:
      reader.readNull();
      return false;
    default:
      // RocketMQ parity: numbers, bools and objects are accepted as their own text.
      out = reader.skipValue();
      return !reader.failed();
  }
}

bool readValue(Reader& reader, RawJson& out) {
  if (takeNull(reader)) {
    return false;
  }
  out.text = reader.skipValue();
  return !reader.failed();
}

bool parseIntegerKey(Reader& reader, const Key& key, int64_t min, int64_t max, int64_t& out) {
  const char* const end = key.text.data() + key.text.size();
  const auto [at, error] = std::from_chars(key.text.data(), end, out);
  if (key.kind != Key::Kind::kText || error != std::errc() || at != end || out < min || out > max) {
    reader.failAt(key, quoted(key.text) + " is not an integer key of the expected range");
    return false;
  }
  return true;
}

bool readEnumText(Reader& reader, EnumText& out) {
  int64_t ordinal = 0;
  switch (reader.peek()) {
    case Reader::Kind::kNumber:
      if (!parseInteger(reader.readNumber(), ordinal)) {
        reader.fail("a name or its number is expected");
        return false;
      }
      out.ordinal = ordinal;
      return true;
    case Reader::Kind::kString:
      out.name = reader.readText();
      // Clients in C++ write numbers as texts in some bodies.
      if (parseInteger(out.name, ordinal)) {
        out.ordinal = ordinal;
      }
      return !out.name.empty();
    case Reader::Kind::kNull:
      reader.readNull();
      return false;
    default:
      reader.fail("a name or its number is expected");
      return false;
  }
}

size_t findField(std::span<const std::string_view> names, std::string_view name, size_t hint) {
  if (hint < names.size() && names[hint] == name) {
    return hint;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) {
      return i;
    }
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (sameNameLoosely(names[i], name)) {
      return i;
    }
  }
  return names.size();
}

Status missingField(std::string_view name) {
  return Status::invalidArgument("the field " + std::string(name) + " is missing");
}

}  // namespace rocketmq::json::detail
