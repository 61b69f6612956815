#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/json/raw_json.h"
#include "common/json/reader.h"
#include "common/json/value_traits.h"
#include "common/status.h"

namespace rocketmq::json {
namespace detail {

// Each read function takes one value from the reader. True: `out` was set. False: the value is
// null or counts as unset in fastjson (an empty text for a number, an unknown enum name), so `out`
// keeps what it had; or the reader has failed.

bool readValue(Reader& reader, bool& out);
bool readValue(Reader& reader, double& out);
bool readValue(Reader& reader, std::string& out);
bool readValue(Reader& reader, RawJson& out);

/// A number, a text with a number in it, or a bool; decimals are cut off. Fails outside
/// [min, max].
bool readInteger(Reader& reader, int64_t min, int64_t max, int64_t& out);

/// An integer key; false and failed when it is none or outside [min, max].
bool parseIntegerKey(Reader& reader, const Key& key, int64_t min, int64_t max, int64_t& out);

/// An enum as name or as ordinal, whichever the document has. False: null or empty.
struct EnumText {
  std::string_view name;
  std::optional<int64_t> ordinal;
};
bool readEnumText(Reader& reader, EnumText& out);

/// Takes a null if there is one.
bool takeNull(Reader& reader);

/// The index of `name` in `names`, compared exactly first (`hint` is tried before the others),
/// then without case, '_' and '-' as fastjson does; names.size() when there is none.
size_t findField(std::span<const std::string_view> names, std::string_view name, size_t hint);

Status missingField(std::string_view name);

template <std::integral T>
bool readValue(Reader& reader, T& out) {
  int64_t value = 0;
  if (!readInteger(reader, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), value)) {
    return false;
  }
  out = static_cast<T>(value);
  return true;
}

template <NamedEnum E>
bool readValue(Reader& reader, E& out) {
  EnumText text;
  if (!readEnumText(reader, text)) {
    return false;
  }
  const std::optional<E> value =
      text.ordinal ? enumFromOrdinal<E>(*text.ordinal) : enumFromName<E>(text.name);
  if (value) {
    out = *value;
  }
  return value.has_value();
}

template <class T>
requires IsOptional<T>::value bool readValue(Reader& reader, T& out);
template <class T>
requires IsVector<T>::value bool readValue(Reader& reader, T& out);
template <class T>
requires IsSet<T>::value bool readValue(Reader& reader, T& out);
template <class T>
requires IsMap<T>::value bool readValue(Reader& reader, T& out);
template <Described T>
bool readValue(Reader& reader, T& out);

template <class T>
requires IsOptional<T>::value bool readValue(Reader& reader, T& out) {
  typename T::value_type value{};
  if (!readValue(reader, value)) {
    return false;
  }
  out = std::move(value);
  return true;
}

template <class T>
requires IsVector<T>::value bool readValue(Reader& reader, T& out) {
  if (takeNull(reader) || !reader.beginArray()) {
    return false;
  }
  out.clear();
  while (reader.nextElement()) {
    typename T::value_type element{};
    if (readValue(reader, element)) {
      out.push_back(std::move(element));
    }
  }
  return true;
}

template <class T>
requires IsSet<T>::value bool readValue(Reader& reader, T& out) {
  if (takeNull(reader) || !reader.beginArray()) {
    return false;
  }
  out.clear();
  while (reader.nextElement()) {
    typename T::value_type element{};
    if (readValue(reader, element)) {
      out.insert(out.end(), std::move(element));
    }
  }
  return true;
}

/// False when the reader has failed.
template <class K>
bool readKey(Reader& reader, const Key& key, K& out) {
  if constexpr (Described<K>) {
    Reader inner(reader, key);
    if (!readValue(inner, out)) {
      inner.fail("an object is expected as key");
    }
    if (const Status status = inner.finish(); !status.isOk()) {
      reader.fail(status);
      return false;
    }
    return true;
  } else if constexpr (std::integral<K>) {
    int64_t value = 0;
    if (!parseIntegerKey(reader, key, std::numeric_limits<K>::min(), std::numeric_limits<K>::max(),
                         value)) {
      return false;
    }
    out = static_cast<K>(value);
    return true;
  } else {
    static_assert(std::same_as<K, std::string>, "maps have text, integer or described keys");
    out = key.text;
    return true;
  }
}

template <class T>
requires IsMap<T>::value bool readValue(Reader& reader, T& out) {
  if (takeNull(reader) || !reader.beginObject()) {
    return false;
  }
  out.clear();
  for (Key key; reader.nextKey(key);) {
    if (key.kind == Key::Kind::kNull) {
      reader.skipValue();
      continue;
    }
    typename T::key_type map_key{};
    typename T::mapped_type value{};
    if (readKey(reader, key, map_key) && readValue(reader, value)) {
      out.insert_or_assign(out.end(), std::move(map_key), std::move(value));
    }
  }
  return true;
}

template <Described T>
inline constexpr auto kFieldNames = std::apply(
    [](const auto&... field) {
      return std::array<std::string_view, sizeof...(field)>{field.name...};
    },
    T::fields());

/// Reads the value of the field with number `index`; true when it was set.
template <Described T>
bool readField(Reader& reader, size_t index, T& out) {
  bool is_set = false;
  size_t i = 0;
  forEachField<T>([&](const auto& field) {
    if (i++ == index) {
      is_set = readValue(reader, out.*(field.member));
    }
  });
  return is_set;
}

template <Described T>
bool readValue(Reader& reader, T& out) {
  constexpr size_t kCount = kFieldNames<T>.size();
  if (takeNull(reader) || !reader.beginObject()) {
    return false;
  }
  out = T{};
  std::array<bool, kCount> is_set{};
  size_t next = 0;
  for (Key key; reader.nextKey(key);) {
    const size_t index =
        key.kind == Key::Kind::kText ? findField(kFieldNames<T>, key.text, next) : kCount;
    if (index == kCount) {
      reader.skipValue();
      continue;
    }
    next = index + 1;
    if (readField(reader, index, out)) {
      is_set[index] = true;
    }
  }
  size_t i = 0;
  forEachField<T>([&](const auto& field) {
    if (!is_set[i++] && field.is_required) {
      reader.fail(missingField(field.name));
    }
  });
  return !reader.failed();
}

}  // namespace detail

/// A T from JSON text in standard form or in the dialect of fastjson (see Reader). T is built of
/// bool, integers, double, std::string, named enums, std::optional, std::vector, std::set,
/// std::map with text, integer or described keys, RawJson and described structs.
///
/// Lenient as RocketMQ is: members nobody knows are skipped, null leaves a member as it is, null
/// elements and map entries are dropped, of a member that comes twice the later one counts,
/// numbers and bools may be texts. A text that is empty or just null is refused.
/// Corruption, with the byte offset, for what is not JSON, of the wrong kind, out of range or
/// beyond `limits`; InvalidArgument, with its name, for a required field that is missing.
template <class T>
Result<T> decode(std::string_view text, Limits limits = {}) {
  Reader reader(text, limits);
  T value{};
  const bool is_set = detail::readValue(reader, value);
  ROCKETMQ_RETURN_IF_ERROR(reader.finish());
  if (!is_set) {
    return Status::corruption("JSON: a value is expected, not null");
  }
  return value;
}

}  // namespace rocketmq::json
