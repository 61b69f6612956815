#include "tests/fault/hostile_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kWarmMessages = 50;
constexpr int64_t kNormalMessages = 400;
constexpr milliseconds kSendPause{2};
constexpr milliseconds kRoutePause{5};
constexpr const char* kTopic = "WellBehaved";
constexpr int kGetRouteByTopic = 105;

double msSince(steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

/// Durations of one phase. Threads: any.
class Durations {
 public:
  void add(double ms) {
    std::lock_guard lock(mutex_);
    all_.push_back(ms);
  }
  double takeP99() {
    std::lock_guard lock(mutex_);
    std::vector<double> all = std::exchange(all_, {});
    if (all.empty()) {
      return 0;
    }
    const auto p99 = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 99 / 100);
    std::ranges::nth_element(all, p99);
    return *p99;
  }

 private:
  std::mutex mutex_;
  std::vector<double> all_;
};

/// The well-behaved clients, at work from the constructor to stop().
class Pair {
 public:
  explicit Pair(Cluster& cluster)
      : cluster_(cluster), producer_(producerConfig(cluster)), consumer_(consumerConfig(cluster)) {
    consumer_.subscribe(kTopic, "*");
    consumer_.registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          for (const MessageExt& message : messages) {
            onMessage(message.body());
          }
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    consumer_.start();
    producer_.start();
    sender_ = std::thread([this] { send(); });
    asker_ = std::thread([this] { askForRoutes(); });
  }

  /// What happened since the last call.
  PairReport take() {
    PairReport report;
    report.messages = sent_.exchange(0);
    report.failures = failures_.exchange(0);
    report.send_p99_ms = sends_.takeP99();
    report.delivery_p99_ms = deliveries_.takeP99();
    report.route_p99_ms = routes_.takeP99();
    return report;
  }

  /// Stops sending and counts what does not arrive.
  int64_t stop() {
    over_ = true;
    sender_.join();
    asker_.join();
    eventually([this] { return waiting() == 0; }, std::chrono::seconds(10));
    consumer_.shutdown();
    producer_.shutdown();
    return static_cast<int64_t>(waiting());
  }

  /// Waits until so many more messages have come.
  bool awaitReceived(int64_t count) {
    const int64_t enough = received_.load() + count;
    return eventually([&] { return received_.load() >= enough; }, std::chrono::seconds(60));
  }

 private:
  static ProducerConfig producerConfig(const Cluster& cluster) {
    ProducerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.producer_group = "well_behaved_producer";
    config.instance_name = "producer";
    return config;
  }
  static PushConsumerConfig consumerConfig(const Cluster& cluster) {
    PushConsumerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.consumer_group = "well_behaved_consumer";
    config.instance_name = "consumer";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    return config;
  }

  void send() {
    for (int64_t number = 0; !over_; ++number) {
      const std::string body = std::to_string(number);
      const auto begin = steady_clock::now();
      {
        std::lock_guard lock(mutex_);
        begun_[body] = begin;
      }
      try {
        Message message(kTopic, body);
        producer_.send(message);
        sends_.add(msSince(begin));
        ++sent_;
      } catch (const MQException& failure) {
        ADD_FAILURE() << "send " << body << ": " << failure.what();
        ++failures_;
        std::lock_guard lock(mutex_);
        begun_.erase(body);
      }
      std::this_thread::sleep_for(kSendPause);
    }
  }

  void askForRoutes() {
    RawClient client(cluster_.namesrvPort());
    while (!over_) {
      const auto begin = steady_clock::now();
      const int opaque =
          client.request(kGetRouteByTopic, std::string(R"({"topic":")") + kTopic + "\"}");
      const auto answer = client.answer(opaque);
      if (answer && answer->code == 0) {
        routes_.add(msSince(begin));
      } else {
        ADD_FAILURE() << "no route: " << (answer ? answer->remark : "no answer");
        ++failures_;
        return;
      }
      std::this_thread::sleep_for(kRoutePause);
    }
  }

  void onMessage(const std::string& body) {
    std::lock_guard lock(mutex_);
    const auto begun = begun_.find(body);
    if (begun != begun_.end()) {
      deliveries_.add(msSince(begun->second));
      begun_.erase(begun);
      ++received_;
    }
  }

  size_t waiting() {
    std::lock_guard lock(mutex_);
    return begun_.size();
  }

  Cluster& cluster_;
  DefaultMQProducer producer_;
  DefaultMQPushConsumer consumer_;
  std::atomic<bool> over_{false};
  std::atomic<int64_t> sent_{0};
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> failures_{0};
  Durations sends_;
  Durations deliveries_;
  Durations routes_;
  std::mutex mutex_;
  std::map<std::string, steady_clock::time_point> begun_;
  std::thread sender_;
  std::thread asker_;
};

