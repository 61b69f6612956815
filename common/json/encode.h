#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/json/raw_json.h"
#include "common/json/value_traits.h"

namespace rocketmq::json {

/// How JSON text is written. Doubles look as in Java everywhere (`0.0`, `1.0E20`), members that
/// are absent optionals are left out, and members keep the order of the fields() list, which is
/// alphabetical for everything that RocketMQ reads or writes.
enum class Style : uint8_t {
  /// Bodies as fastjson writes them: compact, integer keys unquoted, object keys inline.
  kFastjson,
  /// Routes for clients from V4_9_4 on (fastjson's BrowserCompatible): keys quoted, everything
  /// outside ASCII as \uXXXX, '/' as '\/', integers beyond 2^53 as texts.
  kStrict,
  /// Files under config/: TAB indentation, a member or object per line, scalars of an array and
  /// the pairs of a map with non-string keys on one line.
  kPretty,
  /// What every JSON parser reads: compact, keys quoted.
  kStandard,
};

namespace detail {

/// Appends tokens in one style and takes care of commas, line ends and indentation.
class Writer {
 public:
  Writer(std::string& out, Style style) : out_(out), style_(style) {}

  Style style() const { return style_; }
  bool quotesKeys() const { return style_ == Style::kStrict || style_ == Style::kStandard; }

  void beginObject() { begin('{'); }
  /// A member whose name needs no escaping; its value must follow.
  void fieldName(std::string_view name);
  /// A member of a map; its value must follow.
  void textKey(std::string_view key);
  void integerKey(int64_t key);
  /// `key` is the compact JSON of an object.
  void objectKey(std::string_view key);
  void endObject() { end('}', !is_first_); }

  void beginArray() { begin('['); }
  /// Goes before each element; elements on lines of their own when `own_line` is set.
  void element(bool own_line);
  /// `own_line` as for the elements.
  void endArray(bool own_line) { end(']', own_line && !is_first_); }

  void null() { out_.append("null"); }
  void boolean(bool value) { out_.append(value ? "true" : "false"); }
  void integer(int64_t value);
  void real(double value);
  void text(std::string_view value);
  void raw(std::string_view json) { out_.append(json); }

 private:
  void begin(char bracket);
  void end(char bracket, bool own_line);
  void comma();
  void newLine();
  void digits(int64_t value);

  std::string& out_;
  const Style style_;
  size_t indent_ = 0;
  /// Nothing has been written since the current container began.
  bool is_first_ = true;
};

template <class T>
void writeValue(Writer& writer, const T& value);

/// True for what fills several lines in the pretty style.
template <class T>
inline constexpr bool kIsComposite = Described<T> || IsMap<T>::value;

template <class T>
void writeElements(Writer& writer, const T& elements) {
  constexpr bool kOwnLine = kIsComposite<typename T::value_type>;
  writer.beginArray();
  for (const auto& element : elements) {
    writer.element(kOwnLine);
    writeValue(writer, element);
  }
  writer.endArray(kOwnLine);
}

template <class K>
void writeKey(Writer& writer, const K& key) {
  if constexpr (Described<K>) {
    std::string text;
    Writer inner(text, Style::kFastjson);
    writeValue(inner, key);
    writer.objectKey(text);
  } else if constexpr (std::integral<K>) {
    writer.integerKey(static_cast<int64_t>(key));
  } else {
    static_assert(std::same_as<K, std::string>, "maps have text, integer or described keys");
    writer.textKey(key);
  }
}

template <class T>
void writeMap(Writer& writer, const T& map) {
  writer.beginObject();
  for (const auto& [key, value] : map) {
    writeKey(writer, key);
    writeValue(writer, value);
  }
  writer.endObject();
}

template <class T>
void writeField(Writer& writer, std::string_view name, const T& value) {
  if constexpr (IsOptional<T>::value) {
    if (value) {
      writeField(writer, name, *value);
    }
  } else {
    writer.fieldName(name);
    writeValue(writer, value);
  }
}

template <class T>
void writeValue(Writer& writer, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    writer.boolean(value);
  } else if constexpr (std::integral<T>) {
    writer.integer(static_cast<int64_t>(value));
  } else if constexpr (std::same_as<T, double>) {
    writer.real(value);
  } else if constexpr (std::same_as<T, RawJson>) {
    value.text.empty() ? writer.null() : writer.raw(value.text);
  } else if constexpr (NamedEnum<T>) {
    const std::string_view name = nameOf(value);
    name.empty() ? writer.integer(static_cast<int64_t>(value)) : writer.text(name);
  } else if constexpr (IsOptional<T>::value) {
    value ? writeValue(writer, *value) : writer.null();
  } else if constexpr (IsVector<T>::value || IsSet<T>::value) {
    writeElements(writer, value);
  } else if constexpr (IsMap<T>::value) {
    writeMap(writer, value);
  } else if constexpr (Described<T>) {
    writer.beginObject();
    forEachField<T>(
        [&](const auto& field) { writeField(writer, field.name, value.*(field.member)); });
    writer.endObject();
  } else {
    static_assert(std::convertible_to<const T&, std::string_view>, "a type without JSON form");
    writer.text(value);
  }
}

}  // namespace detail

/// Appends `value` as JSON. The types are those of decode().
template <class T>
void encodeTo(std::string& out, const T& value, Style style = Style::kFastjson) {
  detail::Writer writer(out, style);
  detail::writeValue(writer, value);
}

template <class T>
std::string encode(const T& value, Style style = Style::kFastjson) {
  std::string out;
  encodeTo(out, value, style);
  return out;
}

}  // namespace rocketmq::json
