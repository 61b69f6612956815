#include "broker/ha/table_copies.h"

#include <algorithm>

#include "common/log.h"

namespace rocketmq::broker {
namespace {

/// A slave that goes on to fail says so again.
constexpr std::chrono::minutes kFailurePeriod{10};

}  // namespace

TableCopies::TableCopies(TimePoint now)
    : taken_over_{{kTopics, now}, {kGroups, now}, {kConsumerOffsets, now}, {kDelayOffsets, now}} {}

void TableCopies::noteTakenOver(std::string_view table, TimePoint now) {
  MutexLock lock(mutex_);
  taken_over_.at(table) = now;
}

void TableCopies::noteOutcome(std::string_view what, const std::string& failure,
                              const std::string& master, TimePoint now) {
  MutexLock lock(mutex_);
  auto last = failures_.find(what);
  if (last == failures_.end()) {
    last = failures_.emplace(what, Failure{}).first;
  }
  const bool is_news = failure != last->second.text;
  if (!failure.empty() && (is_news || now - last->second.logged >= kFailurePeriod)) {
    log::warn("the {} cannot be copied from {}: {}", what, master, failure);
    last->second.logged = now;
  } else if (is_news) {
    log::info("the {} come from {} again", what, master);
  }
  last->second.text = failure;
}

std::chrono::seconds TableCopies::age(TimePoint now) const {
  MutexLock lock(mutex_);
  const auto oldest =
      std::ranges::min_element(taken_over_, {}, [](const auto& table) { return table.second; });
  return std::chrono::duration_cast<std::chrono::seconds>(now - oldest->second);
}

}  // namespace rocketmq::broker
