#include "broker/filter/sql_filter_cache.h"

#include <algorithm>
#include <utility>

#include "broker/filter/sql_program.h"
#include "common/model/subscription_data.h"

namespace rocketmq::broker {

SqlFilterCache::Compiled SqlFilterCache::get(std::string_view type, std::string_view expression) {
  // Refused by their size alone, and not to be kept.
  if (type != model::kExpressionSql92 || expression.size() > filter::kExpressionBytesMax) {
    return SqlFilter::compile(type, expression);
  }
  {
    MutexLock lock(mutex_);
    if (const auto known = entries_.find(expression); known != entries_.end()) {
      known->second.last_use = ++uses_;
      return known->second.compiled;
    }
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
