#include "remoting/protocol/field_codec.h"

#include <algorithm>
#include <utility>

#include "common/excerpt.h"
#include "common/number.h"

namespace rocketmq::remoting::detail {
namespace {

/// How much of a peer's text an error repeats.
constexpr size_t kNumberBytesShown = 64;

/// RocketMQ parity: a plus sign is taken.
template <class T>
bool parseNumberTo(std::string_view text, T& out) {
  const auto number = parseJavaNumber<T>(text);
  out = number.value_or(out);
  return number.has_value();
}

}  // namespace

bool parseValue(std::string_view text, int32_t& out) { return parseNumberTo(text, out); }

bool parseValue(std::string_view text, int64_t& out) { return parseNumberTo(text, out); }

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
