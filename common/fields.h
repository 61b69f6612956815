#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rocketmq {

/// One entry of a struct's `fields()` list: the name on the wire or in a file, the member that
/// holds it, and whether a decoder must find it. A struct with
///
///     static constexpr auto fields() {
///       return std::tuple{required("topic", &T::topic), optional("queueId", &T::queue_id)};
///     }
///
/// is "described": header codecs, JSON bodies, help and log lines are all derived from that list.
template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::*member;
  bool is_required;
  /// One-letter name in the V2 headers of SEND_MESSAGE_V2; empty where there is none.
  std::string_view short_name = {};

  /// The same field with its name in a V2 header.
  constexpr Field shortName(std::string_view letter) const {
    return {name, member, is_required, letter};
  }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> required(std::string_view name, Member Owner::*member) {
  return {name, member, true};
}

template <class Owner, class Member>
constexpr Field<Owner, Member> optional(std::string_view name, Member Owner::*member) {
  return {name, member, false};
}

/// True for structs with a `fields()` list.
template <class T>
concept Described = requires {
  T::fields();
};

/// Calls `visit(field)` for each field in declaration order.
template <Described T, class Visitor>
constexpr void forEachField(Visitor&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields());
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

}  // namespace rocketmq
