#pragma once

#include <map>
#include <set>
#include <type_traits>
#include <vector>

namespace rocketmq::json::detail {

// Which container a C++ type is, for the encoder and the decoder.

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
struct IsSet : std::false_type {};
template <class T>
struct IsSet<std::set<T>> : std::true_type {};

template <class T>
struct IsMap : std::false_type {};
template <class K, class V>
struct IsMap<std::map<K, V>> : std::true_type {};

}  // namespace rocketmq::json::detail
