#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/json/raw_json.h"
#include "common/json/value_traits.h"

namespace rocketmq::json {

/// Makes values in which every member is set and no two are alike, so that a round trip notices a
/// member that is lost or swapped with another.
class Filler {
 public:
  template <class T>
  T make() {
    T value{};
    fill(value);
    return value;
  }

 private:
  template <class T>
  void fill(T& value) {
    ++count_;
    if constexpr (std::same_as<T, bool>) {
      value = !value;
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(1000 + count_);
      if constexpr (sizeof(T) == 8) {
        value += T{1} << 60;  // More than a double holds exactly.
      }
    } else if constexpr (std::same_as<T, double>) {
      value = count_ + 0.25;
    } else if constexpr (std::same_as<T, std::string>) {
      value = "\xE4\xB8\xAD/\"\\\n\x01 'text'" + std::to_string(count_);
    } else if constexpr (std::same_as<T, RawJson>) {
      value.text = "{\"raw\":[" + std::to_string(count_) + ",{}]}";
    } else if constexpr (NamedEnum<T>) {
      value = static_cast<T>(EnumNames<T>::kNames.size() - 1);
    } else if constexpr (IsOptional<T>::value) {
      fill(value.emplace());
    } else if constexpr (detail::IsVector<T>::value) {
      value.push_back(make<typename T::value_type>());
      value.push_back(make<typename T::value_type>());
    } else if constexpr (detail::IsSet<T>::value) {
      value.insert(make<typename T::value_type>());
      value.insert(make<typename T::value_type>());
    } else if constexpr (detail::IsMap<T>::value) {
      addEntry(value);
      addEntry(value);
    } else {
      forEachField<T>([&](const auto& field) { fill(value.*(field.member)); });
    }
  }

  template <class T>
  void addEntry(T& map) {
    auto key = make<typename T::key_type>();
    map[std::move(key)] = make<typename T::mapped_type>();
  }

  int count_ = 0;
};

/// True when fields() lists the members of T by name, as Java writes them.
template <Described T>
bool fieldsAreSorted() {
  bool sorted = true;
  std::string_view previous;
  forEachField<T>([&](const auto& field) {
    sorted = sorted && previous < field.name;
    previous = field.name;
  });
  return sorted;
}

}  // namespace rocketmq::json
