#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/fields.h"
#include "common/status.h"
#include "remoting/protocol/command.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::remoting {

/// Long field names, or the one-letter names of SEND_MESSAGE_V2.
enum class NameStyle : uint8_t { kLong, kShort };

/// A header without fields.
struct NoFields {
  static constexpr auto fields() { return std::tuple{}; }
};

namespace detail {

// Text of a header value -> member. False when the text is not a value of that type.
bool parseValue(std::string_view text, int32_t& out);
bool parseValue(std::string_view text, int64_t& out);
bool parseValue(std::string_view text, bool& out);
bool parseValue(std::string_view text, std::string& out);
bool parseValue(std::string_view text, std::string_view& out);

template <class T>
bool parseValue(std::string_view text, std::optional<T>& out) {
  return parseValue(text, out.emplace());
}

Status missingField(std::string_view name);
Status badField(std::string_view name, std::string_view text);

inline void writeValue(HeaderWriter& writer, std::string_view name, std::string_view value) {
  writer.add(name, value);
}

template <std::integral T>
void writeValue(HeaderWriter& writer, std::string_view name, T value) {
  if constexpr (std::same_as<T, bool>) {
    writer.add(name, value ? "true" : "false");
  } else {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
    writer.add(name, {text, static_cast<size_t>(end - text)});
  }
}

template <class T>
void writeValue(HeaderWriter& writer, std::string_view name, const std::optional<T>& value) {
  if (value) {
    writeValue(writer, name, *value);
  }
}

}  // namespace detail

/// Fills `out` from a header's extFields. InvalidArgument names the field that is missing or does
/// not parse. std::string_view members stay views into the frame.
template <Described T>
Status decodeFields(const ExtFields& ext_fields, NameStyle style, T& out) {
  Status status;
  forEachField<T>([&](const auto& field) {
    if (!status.isOk()) {
      return;
    }
    const std::string_view name = style == NameStyle::kShort ? field.short_name : field.name;
    const std::string_view* text = name.empty() ? nullptr : ext_fields.find(name);
    if (text == nullptr) {
      if (field.is_required) {
        status = detail::missingField(name);
      }
      return;
    }
    if (!detail::parseValue(*text, out.*(field.member))) {
      status = detail::badField(name, *text);
    }
  });
  return status;
}

/// Writes a header's fields; absent optionals are left out.
template <Described T>
void encodeFields(const T& header, NameStyle style, HeaderWriter& writer) {
  forEachField<T>([&](const auto& field) {
    const std::string_view name = style == NameStyle::kShort ? field.short_name : field.name;
    if (!name.empty()) {
      detail::writeValue(writer, name, header.*(field.member));
    }
  });
}

/// A request type: a described struct with its code and its reply.
template <class C>
concept Command = Described<C> && requires {
  { C::kCode } -> std::convertible_to<RequestCode>;
  typename C::Reply;
};

/// The names a command's request header uses on the wire: C::kNames where it has one.
template <Command C>
constexpr NameStyle nameStyleOf() {
  if constexpr (requires { C::kNames; }) {
    return C::kNames;
  } else {
    return NameStyle::kLong;
  }
}

}  // namespace rocketmq::remoting
