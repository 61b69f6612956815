#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/filter/sql_filter.h"
#include "broker/string_map.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::broker {

/// The filters of consumers that send their expression with every pull, so that it is compiled once
/// (RocketMQ: the cache of SelectorParser). Faults are kept like filters.
///
/// Bound: kEntriesMax; the one not used for longest makes room. Threads: any.
class SqlFilterCache {
 public:
  static constexpr size_t kEntriesMax = 100;

  using Compiled = Result<std::shared_ptr<const SqlFilter>>;

  /// nullopt when it would have to be compiled.
  std::optional<Compiled> find(std::string_view type, std::string_view expression);

  /// As SqlFilter::compile().
  Compiled get(std::string_view type, std::string_view expression);

 private:
  struct Entry {
    Compiled compiled;
    uint64_t last_use = 0;
  };

  Mutex mutex_;
  uint64_t uses_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  StringMap<Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker
