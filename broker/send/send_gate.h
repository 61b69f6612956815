#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "broker/settings.h"

namespace rocketmq::broker {

/// Refuses sends with SYSTEM_BUSY when there are more than the broker can do (RocketMQ: the bounded
/// queue of the send thread pool, BrokerFastFailure).
///
/// There is no queue of sends here, so two things stand for it:
///  - sends that are stored and wait for the disk or for slaves: at most
///    sendThreadPoolQueueCapacity; more are refused before they are stored;
///  - the time that what has arrived waits in its socket for its I/O thread: while that is longer
///    than waitTimeMillsInSendQueue, one send in eight is refused.
/// Not more than one in eight because a refusal costs a third of a send: who refused all that comes
/// too much would soon do nothing else. What is not refused waits in the sockets, which slows the
/// senders down.
///
/// Threads: any.
class SendGate {
 public:
  explicit SendGate(const LiveSettings& settings) : settings_(settings) {}

  /// Why a send is refused; nullopt: it is taken. `thread_delay`: Connection::threadDelay().
  std::optional<std::string> refusal(std::chrono::milliseconds thread_delay);

  /// One stored send that waits, as long as this lives.
  class Wait {
   public:
    explicit Wait(SendGate& gate) : gate_(&gate) {
      gate.waiting_.fetch_add(1, std::memory_order_relaxed);
    }
    Wait(Wait&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Wait& operator=(Wait&&) = delete;
    ~Wait() {
      if (gate_ != nullptr) {
        gate_->waiting_.fetch_sub(1, std::memory_order_relaxed);
      }
    }

   private:
    SendGate* gate_;
  };

 private:
  const LiveSettings& settings_;
  std::atomic<int64_t> waiting_ = 0;
  std::atomic<uint32_t> late_ = 0;  ///< Sends that came while there was a delay.
};

}  // namespace rocketmq::broker