int64_t memoryOf(Cluster& cluster) {
  return anonymousKib(cluster.broker()) + anonymousKib(cluster.namesrv());
}

void print(const char* phase, const PairReport& report) {
  std::cout << phase << ": " << report.messages << " messages, p99 of send " << report.send_p99_ms
            << " ms, delivery " << report.delivery_p99_ms << " ms, route " << report.route_p99_ms
            << " ms, memory +" << report.memory_growth_kib / 1024 << " MiB" << std::endl;
}

}  // namespace

milliseconds attackTime() {
  return std::chrono::seconds(sizeFromEnvironment("ROCKETMQ_HOSTILE_SECONDS", 2));
}

int64_t sizeFromEnvironment(const char* name, int64_t usual) {
  const char* const value = std::getenv(name);
  return value == nullptr ? usual : std::atoll(value);
}

void expectUnharmed(Cluster& cluster,
                    const std::function<void(const std::function<bool()>&)>& attack,
                    HarmLimits limits) {
  cluster.createTopic(kTopic);
  Pair pair(cluster);
  ASSERT_TRUE(pair.awaitReceived(kWarmMessages));  // Caches and connections are warm then.
  pair.take();
  ASSERT_TRUE(pair.awaitReceived(kNormalMessages));
  const PairReport normal = pair.take();
  print("normal", normal);

  const int64_t memory_before = memoryOf(cluster);
  int64_t memory_max = memory_before;
  std::atomic<bool> over{false};
  std::thread attacker([&] { attack([&over] { return over.load(); }); });
  const auto end = steady_clock::now() + attackTime();
  while (steady_clock::now() < end) {
    memory_max = std::max(memory_max, memoryOf(cluster));
    std::this_thread::sleep_for(milliseconds(20));
  }
  over = true;
  attacker.join();
  PairReport attacked = pair.take();
  attacked.memory_growth_kib = std::max(memory_max, memoryOf(cluster)) - memory_before;
  print("attacked", attacked);
  const int64_t lost = pair.stop();

  const auto bound = [&](double normal_ms) {
    return std::max(5 * normal_ms, limits.p99_floor_ms * timeFactor());
  };
  EXPECT_EQ(attacked.failures, 0);
  EXPECT_EQ(lost, 0);
  EXPECT_GT(attacked.messages, 0);
  EXPECT_LT(attacked.send_p99_ms, bound(normal.send_p99_ms));
  EXPECT_LT(attacked.delivery_p99_ms, bound(normal.delivery_p99_ms));
  EXPECT_LT(attacked.route_p99_ms, bound(normal.route_p99_ms));
  EXPECT_LT(attacked.memory_growth_kib, limits.memory_growth_kib * memoryFactor());
  EXPECT_TRUE(cluster.broker().running()) << cluster.broker().output();
  EXPECT_TRUE(cluster.namesrv().running()) << cluster.namesrv().output();
}

void expectGoodEnd(Cluster& cluster) {
  cluster.stopBroker();
  cluster.stopNamesrv();
  for (Daemon* daemon : {&cluster.broker(), &cluster.namesrv()}) {
    EXPECT_EQ(daemon->output().find("Sanitizer"), std::string::npos) << daemon->output();
    EXPECT_EQ(daemon->output().find("runtime error"), std::string::npos) << daemon->output();
  }
}

std::string lengthWord(uint32_t value) {
  std::string word;
  for (int shift = 24; shift >= 0; shift -= 8) {
    word.push_back(static_cast<char>(value >> shift & 0xFF));
  }
  return word;
}

std::string hostileFrame(int code, const std::string& ext_fields, std::string_view body, int opaque,
                         int flag) {
  std::string header = R"({"code":)" + std::to_string(code) + R"(,"extFields":)" +
                       (ext_fields.empty() ? "{}" : ext_fields) + R"(,"flag":)" +
                       std::to_string(flag) + R"(,"language":"JAVA","opaque":)" +
                       std::to_string(opaque) + R"(,"version":409})";
  std::string frame = lengthWord(static_cast<uint32_t>(4 + header.size() + body.size()));
  frame += lengthWord(static_cast<uint32_t>(header.size()));
  frame += header;
  return frame.append(body);
}

int64_t anonymousKib(const Daemon& daemon) {
  std::ifstream status("/proc/" + std::to_string(daemon.pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) {
      return std::atoll(line.c_str() + 8);
    }
  }
  return 0;
}

}  // namespace rocketmq::test
