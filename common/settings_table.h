#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/check.h"
#include "common/status.h"

/// The rows of a table of settings; settings.h shows how to write one.
namespace rocketmq {

/// When a new value takes effect.
enum class Change : uint8_t {
  kLive,     ///< At once.
  kRestart,  ///< When the daemon is started again.
};

/// The values that a number may have, both ends included.
struct IntegerRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct RealRange {
  double min = 0;
  double max = 0;
};

/// The names that stand for an enumeration's values in the file.
struct NamedValues {
  std::vector<std::pair<std::string_view, int64_t>> names;
};

/// The texts that a setting may have.
struct TextRule {
  std::string description;  ///< For people, behind "allowed ".
  std::function<bool(std::string_view)> accepts;
};

/// What a setting allows; std::monostate: any text, or any truth value.
using Allowed = std::variant<std::monostate, IntegerRange, RealRange, NamedValues, TextRule>;

template <std::integral T>
constexpr IntegerRange range(T min, T max) {
  return {.min = static_cast<int64_t>(min), .max = static_cast<int64_t>(max)};
}
constexpr IntegerRange range(int64_t min, int64_t max) { return {.min = min, .max = max}; }
constexpr RealRange range(double min, double max) { return {.min = min, .max = max}; }
constexpr IntegerRange atLeast(int64_t min) { return {.min = min}; }

template <class T>
concept Enumeration = std::is_enum_v<T>;

template <Enumeration Enum>
NamedValues oneOf(std::initializer_list<std::pair<std::string_view, Enum>> names) {
  NamedValues allowed;
  for (const auto& [name, value] : names) {
    allowed.names.emplace_back(name, static_cast<int64_t>(value));
  }
  return allowed;
}

/// Texts from a short list, for a member that is a string.
TextRule oneWordOf(std::vector<std::string_view> words);

/// Everything about a setting but where its value lives. All texts are literals.
struct SettingInfo {
  std::string_view key;
  Allowed allowed;
  Change change = Change::kRestart;
  std::string_view help;
  bool is_important = false;  ///< Shown by `-m`.
  bool is_own = false;        ///< RocketMQ has no such key.
  bool is_secret = false;     ///< Never shown; see showSettings().
  /// For the documentation, where the default depends on the machine.
  std::string_view documented_default;
};

/// The place of an integer or enumeration of any width.
struct IntegerSlot {
  void* at = nullptr;
  int64_t (*get)(const void* at) = nullptr;
  void (*set)(void* at, int64_t value) = nullptr;
};

/// The place of a setting's value in one settings struct; valid as long as that struct.
using SettingSlot = std::variant<bool*, IntegerSlot, double*, std::string*>;

template <class T>
SettingSlot settingSlot(T& value) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> ||
                std::is_same_v<T, std::string>) {
    return &value;
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>, "a setting cannot have this type");
    return IntegerSlot{
        .at = &value,
        .get = [](const void* at) { return static_cast<int64_t>(*static_cast<const T*>(at)); },
        .set = [](void* at, int64_t number) { *static_cast<T*>(at) = static_cast<T>(number); }};
  }
}

/// One row of the table of a settings struct.
template <class S>
class Setting {
 public:
  Setting(SettingInfo info, std::function<SettingSlot(S&)> slot)
      : info_(std::move(info)), slot_(std::move(slot)) {}

  Setting important() && {
    info_.is_important = true;
    return std::move(*this);
  }
  Setting own() && {
    info_.is_own = true;
    return std::move(*this);
  }
  Setting secret() && {
    info_.is_secret = true;
    return std::move(*this);
  }
  Setting documentedDefault(std::string_view text) && {
    info_.documented_default = text;
    return std::move(*this);
  }

  const SettingInfo& info() const { return info_; }
  SettingSlot slot(S& settings) const { return slot_(settings); }

 private:
  SettingInfo info_;
  std::function<SettingSlot(S&)> slot_;
};

template <class S>
using SettingsTable = std::vector<Setting<S>>;

namespace detail {

template <class S, class Access>
using SettingType = std::remove_reference_t<std::invoke_result_t<Access, S&>>;

/// True when `allowed` fits a value of type T, with integer limits that T can hold.
template <class T>
bool suits(const Allowed& allowed) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::holds_alternative<std::monostate>(allowed);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::holds_alternative<std::monostate>(allowed) ||
           std::holds_alternative<TextRule>(allowed);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::holds_alternative<RealRange>(allowed);
  } else if constexpr (std::is_enum_v<T>) {
    return std::holds_alternative<NamedValues>(allowed);
  } else {
    const auto* limits = std::get_if<IntegerRange>(&allowed);
    return limits != nullptr && limits->min <= limits->max && std::in_range<T>(limits->min) &&
           std::in_range<T>(limits->max);
  }
}

/// Narrows "no limit" to what T can hold.
template <class T>
Allowed narrowed(Allowed allowed) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (auto* limits = std::get_if<IntegerRange>(&allowed)) {
      const IntegerRange unlimited;
      if (limits->min == unlimited.min && !std::in_range<T>(limits->min)) {
        limits->min = static_cast<int64_t>(std::numeric_limits<T>::min());
      }
      if (limits->max == unlimited.max && !std::in_range<T>(limits->max)) {
        limits->max = static_cast<int64_t>(std::numeric_limits<T>::max());
      }
    }
  }
  return allowed;
}

}  // namespace detail

/// A member of S, or a function from S& to a reference.
template <class Access, class S>
concept LeadsFrom = std::is_lvalue_reference_v<std::invoke_result_t<Access, S&>>;

/// A row for the value that `access` leads to.
template <class S, LeadsFrom<S> Access>
Setting<S> setting(std::string_view key, Access access, Allowed allowed, Change change,
                   std::string_view help) {
  using T = detail::SettingType<S, Access>;
  SettingInfo info{.key = key,
                   .allowed = detail::narrowed<T>(std::move(allowed)),
                   .change = change,
                   .help = help,
                   .documented_default = {}};
  ROCKETMQ_CHECK(detail::suits<T>(info.allowed));
  return Setting<S>(std::move(info),
                    [access](S& settings) { return settingSlot(std::invoke(access, settings)); });
}

/// The same for a truth value or a text, which need no range.
template <class S, LeadsFrom<S> Access>
Setting<S> setting(std::string_view key, Access access, Change change, std::string_view help) {
  return setting<S, Access>(key, access, Allowed{}, change, help);
}

template <class S, class T>
Setting<S> setting(std::string_view key, T S::*member, Allowed allowed, Change change,
                   std::string_view help) {
  return setting<S, T S::*>(key, member, std::move(allowed), change, help);
}

template <class S, class T>
Setting<S> setting(std::string_view key, T S::*member, Change change, std::string_view help) {
  return setting<S, T S::*>(key, member, Allowed{}, change, help);
}

/// A row of a table together with the place of its value. Functions that take spans of
/// these work for all settings structs.
struct BoundSetting {
  const SettingInfo* info = nullptr;
  SettingSlot slot;
};

/// Sets one value from its text as the file would. InvalidArgument: "allowed ...".
Status parseSetting(const BoundSetting& setting, std::string_view text);

/// The value as the file would have it.
std::string printSetting(const BoundSetting& setting);

/// What a setting allows, for people: "1..65535", "at least 1", "true or false", ...
std::string describeAllowed(const BoundSetting& setting);

}  // namespace rocketmq
