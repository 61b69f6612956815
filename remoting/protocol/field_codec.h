#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "common/fields.h"
#include "common/short_text.h"
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
bool parseValue(std::string_view text, ShortText& out);
bool parseValue(std::string_view text, std::string_view& out);

template <class T>
bool parseValue(std::string_view text, std::optional<T>& out) {
  return parseValue(text, out.emplace());
}

/// The text of the field `name`, which nobody has when it is empty. Nullptr when it is absent, with
/// an error in `status` if it is required.
const std::string_view* findField(const ExtFields& ext_fields, std::string_view name,
                                  bool is_required, Status& status);
/// `bits`: the width of the number that was expected.
Status badField(std::string_view name, std::string_view text, size_t bits);

template <class T>
constexpr size_t bitsOf(const T&) {
  return sizeof(T) * 8;
}
template <class T>
constexpr size_t bitsOf(const std::optional<T>&) {
  return sizeof(T) * 8;
}

template <class Owner, class Member>
constexpr std::string_view nameOf(const Field<Owner, Member>& field, NameStyle style) {
  return style == NameStyle::kShort ? field.short_name : field.name;
}

/// Fills one member; false when that left an error in `status`. A function of the member's type
/// alone, so that many headers share its code.
template <class Member>
bool decodeField(const ExtFields& ext_fields, std::string_view name, bool is_required, Member& out,
                 Status& status) {
  const std::string_view* text = findField(ext_fields, name, is_required, status);
  if (text == nullptr) {
    return status.isOk();
  }
  if (!parseValue(*text, out)) {
    status = badField(name, *text, bitsOf(out));
    return false;
  }
  return true;
}

// Member -> text of a header value.
void writeValue(HeaderWriter& writer, std::string_view name, int32_t value);
void writeValue(HeaderWriter& writer, std::string_view name, int64_t value);
void writeValue(HeaderWriter& writer, std::string_view name, bool value);
void writeValue(HeaderWriter& writer, std::string_view name, const std::string& value);
void writeValue(HeaderWriter& writer, std::string_view name, const ShortText& value);
void writeValue(HeaderWriter& writer, std::string_view name, std::string_view value);

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
  static constexpr auto kFields = T::fields();
  Status status;
  const auto decode = [&](const auto& field) {
    return detail::decodeField(ext_fields, detail::nameOf(field, style), field.is_required,
                               out.*(field.member), status);
  };
  std::apply([&](const auto&... field) { static_cast<void>((decode(field) && ...)); }, kFields);
  return status;
}

/// Writes a header's fields; absent optionals are left out.
template <Described T>
void encodeFields(const T& header, NameStyle style, HeaderWriter& writer) {
  static constexpr auto kFields = T::fields();
  const auto encode = [&](const auto& field) {
    const std::string_view name = detail::nameOf(field, style);
    if (!name.empty()) {
      detail::writeValue(writer, name, header.*(field.member));
    }
  };
  std::apply([&](const auto&... field) { (encode(field), ...); }, kFields);
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
