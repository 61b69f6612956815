#include "tests/fault/load.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <limits>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

namespace rocketmq::test {
namespace {

ProducerConfig producerConfig(const Cluster& cluster) {
  ProducerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.producer_group = "fault_producer";
  config.compress_msg_body_over_howmuch = std::numeric_limits<int32_t>::max();
  return config;
}

PullConsumerConfig consumerConfig(const Cluster& cluster) {
  PullConsumerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.consumer_group = "fault_consumer";
  return config;
}

/// Mostly small, and now and then so large that the store writes it by other means.
size_t fillerBytes(std::mt19937_64& random) {
  constexpr int kLargeOneOf = 24;
  return random() % kLargeOneOf == 0 ? random() % 200'000 : random() % 2000;
}

/// "SENDER NUMBER FILLER"; the filler follows from the first two, so that a body proves itself.
std::string bodyOf(int sender, int64_t number, size_t filler) {
  const char letter = static_cast<char>('a' + (number + sender) % 26);
  return std::to_string(sender) + " " + std::to_string(number) + " " + std::string(filler, letter);
}

}  // namespace

Load::Load(Cluster& cluster, std::string topic, uint64_t seed)
    : cluster_(cluster),
      topic_(std::move(topic)),
      seed_(seed),
      producer_(producerConfig(cluster)),
      consumer_(consumerConfig(cluster)),
      next_number_(kSenders, 0) {
  cluster.createTopic(topic_, kQueues);
  producer_.start();
  consumer_.start();
}

void Load::sendUntilKilled(int64_t count) {
  run(count, SIGKILL);
  cluster_.killBroker();
}

void Load::sendUntilStopped(int64_t count) {
  run(count, SIGTERM);
  cluster_.stopBroker();
}

void Load::send(int64_t count) { run(count, std::nullopt); }

void Load::run(int64_t count, std::optional<int> signal) {
  over_ = false;
  stop_at_ = acknowledged_ + count;
  signal_ = signal;
  broker_ = cluster_.broker().pid();
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([this, sender, seed = ++seed_] { sendAlone(sender, seed); });
  }
  const auto patience = std::chrono::seconds(60);
  if (signal) {
    EXPECT_EQ(*signal == SIGKILL ? 128 + SIGKILL : 0, cluster_.broker().awaitExit(patience))
        << cluster_.broker().output();
  } else {
    EXPECT_TRUE(eventually([this] { return over_.load(); }, patience));
  }
  over_ = true;
  for (std::thread& sender : senders) {
    sender.join();
  }
}

void Load::sendAlone(int sender, uint64_t seed) {
  std::mt19937_64 random(seed);
  int64_t& number = next_number_[static_cast<size_t>(sender)];
  while (!over_) {
    const std::string body = bodyOf(sender, number, fillerBytes(random));
    const std::string key = "key-" + std::to_string(sender) + "-" + std::to_string(number);
    ++number;
    Message message(topic_, "tag", key, body);
    const MessageQueue queue{topic_, "broker-a", static_cast<int32_t>(random() % kQueues)};
    try {
      const SendResult result = producer_.send(message, queue);
      if (result.status != SendStatus::kSendOk) {
        continue;  // Stored, but not as safely as it should be.
      }
      note(result, body, key);
    } catch (const MQException&) {
      continue;  // May have been stored all the same.
    }
    if (++acknowledged_ == stop_at_) {
      if (signal_) {
        ::kill(broker_, *signal_);
      } else {
        over_ = true;
      }
    }
  }
}

void Load::note(const SendResult& result, const std::string& body, const std::string& key) {
  std::lock_guard lock(mutex_);
  const Place place{result.message_queue.queue_id, result.queue_offset};
  EXPECT_TRUE(promised_.emplace(place, body).second)
      << "two messages were acknowledged at offset " << place.queue_offset << " of queue "
      << place.queue_id;
  if (some_key_.empty()) {
    some_key_ = key;
    some_message_id_ = result.msg_id;
  }
}

void Load::expectEverythingThere() {
  for (int32_t queue_id = 0; queue_id < kQueues; ++queue_id) {
    SCOPED_TRACE("queue " + std::to_string(queue_id));
    expectQueue(queue_id);
  }
}

void Load::expectQueue(int32_t queue_id) {
  const std::vector<MessageExt> found = readQueue(queue_id);
  std::vector<int64_t> last_number(kSenders, -1);
  for (size_t at = 0; at < found.size(); ++at) {
    const MessageExt& message = found[at];
    ASSERT_EQ(static_cast<int64_t>(at), message.queueOffset());
    int sender = -1;
    int64_t number = -1;
    std::istringstream(message.body()) >> sender >> number;
    ASSERT_TRUE(sender >= 0 && sender < kSenders) << message.body();
    const size_t filler = message.body().size() - bodyOf(sender, number, 0).size();
    ASSERT_EQ(bodyOf(sender, number, filler), message.body());
    ASSERT_EQ("key-" + std::to_string(sender) + "-" + std::to_string(number), message.keys());
    int64_t& last = last_number[static_cast<size_t>(sender)];
    ASSERT_LT(last, number) << "out of order, or twice, at offset " << at;
    last = number;
  }
  for (auto it = promised_.lower_bound({queue_id, 0});
       it != promised_.end() && it->first.queue_id == queue_id; ++it) {
    const auto at = static_cast<size_t>(it->first.queue_offset);
    ASSERT_LT(at, found.size()) << "an acknowledged message is lost: " << it->second.substr(0, 20);
    ASSERT_EQ(it->second, found[at].body());
  }
}

std::vector<MessageExt> Load::readQueue(int32_t queue_id) {
  const MessageQueue queue{topic_, "broker-a", queue_id};
  int64_t minimum = -1;
  int64_t maximum = -1;
  // The connection of the life before is noticed to be broken on the first use.
  EXPECT_TRUE(eventually([&] {
    try {
      minimum = consumer_.minOffset(queue);
      maximum = consumer_.maxOffset(queue);
      return true;
    } catch (const MQException&) {
      return false;
    }
  }));
  EXPECT_EQ(0, minimum);
  std::vector<MessageExt> found;
  for (int64_t offset = minimum; offset < maximum;) {
    const PullResult result = consumer_.pull(queue, "*", offset, 1000);
    EXPECT_EQ(PullStatus::kFound, result.status) << offset;
    if (result.status != PullStatus::kFound || result.next_begin_offset <= offset) {
      return found;
    }
    found.insert(found.end(), result.messages.begin(), result.messages.end());
    offset = result.next_begin_offset;
  }
  EXPECT_EQ(maximum - minimum, std::ssize(found));
  return found;
}

}  // namespace rocketmq::test
