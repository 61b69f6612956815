#include "remoting/protocol/header_json.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "remoting/protocol/byte_words.h"
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
    if (value.kind == JsonValue::Kind::kNull) {
      return true;
    }
    if (out.isFull()) {
      return false;
    }
    out.add(name, value.text);
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

char* writeUnicodeEscape(char* to, uint32_t unit) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const char escape[] = {'\\',
                         'u',
                         kDigits[unit >> 12 & 0xF],
                         kDigits[unit >> 8 & 0xF],
                         kDigits[unit >> 4 & 0xF],
                         kDigits[unit & 0xF]};
  std::memcpy(to, escape, sizeof(escape));
  return to + sizeof(escape);
}

/// Writes the character that starts `text`, whose first byte has an entry in kEscapes, and takes it
/// off the text.
char* writeEscaped(char* to, std::string_view& text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  const char escape = kEscapes[first];
  size_t taken = 1;
  if (escape == 'u') {
    to = writeUnicodeEscape(to, first);
  } else if (escape != '?') {
    *to++ = '\\';
    *to++ = escape;
  } else if (first == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) {
    to = writeUnicodeEscape(to, byte(1));
    taken = 2;
  } else if (first == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9)) {
    to = writeUnicodeEscape(to, 0x2000 + byte(2) - 0x80);
    taken = 3;
  } else {
    *to++ = text[0];
  }
  text.remove_prefix(taken);
  return to;
}

/// How many bytes at the front of `text` need no escape; `use` gets them. Eight at a time are
/// looked at together; a byte that is not ASCII counts there as one that may need it.
template <class Use>
size_t plainPrefix(std::string_view text, Use use) {
  size_t at = 0;
  for (; text.size() - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const uint64_t below_space = word - repeatByte(' ');
    const uint64_t found = ((below_space | word) & repeatByte('\x80')) |
                           zeroBytes(word ^ repeatByte('"')) | zeroBytes(word ^ repeatByte('\\')) |
                           zeroBytes(word ^ repeatByte('\x7F'));
    if (found != 0) {
      break;
    }
    use(at, word);
  }
  for (; at < text.size() && kEscapes[static_cast<unsigned char>(text[at])] == 0; ++at) {
    use(at, text[at]);
  }
  return at;
}

size_t plainPrefix(std::string_view text) {
  return plainPrefix(text, [](size_t, auto) {});
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
  if (!is_object && out.ext_fields.isFull()) {
    return Status::corruption("JSON header has more than " +
                              std::to_string(ExtFields::kEntriesMax) + " extFields");
  }
  if (!is_object || !scanner.atEnd()) {
    return Status::corruption("JSON header cannot be read at byte " +
                              std::to_string(scanner.position()) + " of " + std::to_string(size));
  }
  return Status::ok();
}

char* JsonString::writePlain(std::string_view text, char* to) {
  *to++ = '"';
  const size_t plain = plainPrefix(
      text, [to](size_t at, auto bytes) { std::memcpy(to + at, &bytes, sizeof(bytes)); });
  to[plain] = '"';
  return plain == text.size() ? to + plain + 1 : nullptr;
}

JsonString::JsonString(std::string_view text) : text_(text), plain_(plainPrefix(text)) {}

char* JsonString::write(char* to) const {
  *to++ = '"';
  to += text_.copy(to, plain_);
  for (std::string_view rest = text_.substr(plain_); !rest.empty();) {
    to = writeEscaped(to, rest);
    const size_t plain = plainPrefix(rest);
    to += rest.copy(to, plain);
    rest.remove_prefix(plain);
  }
  *to++ = '"';
  return to;
}

}  // namespace rocketmq::remoting
