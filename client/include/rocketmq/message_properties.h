#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocketmq {

/// A message's properties: values by name, in the order in which the names came. A plain list, for
/// a message has few of them, and a consumer makes them anew for each message. A value type.
class MessageProperties {
 public:
  /// Name and value.
  using Entry = std::pair<std::string, std::string>;
  using const_iterator = std::vector<Entry>::const_iterator;

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  /// end() when there is none of that name. Changes end the life of iterators.
  const_iterator find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != end(); }

  /// Replaces the value that `name` had, in its place.
  void put(std::string_view name, std::string value);
  void erase(const_iterator entry) { entries_.erase(entry); }

  /// Makes room for `count` of them at once.
  void reserve(size_t count) { entries_.reserve(count); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace rocketmq
