#include "common/properties_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/atomic_file.h"
#include "common/hex.h"
#include "common/utf8.h"

namespace rocketmq {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool isLineEnd(char c) { return c == '\n' || c == '\r'; }

/// The text as UTF-8: unchanged if it is that already, else read as ISO-8859-1.
std::string toUtf8(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (utf8::isValid(text)) {
    return std::string(text);
  }
  std::string converted;
  converted.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    utf8::append(converted, static_cast<unsigned char>(c));
  }
  return converted;
}

/// Cuts a text into logical lines: comments and empty lines left out, continued lines joined,
/// escapes untouched.
class LogicalLines {
 public:
  explicit LogicalLines(std::string_view text) : rest_(text) {}

  struct Line {
    std::string text;
    int number = 0;
  };

  std::optional<Line> next() {
    while (!rest_.empty()) {
      std::string_view natural = takeNaturalLine();
      if (natural.empty() || natural[0] == '#' || natural[0] == '!') {
        continue;
      }
      Line line{.text = {}, .number = number_};
      while (continues(natural)) {
        natural.remove_suffix(1);
        line.text += natural;
        natural = rest_.empty() ? std::string_view() : takeNaturalLine();
      }
      line.text += natural;
      return line;
    }
    return std::nullopt;
  }

 private:
  /// The next line as it stands in the text, without the blanks before it and its end.
  std::string_view takeNaturalLine() {
    ++number_;
    size_t end = 0;
    while (end < rest_.size() && !isLineEnd(rest_[end])) {
      ++end;
    }
    std::string_view line = rest_.substr(0, end);
    const bool ends_with_both = rest_.substr(end).starts_with("\r\n");
    rest_.remove_prefix(std::min(rest_.size(), end + (ends_with_both ? 2 : 1)));
    while (!line.empty() && isBlank(line.front())) {
      line.remove_prefix(1);
    }
    return line;
  }

  /// True when an odd number of backslashes ends the line.
  static bool continues(std::string_view line) {
    const size_t last_other = line.find_last_not_of('\\');
    const size_t backslashes =
        last_other == std::string_view::npos ? line.size() : line.size() - last_other - 1;
    return backslashes % 2 == 1;
  }

  std::string_view rest_;
  int number_ = 0;
};

/// Appends what the escape at the front of `text` stands for and removes it. Half a surrogate pair
/// becomes one character with the escape that follows. False when \u lacks its digits.
bool takeEscape(std::string_view& text, std::string& out) {
  constexpr std::string_view kNames = "tnrf";
  constexpr std::string_view kMeanings = "\t\n\r\f";
  constexpr size_t kUnicodeEscapeBytes = 6;
  if (text.size() < 2) {  // Only at the very end of a text; Java drops such a backslash, too.
    text = {};
    return true;
  }
  if (text[1] != 'u') {
    const size_t named = kNames.find(text[1]);
    out += named == std::string_view::npos ? text[1] : kMeanings[named];
    text.remove_prefix(2);
    return true;
  }
  auto unit = parseHex(text.substr(2), 4);
  if (!unit) {
    return false;
  }
  text.remove_prefix(kUnicodeEscapeBytes);
  if (utf8::isHighSurrogate(*unit) && text.starts_with("\\u")) {
    const auto low = parseHex(text.substr(2), 4);
    if (low && utf8::isLowSurrogate(*low)) {
      text.remove_prefix(kUnicodeEscapeBytes);
      unit = utf8::fromSurrogates(*unit, *low);
    }
  }
  utf8::append(out, *unit);
  return true;
}

/// Resolves the escapes; nullopt when one is malformed.
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
    } else if (!takeEscape(text, out)) {
      return std::nullopt;
    }
  }
  return out;
}

/// Splits a logical line at the first `=`, `:` or blank that has no backslash before it.
std::pair<std::string_view, std::string_view> splitKey(std::string_view line) {
  size_t end = 0;
  while (end < line.size() && line[end] != '=' && line[end] != ':' && !isBlank(line[end])) {
    end += line[end] == '\\' ? size_t{2} : size_t{1};
  }
  end = std::min(end, line.size());
  const auto skipBlanks = [line](size_t at) {
    while (at < line.size() && isBlank(line[at])) {
      ++at;
    }
    return at;
  };
  size_t value = skipBlanks(end);
  if (value < line.size() && (line[value] == '=' || line[value] == ':')) {
    value = skipBlanks(value + 1);
  }
  return {line.substr(0, end), line.substr(value)};
}

void appendUnicodeEscape(std::string& out, uint32_t unit) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out += "\\u";
  for (const unsigned shift : {12u, 8u, 4u, 0u}) {
    out += kDigits[(unit >> shift) & 0xF];
  }
}

/// Appends one character, escaped when it is in `also_escaped` or could not be read back.
void appendEscaped(std::string& out, uint32_t code_point, std::string_view also_escaped) {
  constexpr std::string_view kNames = "tnrf\\";
  constexpr std::string_view kMeanings = "\t\n\r\f\\";
  if (code_point >= utf8::kFirstAboveOneUnit) {
    appendUnicodeEscape(out, utf8::highSurrogate(code_point));
    appendUnicodeEscape(out, utf8::lowSurrogate(code_point));
    return;
  }
  const auto c = static_cast<char>(code_point < 0x80 ? code_point : 0);
  if (const size_t named = kMeanings.find(c); named != std::string_view::npos) {
    out += '\\';
    out += kNames[named];
  } else if (code_point < 0x20 || code_point > 0x7E) {
    appendUnicodeEscape(out, code_point);
  } else {
    if (also_escaped.find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
}

void appendAllEscaped(std::string& out, std::string_view text, std::string_view also_escaped) {
  while (!text.empty()) {
    const utf8::CodePoint point = utf8::next(text);
    appendEscaped(out, point.value, also_escaped);
    text.remove_prefix(point.bytes);
  }
}

}  // namespace

Result<PropertiesFile> parsePropertiesFile(std::string name, std::string_view text) {
  if (text.size() > kPropertiesFileBytesMax) {
    return Status::invalidArgument(name + ": larger than " +
                                   std::to_string(kPropertiesFileBytesMax) + " bytes");
  }
  const std::string readable = toUtf8(text);
  PropertiesFile file{.name = std::move(name), .lines = {}};
  LogicalLines lines(readable);
  while (const auto line = lines.next()) {
    const auto [raw_key, raw_value] = splitKey(line->text);
    auto key = unescape(raw_key);
    auto value = unescape(raw_value);
    if (!key || !value) {
      return Status::invalidArgument(file.name + ":" + std::to_string(line->number) +
                                     ": \\u must be followed by four hex digits");
    }
    file.lines.push_back({std::move(*key), std::move(*value), line->number});
  }
  return file;
}

Result<PropertiesFile> readPropertiesFile(const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string text, readWholeFile(path, kPropertiesFileBytesMax));
  return parsePropertiesFile(path, text);
}

std::string formatPropertiesFile(const PropertiesByKey& properties) {
  std::string text;
  for (const auto& [key, value] : properties) {
    appendAllEscaped(text, key, " =:#!");
    text += '=';
    // Only blanks at the front of a value are lost without a backslash.
    const size_t blanks = std::min(value.find_first_not_of(' '), value.size());
    appendAllEscaped(text, value.substr(0, blanks), " ");
    appendAllEscaped(text, std::string_view(value).substr(blanks), "");
    text += '\n';
  }
  return text;
}

}  // namespace rocketmq
