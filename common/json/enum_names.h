#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "common/text.h"

namespace rocketmq::json {

/// Gives an enum its names in JSON. Specialise it beside the enum:
///
///     template <>
///     struct EnumNames<Color> {
///       static constexpr std::array<std::string_view, 2> kNames = {"RED", "GREEN"};
///     };
///
/// kNames[i] is the name of the enumerator with value i, RocketMQ's ordinal, so the enumerators
/// count up from 0 without gaps.
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires {
  EnumNames<E>::kNames;
};

/// The name of `value`; empty for a value outside the list.
template <NamedEnum E>
constexpr std::string_view nameOf(E value) {
  const auto ordinal = static_cast<size_t>(value);
  return ordinal < EnumNames<E>::kNames.size() ? EnumNames<E>::kNames[ordinal] : std::string_view();
}

/// The enumerator called `name` in any case.
template <NamedEnum E>
constexpr std::optional<E> enumFromName(std::string_view name) {
  for (size_t i = 0; i < EnumNames<E>::kNames.size(); ++i) {
    if (equalsIgnoreCase(EnumNames<E>::kNames[i], name)) {
      return static_cast<E>(i);
    }
  }
  return std::nullopt;
}

template <NamedEnum E>
constexpr std::optional<E> enumFromOrdinal(int64_t ordinal) {
  if (ordinal < 0 || static_cast<uint64_t>(ordinal) >= EnumNames<E>::kNames.size()) {
    return std::nullopt;
  }
  return static_cast<E>(ordinal);
}

}  // namespace rocketmq::json
