// Promise: two SYNC_MASTERs with a slave each serve producers and consumers while one process after
// the other, name server included, is killed or stopped and started again. No message that was
// acknowledged is lost, sends never stand still for longer than the takeover time of
// docs/replication.md, and in the end each slave's log is its master's byte for byte.
//
// ROCKETMQ_SOAK_SECONDS=N soaks for N seconds; ROCKETMQ_FAULT_SEED=N repeats the order of faults.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/fault/replicated_pair.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/sanitizers.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kTopic = "Soak";
constexpr int kProducers = 4;
constexpr int kConsumers = 2;
/// What docs/replication.md says.
constexpr milliseconds kTakeover{3000};
/// A wait for a dead slave is looked at every 100 ms; the rest is for threads that get no processor
/// on a machine that is busy with other tests.
constexpr milliseconds kTakeoverSlack{300};
/// Between two faults, and while something is down, the others must get on by so many messages.
constexpr int64_t kProgress = 2000;

seconds soakTime() {
  const char* text = std::getenv("ROCKETMQ_SOAK_SECONDS");
  return seconds(text == nullptr ? 8 : std::atoi(text));
}

/// When something happened last, and the longest time in which it did not. Threads: any.
class Pulse {
 public:
  void beat() {
    const auto now = SteadyClock::now();
    std::lock_guard lock(mutex_);
    longest_ = std::max(longest_, now - last_);
    last_ = now;
    ++count_;
  }
  milliseconds longestPause() const {
    std::lock_guard lock(mutex_);
    return std::chrono::duration_cast<milliseconds>(longest_);
  }
  int64_t count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  SteadyClock::time_point last_ = SteadyClock::now();
  SteadyClock::duration longest_{};
  int64_t count_ = 0;
};

/// Bodies, with how many of them came again. Threads: any.
class Bodies {
 public:
  void add(const std::string& body) {
    std::lock_guard lock(mutex_);
    again_ += bodies_.insert(body).second ? 0 : 1;
  }
  /// Those that `other` lacks.
  std::vector<std::string> missingIn(const Bodies& other) const {
    std::scoped_lock lock(mutex_, other.mutex_);
    std::vector<std::string> missing;
    std::set_difference(bodies_.begin(), bodies_.end(), other.bodies_.begin(), other.bodies_.end(),
                        std::back_inserter(missing));
    return missing;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return bodies_.size();
  }
  int64_t again() const {
    std::lock_guard lock(mutex_);
    return again_;
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> bodies_;
  int64_t again_ = 0;
};

class ClusterSoakTest : public ::testing::Test {
 protected:
  /// A process and how it goes down and comes back.
  struct Part {
    const char* name;
    std::function<void()> kill;
    std::function<void()> stop;
    std::function<void()> start;
  };

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(cluster_.start());
    ASSERT_NO_FATAL_FAILURE(master_b_.start());
    ASSERT_NO_FATAL_FAILURE(slave_a_.start());
    ASSERT_NO_FATAL_FAILURE(slave_b_.start());
    for (const std::string& master : {cluster_.brokerAddr(), master_b_.address()}) {
      ASSERT_TRUE(awaitSlave(master));
    }
    const auto made =
        cluster_.admin({"updateTopic", "-c", "DefaultCluster", "-t", kTopic, "-r", "4", "-w", "4"});
    ASSERT_EQ(made.status, 0) << made.output;
  }

  /// A name server that was started again knows nobody until both brokers have registered. A
  /// second fault in that time, of the only one that it knows, would be one too many.
  bool awaitRoute() {
    return eventually([&] {
      const auto route = cluster_.admin({"topicRoute", "-t", kTopic});
      return route.output.find("broker-a") != std::string::npos &&
             route.output.find("broker-b") != std::string::npos;
    });
  }

  bool awaitSlave(const std::string& master) {
    return eventually([&] { return runtimeInfo(cluster_, master, "haInSyncSlaveCount") == "1"; });
  }

  static Cluster::Settings with(Cluster::Settings settings, const Cluster::Settings& more) {
    for (const auto& [key, value] : more) {
      settings[key] = value;
    }
    return settings;
  }

  void startConsumers() {
    for (int i = 0; i < kConsumers; ++i) {
      PushConsumerConfig config;
      config.namesrv_addr = cluster_.namesrvAddr();
      config.consumer_group = "soak_group";
      config.instance_name = "consumer" + std::to_string(i);
      auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
      consumer->subscribe(kTopic);
      consumer->registerMessageListener(
          [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
            for (const MessageExt& message : messages) {
              consumed_.add(message.body());
              consuming_.beat();
            }
            return ConsumeConcurrentlyStatus::kConsumeSuccess;
          });
      consumer->start();
      consumers_.push_back(std::move(consumer));
    }
  }

  void startProducers() {
    for (int i = 0; i < kProducers; ++i) {
      producers_.emplace_back([this, i] {
        ProducerConfig config;
        config.namesrv_addr = cluster_.namesrvAddr();
        config.producer_group = "soak_producer" + std::to_string(i);
        config.instance_name = config.producer_group;
        DefaultMQProducer producer(config);
        producer.start();
        for (int64_t number = 0; !over_; ++number) {
          sendOne(producer, std::to_string(i) + "-" + std::to_string(number));
        }
      });
    }
  }

