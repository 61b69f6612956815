#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "remoting/unique_function.h"

namespace rocketmq::broker {

/// Who waits for name servers to know of a change of the topics. A thread at a time; the callbacks
/// are given back, to be called without a lock.
class RegistrationWaits {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Done = remoting::UniqueFunction<void()>;

  struct Wait {
    std::vector<std::string> name_servers;
    uint64_t round = 0;  ///< That, or a later one, has what it waits for.
    Time until;
    Done done;
  };

  /// Each keeps a connection, and is looked at with every answer of a name server.
  static constexpr size_t kWaitsMax = 10'000;

  bool isFull() const { return waits_.size() >= kWaitsMax; }
  void add(Wait wait) {
    first_end_ = std::min(first_end_, wait.until);
    waits_.push_back(std::move(wait));
  }

  /// When the first of them ends, at the latest.
  Time firstEnd() const { return first_end_; }

  /// Takes out those that `has_ended(const Wait&)`.
  template <class Predicate>
  std::vector<Done> take(Predicate has_ended) {
    const auto ended = std::stable_partition(waits_.begin(), waits_.end(),
                                             [&](const Wait& wait) { return !has_ended(wait); });
    std::vector<Done> taken;
    for (auto at = ended; at != waits_.end(); ++at) {
      taken.push_back(std::move(at->done));
    }
    waits_.erase(ended, waits_.end());
    first_end_ = Time::max();
    for (const Wait& wait : waits_) {
      first_end_ = std::min(first_end_, wait.until);
    }
    return taken;
  }

 private:
  std::vector<Wait> waits_;  ///< In their order.
  Time first_end_ = Time::max();
};

}  // namespace rocketmq::broker
