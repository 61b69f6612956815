#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "store/dispatch/arrival_queue.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

class StoreConcurrencyTest : public StoreTest, public ::testing::WithParamInterface<FlushMode> {
 protected:
  static constexpr int kThreads = 4;
  static constexpr int kPutsPerThread = 1500;

  StoreConcurrencyTest() { options_.flush_mode = GetParam(); }
};

TEST_P(StoreConcurrencyTest, PutsFromFourThreadsGetDenseOffsetsAndArriveInOrder) {
  std::vector<int64_t> arrived[2];
  std::atomic<int> arrivals{0};
  listener_ = [&](const Arrival& arrival) {
    if (arrival.topic == "A") {
      arrived[arrival.queue_id].push_back(arrival.queue_offset);
    }
    ++arrivals;
  };
  open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPutsPerThread; ++i) {
        const std::string body = std::to_string(t) + "-" + std::to_string(i);
        const PutResult result = put("A", i % 2, body, properties({{"KEYS", body}}));
        ASSERT_TRUE(result.ok()) << result.detail;
      }
    });
  }
  // A reader and a maker of batches beside them.
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      readAll(*store_, "A", 0, store_->maxOffset("A", 0) / 2);
      EXPECT_TRUE(store_->offsetByTime("A", 1, clock_.nowMs(), TimeBoundary::kUpper).ok());
      store_->queryByKey("A", "0-1", 10, 0, clock_.nowMs());
    }
  });
  for (int i = 0; i < 100; ++i) {
    const std::vector<MessageRecord> batch(3, message("B", 0, "batch"));
    ASSERT_TRUE(store_->putBatch(batch).ok());
  }
  for (auto& thread : threads) {
    thread.join();
  }
  done = true;
  reader.join();
  constexpr int kPerQueue = kThreads * kPutsPerThread / 2;
  ASSERT_TRUE(eventually([&] { return arrivals == 2 * kPerQueue + 300; }));
  EXPECT_EQ(kPerQueue, store_->maxOffset("A", 0));
  EXPECT_EQ(300, store_->maxOffset("B", 0));

  // Every message once, and those of one thread in the order of their puts.
  restart();
  for (int queue_id = 0; queue_id < 2; ++queue_id) {
    const auto found = bodies("A", queue_id);
    ASSERT_EQ(size_t{kPerQueue}, found.size());
    std::vector<int> next(kThreads, queue_id);
    for (const std::string& body : found) {
      const auto thread = static_cast<size_t>(std::stoi(body));
      ASSERT_EQ(std::to_string(thread) + "-" + std::to_string(next[thread]), body);
      next[thread] += 2;
    }
  }
  for (const auto& offsets : arrived) {
    EXPECT_EQ(size_t{kPerQueue}, offsets.size());
    EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
  }
}

/// A disk that is as fast as memory, so that flushes end while puts are still on their way.
class InstantDisk final : public rocketmq::test::ForwardingFileSystem {
 public:
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                              ForwardingFileSystem::map(path, options));
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(real)));
  }

 private:
  class File final : public rocketmq::test::ForwardingMappedFile {
   public:
    using ForwardingMappedFile::ForwardingMappedFile;
    Status sync(int64_t, int64_t) override { return Status::ok(); }
  };
};

