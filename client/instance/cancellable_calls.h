#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/mutex.h"
#include "remoting/client.h"

namespace rocketmq::client {

/// Remote calls that wait for their answer, and that cancel() wakes with Closed: so a thread that
/// waits for a dead broker does not hold up a shutdown.
///
/// Threads: any, but not the event loop. Life: may be destroyed while answers are outstanding.
class CancellableCalls {
 public:
  /// `begin(done)` starts something that calls `done(T)` once, from any thread; waits for that.
  /// Nullopt when cancelled first; nothing begins after that.
  template <class T, class Begin>
  std::optional<T> await(Begin begin) {
    struct Slot {
      std::optional<T> value;  // Guarded by the mutex of State.
    };
    if (cancelled()) {
      return std::nullopt;
    }
    auto slot = std::make_shared<Slot>();
    begin([state = state_, slot](T value) {
      MutexLock lock(state->mutex);
      slot->value.emplace(std::move(value));
      state->changed.notifyAll();
    });
    MutexLock lock(state_->mutex);
    while (!slot->value && !state_->cancelled) {
      state_->changed.wait(state_->mutex);
    }
    return std::move(slot->value);
  }

  template <remoting::Command C>
  remoting::CallResult<C> call(remoting::Client& client, const std::string& address, C request,
                               remoting::Payload body, remoting::Deadline deadline) {
    std::optional<remoting::CallResult<C>> result = await<remoting::CallResult<C>>([&](auto done) {
      client.call(address, std::move(request), std::move(body), deadline, std::move(done));
    });
    return result ? std::move(*result)
                  : remoting::CallResult<C>(Status::closed("the client is shutting down"));
  }

  /// Wakes every waiting call, and lets later ones fail at once.
  void cancel() {
    MutexLock lock(state_->mutex);
    state_->cancelled = true;
    state_->changed.notifyAll();
  }

  bool cancelled() const {
    MutexLock lock(state_->mutex);
    return state_->cancelled;
  }

 private:
  struct State {
    Mutex mutex;
    CondVar changed;
    bool cancelled ROCKETMQ_GUARDED_BY(mutex) = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace rocketmq::client
