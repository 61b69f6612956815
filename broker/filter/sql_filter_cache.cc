#include "broker/filter/sql_filter_cache.h"

#include <algorithm>
#include <utility>

#include "broker/filter/sql_program.h"
#include "common/model/subscription_data.h"

namespace rocketmq::broker {

namespace {

/// Others are refused by these alone, and not to be kept.
bool mayBeKept(std::string_view type, std::string_view expression) {
  return type == model::kExpressionSql92 && expression.size() <= filter::kExpressionBytesMax;
}

}  // namespace

std::optional<SqlFilterCache::Compiled> SqlFilterCache::find(std::string_view type,
                                                             std::string_view expression) {
  if (!mayBeKept(type, expression)) {
    return SqlFilter::compile(type, expression);
  }
  MutexLock lock(mutex_);
  const auto known = entries_.find(expression);
  if (known == entries_.end()) {
    return std::nullopt;
  }
  known->second.last_use = ++uses_;
  return known->second.compiled;
}

SqlFilterCache::Compiled SqlFilterCache::get(std::string_view type, std::string_view expression) {
  if (auto known = find(type, expression)) {
    return std::move(*known);
  }
  Compiled compiled = SqlFilter::compile(type, expression);
  MutexLock lock(mutex_);
  if (entries_.size() >= kEntriesMax) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; }));
  }
  entries_.insert_or_assign(std::string(expression),
                            Entry{.compiled = compiled, .last_use = ++uses_});
  return compiled;
}

}  // namespace rocketmq::broker
