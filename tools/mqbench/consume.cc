#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "rocketmq/default_mq_push_consumer.h"
#include "tools/mqbench/produce.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

/// Counts what a push consumer is given, and how old it is.
class Receiver {
 public:
  explicit Receiver(const Workload& workload, ConsumeFromWhere from)
      : consumer_([&] {
          PushConsumerConfig config;
          config.namesrv_addr = workload.namesrv_addr;
          config.credentials = workload.credentials;
          config.consumer_group = workload.group;
          config.consume_from_where = from;
          config.consume_thread_max = workload.threads;
          config.consume_message_batch_max_size = workload.batch_size;
          return config;
        }()) {
    consumer_.subscribe(workload.topic);
    consumer_.registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          take(messages);
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
  }

  void start() { consumer_.start(); }
  void stop() { consumer_.shutdown(); }

  /// From now on only messages sent at or after `from_ns` count.
  void restartAt(int64_t from_ns) {
    std::lock_guard lock(mutex_);
    from_ns_ = from_ns;
    latency_ = Histogram();
    received_.store(0);
    bytes_.store(0);
  }

  int64_t received() const { return received_.load(std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  int64_t firstNs() const { return first_ns_.load(); }
  int64_t lastNs() const { return last_ns_.load(); }
  Histogram latency() const {
    std::lock_guard lock(mutex_);
    return latency_;
  }

 private:
  void take(const std::vector<MessageExt>& messages) {
    const int64_t now = nowNs();
    {
      std::lock_guard lock(mutex_);
      for (const MessageExt& message : messages) {
        const int64_t sent_at = readSendTime(message.body()).value_or(0);
        if (sent_at < from_ns_) {
          continue;
        }
        if (sent_at > 0) {
          latency_.record(now - sent_at);
        }
        bytes_.fetch_add(static_cast<int64_t>(message.body().size()), std::memory_order_relaxed);
        received_.fetch_add(1, std::memory_order_relaxed);
      }
    }
    int64_t none = 0;
    first_ns_.compare_exchange_strong(none, now);
    last_ns_.store(now);
  }

  DefaultMQPushConsumer consumer_;
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> first_ns_{0};
  std::atomic<int64_t> last_ns_{0};
  mutable std::mutex mutex_;
  Histogram latency_;    // Guarded by mutex_.
  int64_t from_ns_ = 0;  // Guarded by mutex_.
};

/// Waits until `receiver` has `wanted` messages (0: no bound) or the time is over.
void awaitMessages(const Receiver& receiver, int64_t wanted, int64_t end_ns) {
  while (nowNs() < end_ns && (wanted == 0 || receiver.received() < wanted)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Sends single messages until the receiver has got one: then the topic exists and the receiver
/// holds its queues. False when that does not happen within 30 s.
bool warmUp(LoadGenerator& generator, const Receiver& receiver) {
  const int64_t end_ns = nowNs() + 30'000'000'000;
  while (nowNs() < end_ns) {
    generator.sendProbe();
    awaitMessages(receiver, 1, nowNs() + 200'000'000);
    if (receiver.received() > 0) {
      return true;
    }
  }
  return false;
}

int64_t endOf(const Workload& workload) {
  return nowNs() + std::chrono::duration_cast<std::chrono::nanoseconds>(workload.duration).count();
}

}  // namespace

Report runConsume(const Workload& workload) {
  Receiver receiver(workload, ConsumeFromWhere::kFirstOffset);
  receiver.start();
  {
    const ProgressLine progress(workload.progress, [&receiver](double elapsed) {
      return fmt::format("{:.0f} s  {} received  {:.0f} msg/s", elapsed, receiver.received(),
                         static_cast<double>(receiver.received()) / elapsed);
    });
    awaitMessages(receiver, workload.messages, endOf(workload));
  }
  receiver.stop();

  Report report;
  report.command = "consume";
  report.settings = {{"threads", std::to_string(workload.threads)}, {"topic", workload.topic}};
  report.messages = receiver.received();
  report.body_bytes = receiver.bytes();
  // From the first message on: how long a group takes to form is another question.
  report.elapsed = std::chrono::nanoseconds(receiver.lastNs() - receiver.firstNs());
  return report;
}

Report runLatency(const Workload& workload) {
  LoadGenerator generator(workload);
  generator.start();
  Receiver receiver(workload, ConsumeFromWhere::kLastOffset);
  receiver.start();
  if (!warmUp(generator, receiver)) {
    throw std::runtime_error("no message of topic " + workload.topic +
                             " came back within 30 s; see mqadmin topicRoute and consumerProgress");
  }

  const int64_t start = nowNs();
  receiver.restartAt(start);
  {
    const ProgressLine progress(workload.progress, [&](double elapsed) {
      return fmt::format("{:.0f} s  {} sent  {} received  {} failed", elapsed, generator.sent(),
                         receiver.received(), generator.failed());
    });
    generator.run();
    awaitMessages(receiver, generator.sent(), nowNs() + 5'000'000'000);
  }
  receiver.stop();

  Report report;
  report.command = "latency";
  report.settings = {{"rate", std::to_string(workload.rate)},
                     {"threads", std::to_string(workload.threads)},
                     {"size", std::to_string(workload.body_bytes)},
                     {"topic", workload.topic}};
  report.messages = generator.sent();
  report.failures = generator.failed();
  report.body_bytes = generator.sent() * workload.body_bytes;
  report.elapsed = std::chrono::nanoseconds(nowNs() - start);
  report.latencies.emplace_back("send", generator.latency());
  report.latencies.emplace_back("end to end", receiver.latency());
  return report;
}

}  // namespace rocketmq::bench
