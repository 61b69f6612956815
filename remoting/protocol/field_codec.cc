#include "remoting/protocol/field_codec.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/excerpt.h"

namespace rocketmq::remoting::detail {
namespace {

/// How much of a peer's text an error repeats.
constexpr size_t kNumberBytesShown = 64;

template <class T>
bool parseNumber(std::string_view text, T& out) {
  // RocketMQ parity: Java's parser takes a plus sign, from_chars does not.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stop == end;
}

}  // namespace

bool parseValue(std::string_view text, int32_t& out) { return parseNumber(text, out); }

bool parseValue(std::string_view text, int64_t& out) { return parseNumber(text, out); }

/// RocketMQ parity: "true" in any case is true, everything else is false.
bool parseValue(std::string_view text, bool& out) {
  constexpr std::string_view kTrue = "true";
  out = std::ranges::equal(text, kTrue, [](char given, char wanted) {
    return given == wanted || given == wanted - 'a' + 'A';
  });
  return true;
}

bool parseValue(std::string_view text, std::string& out) {
  out = text;
  return true;
}

bool parseValue(std::string_view text, ShortText& out) {
  out = text;
  return true;
}

bool parseValue(std::string_view text, std::string_view& out) {
  out = text;
  return true;
}

void writeValue(HeaderWriter& writer, std::string_view name, int32_t value) {
  writer.addNumber(name, value);
}

void writeValue(HeaderWriter& writer, std::string_view name, int64_t value) {
  writer.addNumber(name, value);
}

void writeValue(HeaderWriter& writer, std::string_view name, bool value) {
  writer.add(name, value ? "true" : "false");
}

void writeValue(HeaderWriter& writer, std::string_view name, const std::string& value) {
  writer.add(name, value);
}

void writeValue(HeaderWriter& writer, std::string_view name, const ShortText& value) {
  writer.add(name, value);
}

void writeValue(HeaderWriter& writer, std::string_view name, std::string_view value) {
  writer.add(name, value);
}

const std::string_view* findField(const ExtFields& ext_fields, std::string_view name,
                                  bool is_required, Status& status) {
  const std::string_view* text = name.empty() ? nullptr : ext_fields.find(name);
  if (text == nullptr && is_required) {
    std::string message("missing required field '");
    message += name;
    message += '\'';
    status = Status::invalidArgument(std::move(message));
  }
  return text;
}

Status badField(std::string_view name, std::string_view text, size_t bits) {
  std::string message("field '");
  message += name;
  message += "' = \"";
  message += excerpt(text, kNumberBytesShown);
  message += "\" is not a number of " + std::to_string(bits) + " bits";
  return Status::invalidArgument(std::move(message));
}

}  // namespace rocketmq::remoting::detail
