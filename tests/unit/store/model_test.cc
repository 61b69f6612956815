#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <random>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// Random operations on a store and on a std::map that must agree. A failure names its seed;
/// ROCKETMQ_MODEL_SEED=N runs that one alone.
class StoreModelTest : public StoreTest {
 protected:
  using Queue = std::pair<std::string, int32_t>;
  struct Stored {
    std::string body;
    TimestampMs time = 0;
  };

  StoreModelTest() {
    options_.commit_log_file_bytes = 4096;
    options_.consume_queue_file_bytes = 20 * 20;
    options_.live.message_bytes_max = 3000;
  }

  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  std::string topic() { return std::string(1, static_cast<char>('A' + pick(0, 2))); }
  std::string newBody() {
    const auto size = static_cast<size_t>(pick(0, 9) == 0 ? pick(0, 2500) : pick(0, 100));
    return std::to_string(++bodies_made_) + ":" + std::string(size, 'x');
  }

  void step() {
    const int64_t die = pick(0, 99);
    if (die < 60) {
      putOne();
    } else if (die < 70) {
      putSome();
    } else if (die < 85) {
      readSome();
    } else if (die < 90) {
      lookUpTime();
    } else if (die < 94) {
      clock_.advance(std::chrono::milliseconds(pick(0, 5000)));
    } else if (die < 96) {
      removeTopic(topic());
    } else if (die < 98) {
      restart();
    } else {
      crash();
    }
  }

  void putOne() {
    const Queue queue{topic(), static_cast<int32_t>(pick(0, 1))};
    const std::string body = newBody();
    const std::string key = "k" + std::to_string(pick(0, 9));
    const PutResult result = put(queue.first, queue.second, body, properties({{"KEYS", key}}));
    ASSERT_TRUE(result.ok()) << result.detail;
    ASSERT_EQ(std::ssize(model_[queue]), result.queue_offset);
    model_[queue].push_back({body, clock_.nowMs()});
    keys_[{queue.first, key}].push_back(body);
  }

  void putSome() {
    const Queue queue{topic(), static_cast<int32_t>(pick(0, 1))};
    std::vector<std::string> batch_bodies(static_cast<size_t>(pick(1, 5)));
    std::vector<MessageRecord> batch;
    for (std::string& body : batch_bodies) {
      body = newBody();
      batch.push_back(message(queue.first, queue.second, body));
    }
    const PutResult result = store_->putBatch(batch);
    if (result.status == PutStatus::kMessageIllegal) {
      return;  // Larger than a log file.
    }
    ASSERT_TRUE(result.ok()) << result.detail;
    ASSERT_EQ(std::ssize(model_[queue]), result.queue_offset);
    for (const std::string& body : batch_bodies) {
      model_[queue].push_back({body, clock_.nowMs()});
    }
  }

  void readSome() {
    const Queue queue{topic(), static_cast<int32_t>(pick(0, 1))};
    const auto& expected = model_[queue];
    const int64_t offset = pick(0, std::ssize(expected));
    const auto found = bodies(queue.first, queue.second, offset);
    ASSERT_EQ(std::ssize(expected) - offset, std::ssize(found));
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(expected[static_cast<size_t>(offset) + i].body, found[i]);
    }
  }

  void lookUpTime() {
    const Queue queue{topic(), 0};
    const TimestampMs time = clock_.nowMs() - pick(-10, 20'000);
    int64_t lower = 0;
    int64_t upper = -1;
    for (const Stored& stored : model_[queue]) {
      lower += stored.time < time ? 1 : 0;
      upper += stored.time <= time ? 1 : 0;
    }
    ASSERT_EQ(lower, store_->offsetByTime(queue.first, 0, time, TimeBoundary::kLower).value());
    ASSERT_EQ(std::max<int64_t>(0, upper),
              store_->offsetByTime(queue.first, 0, time, TimeBoundary::kUpper).value());
  }

  void removeTopic(const std::string& name) {
    ASSERT_EQ("", store_->deleteTopic(name).message());
    model_.erase({name, 0});
    model_.erase({name, 1});
  }

  void verify() {
    for (const auto& [queue, expected] : model_) {
      ASSERT_EQ(std::ssize(expected), store_->maxOffset(queue.first, queue.second));
      const auto found = bodies(queue.first, queue.second);
      ASSERT_EQ(expected.size(), found.size());
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(expected[i].body, found[i]);
      }
    }
    for (const auto& [name, expected] : keys_) {
      std::vector<std::string> found;
      ASSERT_TRUE(eventually([&] {
        found.clear();
        for (const LogSlice& slice :
             store_->queryByKey(name.first, name.second, 10'000, 0, int64_t{1} << 60).records) {
          found.emplace_back(decodeRecord(slice.bytes)->body);
        }
        return found.size() >= expected.size();
      })) << name.first
          << " " << name.second;
      ASSERT_EQ(expected, found);
    }
  }

  std::mt19937_64 random_;
  int64_t bodies_made_ = 0;
  std::map<Queue, std::vector<Stored>> model_;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> keys_;
};

TEST_F(StoreModelTest, RandomLivesAgreeWithAMap) {
  const char* replay = std::getenv("ROCKETMQ_MODEL_SEED");
  const uint64_t first = replay == nullptr ? 1 : std::stoull(replay);
  const uint64_t last = replay == nullptr ? 8 : first;
  for (uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("ROCKETMQ_MODEL_SEED=" + std::to_string(seed));
    random_.seed(seed);
    model_.clear();
    keys_.clear();
    // Every other store is restarted from the ends that its checkpoints tell of.
    options_.flush_queue_thorough_interval_ms = seed % 2 == 0 ? 1 : 60'000;
    options_.root_dir = dir_ / ("model" + std::to_string(seed));
    open();
    for (int i = 0; i < 200 && !HasFatalFailure(); ++i) {
      step();
    }
    ASSERT_FALSE(HasFatalFailure());
    verify();
    ASSERT_FALSE(HasFatalFailure());
    close();
  }
}

}  // namespace
}  // namespace rocketmq::store::test
