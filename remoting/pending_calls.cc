#include "remoting/pending_calls.h"

#include <algorithm>
#include <utility>

namespace rocketmq::remoting {
namespace {

using Tick = std::chrono::duration<int64_t, std::ratio<8, 1000>>;

/// Rounded up: a call never ends early. "Never" (the maximum) must not overflow on the way back.
int64_t tickOf(Deadline deadline) {
  const auto bounded = std::min(deadline, Deadline::max() - Tick(1));
  return std::chrono::ceil<Tick>(bounded.time_since_epoch()).count();
}

Deadline timeOf(int64_t tick) { return Deadline(Tick(tick)); }

}  // namespace

bool PendingCalls::add(int32_t opaque, Deadline now, Deadline deadline, Callback& callback) {
  const auto [entry, is_new] = calls_.try_emplace(opaque);
  if (!is_new) {
    return false;
  }
  Call& call = entry->second;
  call.callback = std::move(callback);
  call.added = now;
  call.opaque = opaque;
  call.tick = tickOf(deadline);
  link(call);
  return true;
}

PendingCalls::Callback PendingCalls::take(int32_t opaque) {
  const auto found = calls_.find(opaque);
  if (found == calls_.end()) {
    return nullptr;
  }
  unlink(found->second);
  Callback callback = std::move(found->second.callback);
  calls_.erase(found);
  return callback;
}

PendingCalls::Expired PendingCalls::takeExpired(Deadline now) {
  Expired expired;
  while (!ticks_.empty() && timeOf(ticks_.begin()->first) <= now) {
    const Call* call = ticks_.begin()->second;
    ticks_.erase(ticks_.begin());
    while (call != nullptr) {
      const auto entry = calls_.find(call->opaque);
      call = call->next;
      expired.first_added = std::min(expired.first_added, entry->second.added);
      expired.callbacks.push_back(std::move(entry->second.callback));
      calls_.erase(entry);
    }
  }
  return expired;
}

std::vector<PendingCalls::Callback> PendingCalls::takeAll() {
  std::vector<Callback> all;
  all.reserve(calls_.size());
  for (auto& [opaque, call] : calls_) {
    all.push_back(std::move(call.callback));
  }
  ticks_.clear();
  calls_.clear();
  return all;
}

std::optional<Deadline> PendingCalls::nextExpiry() const {
  if (ticks_.empty()) {
    return std::nullopt;
  }
  return timeOf(ticks_.begin()->first);
}

void PendingCalls::link(Call& call) {
  // Timeouts are mostly alike, so that a new call mostly comes last.
  Call*& first = ticks_.try_emplace(ticks_.end(), call.tick, nullptr)->second;
  call.next = first;
  if (first != nullptr) {
    first->previous = &call;
  }
  first = &call;
}

void PendingCalls::unlink(const Call& call) {
  if (call.next != nullptr) {
    call.next->previous = call.previous;
  }
  if (call.previous != nullptr) {
    call.previous->next = call.next;
  } else if (call.next != nullptr) {
    ticks_[call.tick] = call.next;
  } else {
    ticks_.erase(call.tick);
  }
}

}  // namespace rocketmq::remoting
