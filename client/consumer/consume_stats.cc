#include "client/consumer/consume_stats.h"

namespace rocketmq::client {
namespace {

constexpr size_t kSamplesKept = 60 / ConsumeStats::kSampleSeconds;

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void ConsumeStats::countPull(const std::string& topic, int64_t messages, int64_t cost_ms) {
  MutexLock lock(mutex_);
  Counters& counters = topics_[topic].now;
  ++counters.pulls;
  counters.pulled += messages;
  counters.pull_ms += cost_ms;
}

void ConsumeStats::countConsumed(const std::string& topic, int64_t ok, int64_t failed,
                                 int64_t cost_ms) {
  MutexLock lock(mutex_);
  Counters& counters = topics_[topic].now;
  ++counters.calls;
  counters.ok += ok;
  counters.failed += failed;
  counters.consume_ms += cost_ms;
}

void ConsumeStats::takeSample() {
  MutexLock lock(mutex_);
  for (auto& [name, topic] : topics_) {
    topic.samples.push_back(topic.now);
    if (topic.samples.size() > kSamplesKept) {
      topic.samples.pop_front();
    }
  }
}

std::map<std::string, remoting::ConsumeStatus> ConsumeStats::status() const {
  std::map<std::string, remoting::ConsumeStatus> table;
  MutexLock lock(mutex_);
  for (const auto& [name, topic] : topics_) {
    const Counters& now = topic.now;
    const Counters then = topic.samples.empty() ? Counters{} : topic.samples.front();
    const int64_t seconds =
        kSampleSeconds * static_cast<int64_t>(std::max<size_t>(topic.samples.size(), 1));
    remoting::ConsumeStatus& status = table[name];
    status.pull_tps = ratio(now.pulled - then.pulled, seconds);
    status.pull_rt_ms = ratio(now.pull_ms - then.pull_ms, now.pulls - then.pulls);
    status.consume_ok_tps = ratio(now.ok - then.ok, seconds);
    status.consume_failed_tps = ratio(now.failed - then.failed, seconds);
    status.consume_rt_ms = ratio(now.consume_ms - then.consume_ms, now.calls - then.calls);
    status.consume_failed_msgs = now.failed;
  }
  return table;
}

}  // namespace rocketmq::client
