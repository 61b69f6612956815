#include "broker/ha/replica_waits.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace rocketmq::broker {

void ReplicaWaits::whenReplicated(int64_t end_offset, const Limits& limits,
                                  std::chrono::steady_clock::time_point deadline, Done done) {
  auto outcome = ReplicaOutcome::kReplicated;
  if (limits.slaves > 0) {
    MutexLock lock(mutex_);
    const auto slaves = static_cast<size_t>(limits.slaves);
    if (stopped_ || waits_.size() >= kWaitsMax) {
      outcome = ReplicaOutcome::kTimeout;
    } else if (slave_ends_.size() < slaves ||
               end_offset - slave_ends_[slaves - 1] >= limits.fall_behind_bytes) {
      outcome = ReplicaOutcome::kSlaveNotAvailable;
    } else if (replicatedTo(limits.slaves) < end_offset) {
      waits_.emplace(end_offset, Wait{limits.slaves, deadline, std::move(done)});
      return;
    }
  }
  done(outcome);
}

int64_t ReplicaWaits::replicatedTo(int32_t slaves) const {
  const auto index = static_cast<size_t>(slaves - 1);
  return index < replicated_.size() ? replicated_[index] : 0;
}

void ReplicaWaits::update(std::vector<int64_t> slave_ends, const std::vector<int64_t>& doubtful) {
  std::sort(slave_ends.begin(), slave_ends.end(), std::greater<>());
  std::vector<Done> served;
  {
    MutexLock lock(mutex_);
    replicated_.resize(std::max(replicated_.size(), slave_ends.size()), 0);
    for (size_t i = 0; i < slave_ends.size(); ++i) {
      replicated_[i] = std::max(replicated_[i], slave_ends[i]);
    }
    slave_ends.insert(slave_ends.end(), doubtful.begin(), doubtful.end());
    std::sort(slave_ends.begin(), slave_ends.end(), std::greater<>());
    slave_ends_ = std::move(slave_ends);
    const auto last = waits_.upper_bound(replicatedTo(1));
    for (auto wait = waits_.begin(); wait != last;) {
      if (wait->first > replicatedTo(wait->second.slaves)) {
        ++wait;
        continue;
      }
      served.push_back(std::move(wait->second.done));
      wait = waits_.erase(wait);
    }
  }
  for (const Done& done : served) {
    done(ReplicaOutcome::kReplicated);
  }
}

int32_t ReplicaWaits::inSync(int64_t log_end, int64_t gap_bytes) const {
  MutexLock lock(mutex_);
  const auto far = std::find_if(slave_ends_.begin(), slave_ends_.end(), [&](int64_t slave_end) {
    return log_end - slave_end >= gap_bytes;
  });
  return static_cast<int32_t>(far - slave_ends_.begin());
}

void ReplicaWaits::endExpired(std::chrono::steady_clock::time_point now) {
  std::vector<Done> expired;
  {
    MutexLock lock(mutex_);
    for (auto wait = waits_.begin(); wait != waits_.end();) {
      if (!stopped_ && wait->second.deadline > now) {
        ++wait;
        continue;
      }
      expired.push_back(std::move(wait->second.done));
      wait = waits_.erase(wait);
    }
  }
  for (const Done& done : expired) {
    done(ReplicaOutcome::kTimeout);
  }
}

void ReplicaWaits::stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  endExpired({});
}

}  // namespace rocketmq::broker
