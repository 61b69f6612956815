#include "tests/fault/well_behaved.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "tests/fault/hostile_support.h"
#include "tests/support/raw_socket.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSendEvery{2};
constexpr milliseconds kAskEvery{5};
constexpr const char* kTopic = "WellBehaved";
constexpr int kGetRouteByTopic = 105;

double msSince(steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

ProducerConfig producerConfig(const Cluster& cluster) {
  ProducerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.producer_group = "well_behaved_producer";
  config.instance_name = "producer";
  return config;
}

PushConsumerConfig consumerConfig(const Cluster& cluster) {
  PushConsumerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.consumer_group = "well_behaved_consumer";
  config.instance_name = "consumer";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  return config;
}

}  // namespace

void Durations::add(double ms) {
  std::lock_guard lock(mutex_);
  all_.push_back(ms);
}

double Durations::takeP99() {
  std::lock_guard lock(mutex_);
  std::vector<double> all = std::exchange(all_, {});
  if (all.empty()) {
    return 0;
  }
  const auto p99 = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 99 / 100);
  std::ranges::nth_element(all, p99);
  return *p99;
}

steady_clock::time_point Schedule::awaitNext() {
  const steady_clock::time_point due = due_.load() + distance_;
  due_ = due;
  std::this_thread::sleep_until(due);
  return due;
}

bool Schedule::isOnTime() const { return steady_clock::now() - due_.load() < 4 * distance_; }

Asker::Asker(uint16_t port) : schedule_(kAskEvery), thread_("asker", [this, port] { ask(port); }) {}

void Asker::stop() {
  over_ = true;
  thread_.join();
}

void Asker::ask(uint16_t port) {
  RawSocket socket = RawSocket::connectTo(port);
  const std::string request =
      hostileFrame(kGetRouteByTopic, std::string(R"({"topic":")") + kTopic + "\"}");
  while (!over_) {
    const auto due = schedule_.awaitNext();
    std::optional<std::string> answer;
    if (socket.write(request)) {
      answer = socket.readFrame();
    }
    if (!answer || answer->find(R"("code":0)") == std::string::npos) {
      ADD_FAILURE() << "no route: " << answer.value_or("no answer");
      ++failures_;
      return;
    }
    durations_.add(msSince(due));
  }
}

WellBehaved::WellBehaved(Cluster& cluster)
    : producer_(producerConfig(cluster)), consumer_(consumerConfig(cluster)) {
  cluster.createTopic(kTopic);
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
  asker_.emplace(cluster.namesrvPort());
  schedule_.emplace(kSendEvery);
  sender_ = NamedThread("sender", [this] { send(); });
}

PairReport WellBehaved::take() {
  PairReport report;
  report.messages = sent_.exchange(0);
  report.failures = failures_.exchange(0) + asker_->takeFailures();
  report.send_p99_ms = sends_.takeP99();
  report.delivery_p99_ms = deliveries_.takeP99();
  report.route_p99_ms = asker_->takeP99();
  return report;
}

void WellBehaved::catchUp() {
  constexpr size_t kUsuallyOnTheWay = 10;
  eventually(
      [this] {
        return schedule_->isOnTime() && asker_->isOnTime() && waiting() <= kUsuallyOnTheWay;
      },
      std::chrono::seconds(30));
  take();
}

bool WellBehaved::awaitReceived(int64_t count) {
  const int64_t enough = received_.load() + count;
  return eventually([&] { return received_.load() >= enough; }, std::chrono::seconds(60));
}

int64_t WellBehaved::stop() {
  over_ = true;
  sender_.join();
  asker_->stop();
  eventually([this] { return waiting() == 0; }, std::chrono::seconds(10));
  consumer_.shutdown();
  producer_.shutdown();
  return static_cast<int64_t>(waiting());
}

void WellBehaved::send() {
  for (int64_t number = 0; !over_; ++number) {
    const std::string body = std::to_string(number);
    const auto due = schedule_->awaitNext();
    {
      std::lock_guard lock(mutex_);
      due_[body] = due;
    }
    try {
      Message message(kTopic, body);
      producer_.send(message);
      sends_.add(msSince(due));
      ++sent_;
    } catch (const MQException& failure) {
      ADD_FAILURE() << "send " << body << ": " << failure.what();
      ++failures_;
      std::lock_guard lock(mutex_);
      due_.erase(body);
    }
  }
}

void WellBehaved::onMessage(const std::string& body) {
  std::lock_guard lock(mutex_);
  const auto due = due_.find(body);
  if (due != due_.end()) {
    deliveries_.add(msSince(due->second));
    due_.erase(due);
    ++received_;
  }
}

size_t WellBehaved::waiting() {
  std::lock_guard lock(mutex_);
  return due_.size();
}

}  // namespace rocketmq::test
