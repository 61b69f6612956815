#include "remoting/protocol/header_json.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "remoting/protocol/json_scanner.h"

namespace rocketmq::remoting {
namespace {

/// Null and "" leave `out` alone, decimals are cut off (RocketMQ parity: fastjson).
bool toInt(const JsonValue& value, int32_t& out) {
  const std::string_view text = value.text;
  if (value.kind == JsonValue::Kind::kNull || text.empty()) {
    return true;
  }
  if (value.kind != JsonValue::Kind::kNumber && value.kind != JsonValue::Kind::kString) {
    return false;
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && (stop == end || *stop == '.');
}

Language toLanguage(const JsonValue& value) {
  if (value.kind == JsonValue::Kind::kNumber) {
    int32_t ordinal = -1;
    return toInt(value, ordinal) ? languageFromOrdinal(ordinal) : Language::kOther;
  }
  return value.kind == JsonValue::Kind::kNull ? Language::kJava : languageFromName(value.text);
}

bool readExtFields(JsonScanner& scanner, ExtFields& out) {
  return scanner.readObject([&](std::string_view name) {
    JsonValue value;
    if (!scanner.readValue(value)) {
      return false;
    }
    if (value.kind != JsonValue::Kind::kNull) {
      out.add(name, value.text);
    }
    return true;
  });
}

bool assign(std::string_view key, const JsonValue& value, CommandView& out) {
  if (key == "code") {
    return toInt(value, out.code);
  }
  if (key == "flag") {
    return toInt(value, out.flag);
  }
  if (key == "opaque") {
    return toInt(value, out.opaque);
  }
  if (key == "version") {
    return toInt(value, out.version);
  }
  if (key == "extFields") {
    return value.kind == JsonValue::Kind::kNull;
  }
  if (key == "language") {
    out.language = toLanguage(value);
  } else if (key == "remark" && value.kind != JsonValue::Kind::kNull) {
    out.remark = value.text;
  }
  return true;
}

/// The escape of each byte that needs one by itself; 'u' for \u00XX.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (size_t byte = 0; byte < 0x20; ++byte) {
    escapes[byte] = 'u';
  }
  escapes[0x7F] = 'u';
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  // The first bytes of U+0080 to U+009F and of U+2028 and U+2029, which are escaped too.
  escapes[0xC2] = '?';
  escapes[0xE2] = '?';
  return escapes;
}();

void appendUnicodeEscape(std::string& out, uint32_t unit) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const char escape[] = {'\\',
                         'u',
                         kDigits[unit >> 12 & 0xF],
                         kDigits[unit >> 8 & 0xF],
                         kDigits[unit >> 4 & 0xF],
                         kDigits[unit & 0xF]};
  out.append(escape, sizeof(escape));
}

/// Appends the character that starts `text`, whose first byte has an entry in kEscapes, and returns
/// how many bytes of the text that were.
size_t appendEscaped(std::string& out, std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const char escape = kEscapes[byte(0)];
  if (escape == 'u') {
    appendUnicodeEscape(out, byte(0));
    return 1;
  }
  if (escape != '?') {
    out.push_back('\\');
    out.push_back(escape);
    return 1;
  }
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) {
    appendUnicodeEscape(out, byte(1));
    return 2;
  }
  if (byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9)) {
    appendUnicodeEscape(out, 0x2000 + byte(2) - 0x80);
    return 3;
  }
  out.push_back(text[0]);
  return 1;
}

}  // namespace

Status decodeJsonHeader(char* header, size_t size, CommandView& out) {
  JsonScanner scanner(header, size);
  scanner.skipSpace();
  const bool is_object = scanner.readObject([&](std::string_view key) {
    if (key == "extFields" && scanner.atObject()) {
      return readExtFields(scanner, out.ext_fields);
    }
    JsonValue value;
    return scanner.readValue(value) && assign(key, value, out);
  });
  scanner.skipSpace();
  if (!is_object || !scanner.atEnd()) {
    return Status::corruption("JSON header cannot be read at byte " +
                              std::to_string(scanner.position()) + " of " + std::to_string(size));
  }
  return Status::ok();
}

void appendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t plain = 0;
  for (size_t at = 0; at < text.size();) {
    if (kEscapes[static_cast<unsigned char>(text[at])] == 0) {
      ++at;
      continue;
    }
    out.append(text.substr(plain, at - plain));
    at += appendEscaped(out, text.substr(at));
    plain = at;
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

}  // namespace rocketmq::remoting