  void sendOne(DefaultMQProducer& producer, const std::string& body) {
    Message message(kTopic, body);
    try {
      // Any status says that the message is stored: a killed process loses nothing that it wrote.
      producer.send(message);
      acknowledged_.add(body);
      sending_.beat();
    } catch (const MQException&) {
      ++failed_;  // May have been stored all the same.
    }
  }

  bool getOn() {
    const int64_t target = sending_.count() + kProgress;
    return eventually([&] { return sending_.count() >= target; }, seconds(60));
  }

  void disturb(const Part& part, bool kill) {
    kill ? part.kill() : part.stop();
    EXPECT_TRUE(getOn()) << "without " << part.name;
    part.start();
    EXPECT_TRUE(getOn()) << "with " << part.name << " back";
    std::printf("%s %s; pauses %s\n", part.name, kill ? "killed" : "stopped", pauses().c_str());
  }

  /// The longest so far.
  std::string pauses() const {
    return std::to_string(sending_.longestPause().count()) + " ms of sends, " +
           std::to_string(consuming_.longestPause().count()) + " ms of consumption";
  }

  std::vector<Part> parts() {
    return {{"name server", [this] { cluster_.namesrv().stop(SIGKILL, seconds(10)); },
             [this] { cluster_.stopNamesrv(); },
             [this] {
               cluster_.startNamesrv();
               EXPECT_TRUE(awaitRoute());
             }},
            {"master of broker-a", [this] { cluster_.killBroker(); },
             [this] { cluster_.stopBroker(); }, [this] { cluster_.startBroker(); }},
            partOf("slave of broker-a", slave_a_),
            partOf("master of broker-b", master_b_),
            partOf("slave of broker-b", slave_b_)};
  }

  static Part partOf(const char* name, Slave& broker) {
    return {name, [&broker] { broker.kill(); }, [&broker] { broker.stop(); },
            [&broker] { broker.start(); }};
  }

  void expectSameLogs(const std::string& master_store, const Slave& slave) {
    EXPECT_TRUE(eventually([&] {
      const auto comparison = compareLogsOf(master_store, slave.storeFolder());
      return !comparison.first_difference && comparison.first_end == comparison.second_end;
    })) << slave.storeFolder();
  }

  TempDir dirs_[4];
  Cluster cluster_{dirs_[0].path().string(), with(smallFiles(), {{"brokerRole", "SYNC_MASTER"}})};
  Slave slave_a_{cluster_, dirs_[1].path().string(), smallFiles()};
  Slave master_b_{
      cluster_, dirs_[2].path().string(),
      with(smallFiles(),
           {{"brokerName", "broker-b"}, {"brokerId", "0"}, {"brokerRole", "SYNC_MASTER"}})};
  Slave slave_b_{cluster_, dirs_[3].path().string(),
                 with(smallFiles(), {{"brokerName", "broker-b"}})};

  std::vector<std::unique_ptr<DefaultMQPushConsumer>> consumers_;
  std::vector<std::thread> producers_;
  std::atomic<bool> over_{false};
  std::atomic<int64_t> failed_{0};
  Bodies acknowledged_;
  Bodies consumed_;
  Pulse sending_;
  Pulse consuming_;
};

TEST_F(ClusterSoakTest, NothingAcknowledgedIsLostWhateverGoesDown) {
  const uint64_t seed = faultSeed();
  std::mt19937_64 random(seed);
  std::vector<Part> parts = this->parts();
  startConsumers();
  startProducers();
  ASSERT_TRUE(getOn());
  int disturbed = 0;
  const auto end = SteadyClock::now() + soakTime();
  // All of them in each round, each once.
  while (SteadyClock::now() < end && !HasFailure()) {
    std::shuffle(parts.begin(), parts.end(), random);
    for (const Part& part : parts) {
      disturb(part, random() % 3 != 0);
      ++disturbed;
    }
  }
  over_ = true;
  for (std::thread& producer : producers_) {
    producer.join();
  }
  EXPECT_TRUE(eventually([&] { return acknowledged_.missingIn(consumed_).empty(); }, seconds(60)));
  const auto lost = acknowledged_.missingIn(consumed_);
  EXPECT_TRUE(lost.empty()) << lost.size() << " messages, among them " << lost.front();
  expectSameLogs(cluster_.folder() + "/store", slave_a_);
  expectSameLogs(master_b_.storeFolder(), slave_b_);
  std::printf(
      "%d faults: %zu messages acknowledged, %lld sends failed, %lld came again; pauses %s\n",
      disturbed, acknowledged_.size(), static_cast<long long>(failed_),
      static_cast<long long>(consumed_.again()), pauses().c_str());
  EXPECT_LT(sending_.longestPause(), kTakeover + timeFactor() * kTakeoverSlack);
}

}  // namespace
}  // namespace rocketmq::test
