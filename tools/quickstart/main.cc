// What bin/quickstart runs against the cluster it started: sends messages, receives them, and says
// whether every one came back exactly as it was sent.

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tools/mqbench/histogram.h"
#include "tools/mqbench/report.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::quickstart {
namespace {

struct Options {
  std::string namesrv_addr;
  std::string topic = "QuickStart";
  int32_t messages = 10'000;
  std::string sample_file;  ///< Gets "key=..." and "id=..." of one message, for the script.
};

std::string bodyOf(int32_t index) { return fmt::format("quickstart message {}", index); }
std::string keyOf(int32_t index) { return fmt::format("key-{}", index); }

/// Checks every message off a list: by its property "index", with the body it must have.
class Checklist {
 public:
  explicit Checklist(int32_t messages) : seen_(static_cast<size_t>(messages)) {}

  void take(const MessageExt& message, int64_t now_ns) {
    std::lock_guard lock(mutex_);
    const int32_t index = std::atoi(message.property("index").c_str());
    const int64_t sent_at = std::atoll(message.property("sentAt").c_str());
    if (index < 0 || static_cast<size_t>(index) >= seen_.size() ||
        message.body() != bodyOf(index) || message.keys() != keyOf(index)) {
      ++wrong_;
      return;
    }
    if (++seen_[static_cast<size_t>(index)] == 1) {
      ++different_;
      latency_.record(now_ns - sent_at);
    } else {
      ++repeated_;
    }
  }

  int32_t different() const {
    std::lock_guard lock(mutex_);
    return different_;
  }
  bool exact() const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(different_) == seen_.size() && wrong_ == 0 && repeated_ == 0;
  }
  std::string describe() const {
    std::lock_guard lock(mutex_);
    return fmt::format("{} of {} messages, {} repeated, {} wrong", different_, seen_.size(),
                       repeated_, wrong_);
  }
  bench::Histogram latency() const {
    std::lock_guard lock(mutex_);
    return latency_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<int32_t> seen_;
  int32_t different_ = 0;
  int32_t repeated_ = 0;
  int32_t wrong_ = 0;
  bench::Histogram latency_;
};

void printLatency(const char* name, const bench::Histogram& histogram) {
  fmt::print("  {:<22} p50 {:>9}   p99 {:>9}   p99.9 {:>9}   max {:>9}\n", name,
             bench::formatDuration(histogram.percentile(50)),
             bench::formatDuration(histogram.percentile(99)),
             bench::formatDuration(histogram.percentile(99.9)),
             bench::formatDuration(histogram.max()));
}

/// Sends every message and waits for each answer; the sample is taken from the middle.
bench::Histogram sendAll(DefaultMQProducer& producer, const Options& options,
                         std::atomic<int32_t>& sent) {
  bench::Histogram latency;
  for (int32_t i = 0; i < options.messages; ++i) {
    const int64_t at = bench::nowNs();
    Message message(options.topic, "TagA", keyOf(i), bodyOf(i));
    message.putUserProperty("index", std::to_string(i));
    message.putUserProperty("sentAt", std::to_string(at));
    const SendResult result = producer.send(message);
    latency.record(bench::nowNs() - at);
    sent.fetch_add(1, std::memory_order_relaxed);
    if (i == options.messages / 2 && !options.sample_file.empty()) {
      std::ofstream(options.sample_file)
          << "key=" << keyOf(i) << "\nid=" << result.offset_msg_id << "\n";
    }
  }
  return latency;
}

int runMain(const Options& options) {
  Checklist received(options.messages);
  PushConsumerConfig consumer_config;
  consumer_config.namesrv_addr = options.namesrv_addr;
  consumer_config.consumer_group = "quickstart_consumer";
  consumer_config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultMQPushConsumer consumer(std::move(consumer_config));
  consumer.subscribe(options.topic, "TagA");
  consumer.registerMessageListener(
      [&received](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        const int64_t now = bench::nowNs();
        for (const MessageExt& message : messages) {
          received.take(message, now);
        }
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();

  ProducerConfig producer_config;
  producer_config.namesrv_addr = options.namesrv_addr;
  producer_config.producer_group = "quickstart_producer";
  DefaultMQProducer producer(std::move(producer_config));
  producer.start();

  std::atomic<int32_t> sent{0};
  bench::Histogram send_latency;
  const int64_t start = bench::nowNs();
  double send_seconds = 0;
  {
    const bench::ProgressLine progress(true, [&](double) {
      return fmt::format("  {} sent, {} received", sent.load(), received.different());
    });
    send_latency = sendAll(producer, options, sent);
    send_seconds = static_cast<double>(bench::nowNs() - start) / 1e9;
    const int64_t patience_end = bench::nowNs() + 30'000'000'000;
    while (received.different() < options.messages && bench::nowNs() < patience_end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  const double seconds = static_cast<double>(bench::nowNs() - start) / 1e9;
  consumer.shutdown();
  producer.shutdown();

  fmt::print("  sent      {} messages, one at a time, in {:.2f} s: {:.0f} msg/s\n", sent.load(),
             send_seconds, sent.load() / send_seconds);
  fmt::print("  received  {} after {:.2f} s\n", received.describe(), seconds);
  printLatency("send to answer", send_latency);
  printLatency("send to listener", received.latency());
  if (!received.exact()) {
    fmt::print("  NOT what was sent; see the broker's log\n");
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace rocketmq::quickstart

int main(int argc, char** argv) {
  rocketmq::quickstart::Options options;
  CLI::App app("Sends messages to a topic, receives them and compares.", "quickstart");
  app.add_option("-n,--namesrvAddr", options.namesrv_addr, "Name servers")->required();
  app.add_option("-t,--topic", options.topic, "Topic")->capture_default_str();
  app.add_option("-m,--messages", options.messages, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--sample-file", options.sample_file, "Gets key and id of one message");
  CLI11_PARSE(app, argc, argv);
  try {
    return rocketmq::quickstart::runMain(options);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "quickstart: {}\n", failure.what());
    return 1;
  }
}
