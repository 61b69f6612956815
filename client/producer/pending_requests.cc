#include "client/producer/pending_requests.h"

#include <optional>
#include <utility>
#include <vector>

#include "client/instance/bounded_timeout.h"

namespace rocketmq::client {

bool PendingRequests::add(const std::string& id, const void* owner, const Guard& guard, Limit limit,
                          Done done) {
  MutexLock lock(mutex_);
  if (entries_.size() >= kRequestsMax) {
    return false;
  }
  const TimePoint deadline = limit.deadline;
  if (!entries_.try_emplace(id, Entry{owner, guard, std::move(limit), std::move(done)}).second) {
    return false;
  }
  deadlines_.emplace(deadline, id);
  armLocked();
  return true;
}

void PendingRequests::armLocked() {
  if (deadlines_.empty() || deadlines_.begin()->first >= armed_for_) {
    return;
  }
  armed_for_ = deadlines_.begin()->first;
  const auto delay =
      std::chrono::ceil<std::chrono::milliseconds>(armed_for_ - std::chrono::steady_clock::now());
  timers_->after(boundedTimeout(delay), [this, armed_for = armed_for_] { endOverdue(armed_for); });
}

void PendingRequests::endOverdue(TimePoint armed_for) {
  std::vector<std::pair<std::string, std::function<ClientError()>>> overdue;
  {
    MutexLock lock(mutex_);
    if (armed_for != armed_for_) {
      return;
    }
    armed_for_ = TimePoint::max();
    const TimePoint now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const std::string& id = deadlines_.begin()->second;
      overdue.emplace_back(id, entries_.find(id)->second.limit.error);
      deadlines_.erase(deadlines_.begin());
    }
    armLocked();
  }
  for (const auto& [id, error] : overdue) {
    finish(id, error());
  }
}

PendingRequests::Entries::iterator PendingRequests::eraseLocked(Entries::iterator entry) {
  deadlines_.erase({entry->second.limit.deadline, entry->first});
  return entries_.erase(entry);
}

void PendingRequests::finish(const std::string& id, const Outcome<Message>& outcome) {
  std::optional<Guard> guard;
  {
    MutexLock lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end()) {
      guard = found->second.guard;
    }
  }
  if (!guard) {
    return;
  }
  Done done;  // Destroyed outside the guard: what it holds is the application's.
  // Taken out under the guard only, so that finishAll() finds whatever has not been told.
  guard->run([&] {
    done = take(id);
    if (done) {
      done(outcome);
    }
  });
}

PendingRequests::Done PendingRequests::take(const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return nullptr;
  }
  Done done = std::move(found->second.done);
  eraseLocked(found);
  return done;
}

bool PendingRequests::remove(const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    return false;
  }
  eraseLocked(found);
  return true;
}

void PendingRequests::finishAll(const void* owner, const ClientError& error) {
  std::vector<Done> ended;
  {
    MutexLock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (entry->second.owner == owner) {
        ended.push_back(std::move(entry->second.done));
        entry = eraseLocked(entry);
      } else {
        ++entry;
      }
    }
  }
  for (const Done& done : ended) {
    done(error);
  }
}

}  // namespace rocketmq::client
