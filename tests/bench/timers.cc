// Timers and delay levels of a real broker, with the senders and readers on the same machine.
//
//   timers [--pending=1000000] [--delayed=100000] [--level_max=3]
//
// `pending` timers that are due at the same time: what memory the broker has while they wait, and
// how many it delivers a second then. After that `delayed` messages, 5,000 a second, over the delay
// levels 1 to `level_max`: how late they are stored and how late a listener has them.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/clock.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/queue_reader.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

using test::Cluster;
using test::QueueReader;

constexpr int64_t kBodyBytes = 256;
constexpr std::array<int64_t, 3> kLevelMs{1000, 5000, 10'000};
constexpr int64_t kDelayedPerSec = 5000;
constexpr auto kPatience = std::chrono::minutes(5);

int64_t pending = 1'000'000;
int64_t delayed = 100'000;
int64_t level_max = 3;

int64_t nowMs() { return SystemClock::instance().nowMs(); }

void printMemory(Cluster& cluster, const std::string& when) {
  std::ifstream status("/proc/" + std::to_string(cluster.broker().pid()) + "/status");
  std::printf("broker memory %s:\n", when.c_str());
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS") || line.starts_with("RssAnon") || line.starts_with("VmHWM")) {
      std::printf("  %s\n", line.c_str());
    }
  }
  std::fflush(stdout);
}

/// Sends without waiting for each answer; counts the answers.
class Sender {
 public:
  explicit Sender(const Cluster& cluster) : producer_(configFor(cluster)) { producer_.start(); }

  void send(Message message) {
    ++sent_;
    producer_.send(std::move(message), {.on_success = [this](const SendResult&) { ++answered_; },
                                        .on_exception =
                                            [](const MQException& failed) {
                                              std::fprintf(stderr, "send: %s\n", failed.what());
                                              std::exit(1);
                                            }});
  }
  void awaitAnswers() {
    ROCKETMQ_CHECK(test::eventually([this] { return answered_ == sent_; }, kPatience));
  }

 private:
  static ProducerConfig configFor(const Cluster& cluster) {
    ProducerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.producer_group = "bench";
    config.send_msg_timeout = std::chrono::seconds(30);
    config.retry_times_when_send_async_failed = 0;
    return config;
  }

  std::atomic<int64_t> answered_{0};
  int64_t sent_ = 0;
  DefaultMQProducer producer_;
};

void runTimers(Cluster& cluster) {
  cluster.createTopic("Alarms", 1);
  QueueReader reader(cluster, "Alarms");
  Sender sender(cluster);
  printMemory(cluster, "at first");
  const int64_t begin_ms = nowMs();
  const int64_t deliver_ms = begin_ms + 3000 + pending / 8;
  for (int64_t i = 0; i < pending; ++i) {
    Message message("Alarms", std::string(kBodyBytes, 'b'));
    message.setDeliverTimeMs(deliver_ms);
    sender.send(std::move(message));
  }
  sender.awaitAnswers();
  std::printf("%lld timers of %lld bytes sent in %.1f s\n", static_cast<long long>(pending),
              static_cast<long long>(kBodyBytes), static_cast<double>(nowMs() - begin_ms) / 1000);
  if (reader.count() > 0) {
    std::printf("sending took too long: some were due before all were there\n");
  }
  printMemory(cluster, "with all of them pending");
  ROCKETMQ_CHECK(reader.awaitCount(pending, kPatience));
  ROCKETMQ_CHECK(reader.count() == pending);
  const int64_t first_ms = reader.at(0).storeTimestamp();
  const int64_t last_ms = reader.at(pending - 1).storeTimestamp();
  std::printf("delivered in %.2f s: %.0f a second; the first %lld ms after its time\n",
              static_cast<double>(last_ms - first_ms) / 1000,
              static_cast<double>(pending) * 1000 /
                  static_cast<double>(std::max<int64_t>(1, last_ms - first_ms)),
              static_cast<long long>(first_ms - deliver_ms));
  printMemory(cluster, "after that");
}

/// How late messages were.
class Lateness {
 public:
  void take(const MessageExt& message) {
    const auto level = static_cast<size_t>(message.delayTimeLevel());
    const int64_t due_ms = message.bornTimestamp() + kLevelMs.at(level - 1);
    std::lock_guard lock(mutex_);
    stored_ms_.push_back(message.storeTimestamp() - due_ms);
    heard_ms_.push_back(nowMs() - due_ms);
  }
  int64_t count() const {
    std::lock_guard lock(mutex_);
    return static_cast<int64_t>(stored_ms_.size());
  }
  void print() {
    std::lock_guard lock(mutex_);
    printOne("stored", stored_ms_);
    printOne("heard by a listener", heard_ms_);
  }

 private:
  static void printOne(const char* what, std::vector<int64_t>& late_ms) {
    std::ranges::sort(late_ms);
    const auto at = [&](double part) {
      return static_cast<long long>(
          late_ms[static_cast<size_t>(static_cast<double>(late_ms.size() - 1) * part)]);
    };
    std::printf("%-20s after its time: min %lld, p50 %lld, p99 %lld, p99.9 %lld, max %lld ms\n",
                what, at(0), at(0.5), at(0.99), at(0.999), at(1));
  }

  mutable std::mutex mutex_;
  std::vector<int64_t> stored_ms_;
  std::vector<int64_t> heard_ms_;
};

void runDelayLevels(const Cluster& cluster) {
  cluster.createTopic("Delayed", 4);
  Lateness lateness;
  PushConsumerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.consumer_group = "listeners";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultMQPushConsumer consumer(config);
  consumer.subscribe("Delayed");
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        std::ranges::for_each(messages, [&](const MessageExt& message) { lateness.take(message); });
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();

  Sender sender(cluster);
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < delayed; ++i) {
    Message message("Delayed", std::string(kBodyBytes, 'b'));
    message.setDelayTimeLevel(static_cast<int32_t>(i % level_max) + 1);
    std::this_thread::sleep_until(begin +
                                  std::chrono::microseconds(i * 1'000'000 / kDelayedPerSec));
    sender.send(std::move(message));
  }
  sender.awaitAnswers();
  ROCKETMQ_CHECK(test::eventually([&] { return lateness.count() >= delayed; }, kPatience));
  consumer.shutdown();
  std::printf("%lld messages over the delay levels 1 to %lld\n", static_cast<long long>(delayed),
              static_cast<long long>(level_max));
  lateness.print();
}

bool takeOption(const std::string& argument, const std::string& name, int64_t& value) {
  const std::string prefix = "--" + name + "=";
  if (!argument.starts_with(prefix)) {
    return false;
  }
  value = std::atoll(argument.c_str() + prefix.size());
  return value > 0;
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  using namespace rocketmq::bench;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!takeOption(argument, "pending", pending) && !takeOption(argument, "delayed", delayed) &&
        !takeOption(argument, "level_max", level_max)) {
      std::fprintf(stderr,
                   "usage: timers [--pending=1000000] [--delayed=100000] [--level_max=3]\n");
      return 1;
    }
  }
  level_max = std::min<int64_t>(level_max, kLevelMs.size());
  const rocketmq::test::TempDir folder;
  rocketmq::test::Cluster cluster(folder.path().string());
  cluster.start();
  runTimers(cluster);
  runDelayLevels(cluster);
  return 0;
}