// A record may be flushed and in its queue before its put goes on.
TEST_P(StoreConcurrencyTest, NoOffsetIsLeftOutWhenAFlushOvertakesAPut) {
  constexpr int kPuts = 20'000;
  InstantDisk disk;
  auto opened = MessageStore::open(options_, clock_, nullptr, disk);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  MessageStore& store = **opened;
  std::vector<std::vector<int64_t>> offsets(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<int64_t>& own : offsets) {
    threads.emplace_back([&] {
      for (int i = 0; i < kPuts; ++i) {
        const PutResult result = store.put(message("A", 0, "body"));
        ASSERT_TRUE(result.ok()) << result.detail;
        own.push_back(result.queue_offset);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  std::vector<int64_t> all;
  for (const std::vector<int64_t>& own : offsets) {
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(static_cast<int64_t>(i), all[i]);
  }
}

TEST_P(StoreConcurrencyTest, PutsDeletionsAndRetentionDoNotDisturbEachOther) {
  files_.used_ratio = 0.1;
  listener_ = [](const Arrival& arrival) {
    // Reads all that it is given: it must still be there.
    std::string copy(arrival.topic);
    copy += arrival.properties;
    ASSERT_FALSE(copy.empty());
  };
  options_.live.file_reserved_hours = -100'000;  // Every file is past it.
  open();
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (const std::string topic : {"A", "B"}) {
    threads.emplace_back([&, topic] {
      for (int i = 0; i < 1000; ++i) {
        const PutResult result =
            put(topic, i % 3, std::string(200, 'x'), properties({{"TAGS", "t"}, {"KEYS", "k"}}));
        ASSERT_TRUE(result.ok() || result.status == PutStatus::kServiceNotAvailable);
      }
    });
  }
  std::thread housekeeper([&] {
    while (!done) {
      EXPECT_EQ("", store_->cleanExpiredFiles().message());
      EXPECT_EQ("", store_->deleteTopic("B").message());
      readAll(*store_, "A", 1, store_->minOffset("A", 1));
    }
  });
  for (auto& thread : threads) {
    thread.join();
  }
  done = true;
  housekeeper.join();
  ASSERT_TRUE(eventually([&] { return store_->dispatchBehindBytes() == 0; }));
  EXPECT_EQ(1000,
            store_->maxOffset("A", 0) + store_->maxOffset("A", 1) + store_->maxOffset("A", 2));
  ASSERT_TRUE(flushEverything());
  EXPECT_EQ("", store_->cleanExpiredFiles().message());
  EXPECT_GT(store_->commitLogMinOffset(), 0);
  restart();
  EXPECT_EQ(1000,
            store_->maxOffset("A", 0) + store_->maxOffset("A", 1) + store_->maxOffset("A", 2));
}

INSTANTIATE_TEST_SUITE_P(BothModes, StoreConcurrencyTest,
                         ::testing::Values(FlushMode::kAsync, FlushMode::kSync));

TEST(ArrivalQueueTest, EverythingPushedIsToldOnceAndInOrder) {
  std::vector<int64_t> told;
  ArrivalQueue arrivals([&](const Arrival& arrival) { told.push_back(arrival.queue_offset); });
  const ConsumeQueue queue(posixFileSystem(),
                           {.dir = "", .topic = "A", .queue_id = 0, .file_bytes = 1000});
  Mutex order;
  int64_t next = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        arrivals.waitForRoom();
        {
          MutexLock lock(order);
          PendingArrival arrival;
          arrival.queue = &queue;
          arrival.queue_offset = next++;
          arrivals.push(arrival);
        }
        arrivals.tell();
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  arrivals.waitUntilTold();
  ASSERT_EQ(20'000u, told.size());
  for (size_t i = 0; i < told.size(); ++i) {
    ASSERT_EQ(static_cast<int64_t>(i), told[i]);
  }
}

/// A listener that is let go on message by message.
class SteppedArrivals {
 public:
  SteppedArrivals() {
    PendingArrival arrival;
    arrival.queue = &queue_;
    arrivals_.push(arrival);
    teller_ = std::thread([this] { arrivals_.tell(); });
    asked_.wait(0);
    for (size_t i = 0; i < ArrivalQueue::kBacklogMax; ++i) {
      ++arrival.queue_offset;
      arrivals_.push(arrival);
    }
  }
  ~SteppedArrivals() {
    allow(ArrivalQueue::kBacklogMax + 1);
    teller_.join();
  }

  void allow(int64_t count) {
    allowed_ = count;
    allowed_.notify_all();
  }
  ArrivalQueue& arrivals() { return arrivals_; }

 private:
  const ConsumeQueue queue_{posixFileSystem(),
                            {.dir = "", .topic = "A", .queue_id = 0, .file_bytes = 1000}};
  std::atomic<int64_t> allowed_{0};
  std::atomic<int64_t> asked_{0};
  ArrivalQueue arrivals_{[this](const Arrival& arrival) {
    asked_ = arrival.queue_offset + 1;
    asked_.notify_all();
    for (int64_t now = allowed_; now <= arrival.queue_offset; now = allowed_) {
      allowed_.wait(now);
    }
  }};
  std::thread teller_;
};

// Promise: a put that waits for a slow listener waits for one backlog, not for all that others
// push. Many times, as the listener may be faster than the thread that is to wait for it.
TEST(ArrivalQueueTest, RoomIsThereOnceTheBacklogHasBeenTakenInHand) {
  for (int round = 0; round < 100; ++round) {
    SteppedArrivals stepped;
    std::atomic<bool> begun{false};
    auto waited = std::async(std::launch::async, [&] {
      begun = true;
      begun.notify_all();
      stepped.arrivals().waitForRoom();
    });
    begun.wait(false);
    stepped.allow(1);
    const bool is_over = waited.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    stepped.allow(ArrivalQueue::kBacklogMax + 1);
    ASSERT_TRUE(is_over);
  }
}

}  // namespace
}  // namespace rocketmq::store::test
