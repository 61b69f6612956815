#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/thread.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"

namespace rocketmq::test {

/// Durations of one phase. Threads: any.
class Durations {
 public:
  void add(double ms);
  /// The 99th percentile of what was added since the last call; 0 for nothing.
  double takeP99();

 private:
  std::mutex mutex_;
  std::vector<double> all_;
};

/// Instants at a fixed distance. Threads: one; isOnTime() any.
class Schedule {
 public:
  explicit Schedule(std::chrono::milliseconds distance) : distance_(distance) {}

  /// Waits for the next one, not at all when it is over already, and returns it.
  std::chrono::steady_clock::time_point awaitNext();
  /// False while what was due some time ago has not been begun.
  bool isOnTime() const;

 private:
  const std::chrono::milliseconds distance_;
  std::atomic<std::chrono::steady_clock::time_point> due_{std::chrono::steady_clock::now()};
};

/// Asks for a route 200 times a second, whatever happens.
///
/// Life: at work from the constructor to stop() or the destructor.
class Asker {
 public:
  /// Asks whoever listens on 127.0.0.1:`port` and answers each frame.
  explicit Asker(uint16_t port);
  ~Asker() { stop(); }

  /// Of the answers since the last call, from when they were due.
  double takeP99() { return durations_.takeP99(); }
  /// Requests without an answer since the last call.
  int64_t takeFailures() { return failures_.exchange(0); }
  bool isOnTime() const { return schedule_.isOnTime(); }

  void stop();

 private:
  void ask(uint16_t port);

  std::atomic<bool> over_{false};
  std::atomic<int64_t> failures_{0};
  Durations durations_;
  Schedule schedule_;
  NamedThread thread_;
};

/// What a well-behaved producer, its consumer and a client that asks for routes saw. Everything is
/// measured from the moment at which it was due: who is kept waiting is late with what comes next,
/// too, and that counts.
struct PairReport {
  int64_t messages = 0;
  int64_t failures = 0;        ///< Sends that failed, route requests without an answer.
  double send_p99_ms = 0;      ///< To the acknowledgement.
  double delivery_p99_ms = 0;  ///< To the listener.
  double route_p99_ms = 0;
};

/// A producer and a consumer of our client library and somebody who asks for routes: 500 messages
/// and 200 routes a second, whatever happens, on a topic of their own.
///
/// Life: at work from the constructor to stop().
class WellBehaved {
 public:
  explicit WellBehaved(Cluster& cluster);

  /// What happened since the last call.
  PairReport take();

  /// Waits until nothing is late any more, 30 s at most, and forgets what happened till then.
  void catchUp();

  /// Waits until so many more messages have come.
  bool awaitReceived(int64_t count);

  /// Stops sending and returns how many messages do not arrive.
  int64_t stop();

 private:
  void send();
  void onMessage(const std::string& body);
  size_t waiting();

  DefaultMQProducer producer_;
  DefaultMQPushConsumer consumer_;
  std::atomic<bool> over_{false};
  std::atomic<int64_t> sent_{0};
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> failures_{0};
  Durations sends_;
  Durations deliveries_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point> due_;  ///< By bodies on their way.
  std::optional<Schedule> schedule_;  ///< Of the sender, from when it begins.
  std::optional<Asker> asker_;        ///< From the moment on when there is a route.
  NamedThread sender_;
};

}  // namespace rocketmq::test
