#include "client/producer/pending_requests.h"

#include <optional>
#include <utility>
#include <vector>

namespace rocketmq::client {

bool PendingRequests::add(const std::string& id, const void* owner, const Guard& guard, Done done) {
  MutexLock lock(mutex_);
  return entries_.size() < kRequestsMax &&
         entries_.try_emplace(id, Entry{owner, guard, std::move(done)}).second;
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
  entries_.erase(found);
  return done;
}

bool PendingRequests::remove(const std::string& id) {
  MutexLock lock(mutex_);
  return entries_.erase(id) > 0;
}

void PendingRequests::finishAll(const void* owner, const ClientError& error) {
  std::vector<Done> ended;
  {
    MutexLock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (entry->second.owner == owner) {
        ended.push_back(std::move(entry->second.done));
        entry = entries_.erase(entry);
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
