#include "broker/pull/held_pulls.h"

#include <gtest/gtest.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/pull/tag_filter.h"
#include "common/hash.h"
#include "tests/support/eventually.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using TimePoint = HeldPulls::TimePoint;
using Task = remoting::UniqueFunction<void()>;

struct Endings {
  std::atomic<int> arrivals{0};
  std::atomic<int> expiries{0};
  std::atomic<int> destroyed{0};
};

/// Remembers how pulls ended. Shared with them: those still held die after the test's variables.
struct Outcome {
  std::shared_ptr<Endings> endings = std::make_shared<Endings>();
  std::atomic<int>& arrivals = endings->arrivals;
  std::atomic<int>& expiries = endings->expiries;
  std::atomic<int>& destroyed = endings->destroyed;
};

class RecordingPull : public HeldPull {
 public:
  explicit RecordingPull(const Outcome& outcome) : endings_(outcome.endings) {}
  ~RecordingPull() override { ++endings_->destroyed; }
  void resume(WakeReason reason) override {
    ++(reason == WakeReason::kArrival ? endings_->arrivals : endings_->expiries);
  }

 private:
  const std::shared_ptr<Endings> endings_;
};

class HeldPullsTest : public testing::Test {
 protected:
  static constexpr TimePoint at(int64_t ms) { return TimePoint(milliseconds(ms)); }

  std::optional<uint64_t> hold(HeldPulls& holder, HeldPulls::Ticket ticket, Outcome& outcome) {
    std::unique_ptr<HeldPull> pull = std::make_unique<RecordingPull>(outcome);
    return holder.hold(ticket, pull);
  }
  std::optional<uint64_t> hold(HeldPulls::Ticket ticket, Outcome& outcome) {
    return hold(held_, ticket, outcome);
  }

  void arrive(std::string_view topic, int32_t queue_id, int64_t queue_offset,
              int64_t tags_code = 0) {
    held_.onArrival({.topic = topic,
                     .queue_id = queue_id,
                     .queue_offset = queue_offset,
                     .tags_code = tags_code,
                     .store_timestamp_ms = 0,
                     .properties = {}});
  }

  /// Runs what was handed to the executor.
  void runPosted() {
    while (!posted_.empty()) {
      Task task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }

  std::deque<Task> posted_;
  HeldPulls held_{{.held_max = 100}, [this](Task task) { posted_.push_back(std::move(task)); }};
};

TEST_F(HeldPullsTest, ArrivalWakesOnlyPullsOfItsQueue) {
  Outcome same;
  Outcome other_queue;
  Outcome other_topic;
  hold({.topic = "T", .queue_id = 1, .deadline = at(100)}, same);
  hold({.topic = "T", .queue_id = 2, .deadline = at(100)}, other_queue);
  hold({.topic = "U", .queue_id = 1, .deadline = at(100)}, other_topic);

  arrive("T", 1, 0);
  runPosted();

  EXPECT_EQ(same.arrivals, 1);
  EXPECT_EQ(same.destroyed, 1);
  EXPECT_EQ(other_queue.arrivals, 0);
  EXPECT_EQ(other_topic.arrivals, 0);
  EXPECT_EQ(held_.size(), 2u);
}

TEST_F(HeldPullsTest, FiltersOfTheirOwnAreBoundedTogether) {
  HeldPulls held({.held_max = 100, .filter_bytes_max = 1000}, [](const Task&) {});
  Outcome outcome;
  uint64_t connection = 0;
  const auto holds = [&](size_t filter_bytes) {
    return hold(held,
                {.topic = "T",
                 .deadline = at(100),
                 .connection_id = ++connection,
                 .filter_bytes = filter_bytes},
                outcome);
  };
  const auto first = holds(600);
  ASSERT_TRUE(first);
  EXPECT_FALSE(holds(401));
  EXPECT_TRUE(holds(400));
  EXPECT_FALSE(holds(1));
  EXPECT_TRUE(holds(0));
  EXPECT_EQ(held.size(), 3u);
  held.release({.topic = "T", .deadline = at(100)}, *first);
  EXPECT_TRUE(holds(600));
}

// Promise: some connections that hold all they can keep nobody else's pulls from waiting.
TEST_F(HeldPullsTest, OneConnectionLeavesRoomForOthers) {
  for (const size_t filter_bytes : {size_t{0}, size_t{100}}) {
    HeldPulls held({.held_max = 10'000, .filter_bytes_max = 1'000'000}, [](const Task&) {});
    Outcome outcome;
    const auto holds = [&](uint64_t connection, int32_t queue_id) {
      return hold(held,
                  {.topic = "T",
                   .queue_id = queue_id,
                   .deadline = at(100),
                   .connection_id = connection,
                   .filter_bytes = filter_bytes},
                  outcome)
          .has_value();
    };
    for (int32_t i = 0; i < 40'000; ++i) {
      holds(1 + static_cast<uint64_t>(i) % 2, i / 2 % 100);
    }
    EXPECT_GT(held.size(), 9'000u);
    for (int32_t queue_id = 0; queue_id < 100; ++queue_id) {
      EXPECT_TRUE(holds(3, queue_id)) << queue_id << ", filters of " << filter_bytes;
    }
  }
}

TEST_F(HeldPullsTest, ArrivalWakesOnlyPullsWhoseTagMatches) {
  // Filters outlive their pulls.
  static const TagFilter wants_a({tagsCode("A")});
  static const TagFilter wants_b({tagsCode("B")});
  Outcome a;
  Outcome b;
  Outcome everything;
  hold({.topic = "T", .deadline = at(100), .filter = &wants_a}, a);
  hold({.topic = "T", .deadline = at(100), .filter = &wants_b}, b);
  hold({.topic = "T", .deadline = at(100)}, everything);

  arrive("T", 0, 0, tagsCode("B"));
  runPosted();

  EXPECT_EQ(a.arrivals, 0);
  EXPECT_EQ(b.arrivals, 1);
  EXPECT_EQ(everything.arrivals, 1);
}

TEST_F(HeldPullsTest, ArrivalBelowTheWantedOffsetDoesNotWake) {
  Outcome outcome;
  hold({.topic = "T", .queue_offset = 5, .deadline = at(100)}, outcome);
  arrive("T", 0, 4);
  runPosted();
  EXPECT_EQ(outcome.arrivals, 0);
  arrive("T", 0, 5);
  runPosted();
  EXPECT_EQ(outcome.arrivals, 1);
}

TEST_F(HeldPullsTest, DeadlinesExpireExactlyAndTellTheNextOne) {
  Outcome first;
  Outcome second;
  hold({.topic = "T", .queue_id = 0, .deadline = at(100)}, first);
  hold({.topic = "T", .queue_id = 1, .deadline = at(250)}, second);

  EXPECT_EQ(held_.expire(at(99)), at(100));
  runPosted();
  EXPECT_EQ(first.expiries, 0);

  EXPECT_EQ(held_.expire(at(100)), at(250));
  runPosted();
  EXPECT_EQ(first.expiries, 1);
  EXPECT_EQ(second.expiries, 0);

  EXPECT_EQ(held_.expire(at(1000)), TimePoint::max());
  runPosted();
  EXPECT_EQ(second.expiries, 1);
  EXPECT_EQ(held_.size(), 0u);
}

TEST_F(HeldPullsTest, AScopeResumesWokenPullsOnItsOwnThreadWhenItEnds) {
  Outcome outcome;
  hold({.topic = "T", .deadline = at(100)}, outcome);
  {
    HeldPulls::WakeScope scope(held_);
    arrive("T", 0, 0);
    EXPECT_EQ(outcome.arrivals, 0);  // Never inside the store's dispatch.
  }
  EXPECT_EQ(outcome.arrivals, 1);
  EXPECT_TRUE(posted_.empty());
}

TEST_F(HeldPullsTest, AScopeLeavesTheRestToOthersInTurns) {
  constexpr int kPulls = 1000;
  HeldPulls held({}, [this](Task task) { posted_.push_back(std::move(task)); });
  Outcome outcome;
  for (int i = 0; i < kPulls; ++i) {
    hold(held, {.topic = "T", .deadline = at(100)}, outcome);
  }
  {
    HeldPulls::WakeScope scope(held);
    held.onArrival({.topic = "T",
                    .queue_id = 0,
                    .queue_offset = 0,
                    .tags_code = 0,
                    .store_timestamp_ms = 0,
                    .properties = {}});
  }
  int resumed = static_cast<int>(HeldPulls::kInlineWakesMax);
  EXPECT_EQ(outcome.arrivals, resumed);
  while (!posted_.empty()) {
    Task turn = std::move(posted_.front());
    posted_.pop_front();
    turn();
    EXPECT_LE(outcome.arrivals - resumed, static_cast<int>(HeldPulls::kWakesPerTurn));
    resumed = outcome.arrivals;
  }
  EXPECT_EQ(outcome.arrivals, kPulls);
  EXPECT_EQ(outcome.destroyed, kPulls);
}

TEST_F(HeldPullsTest, AClosedConnectionTakesItsPullsWithIt) {
  Outcome mine;
  Outcome others;
  hold({.topic = "T", .queue_id = 1, .deadline = at(100), .connection_id = 7}, mine);
  hold({.topic = "T", .queue_id = 2, .deadline = at(100), .connection_id = 7}, mine);
  hold({.topic = "T", .queue_id = 1, .deadline = at(100), .connection_id = 8}, others);

  held_.dropConnection(7);

  EXPECT_EQ(mine.destroyed, 2);
  EXPECT_EQ(mine.arrivals + mine.expiries, 0);
  EXPECT_EQ(held_.size(), 1u);
  arrive("T", 1, 0);
  runPosted();
  EXPECT_EQ(others.arrivals, 1);
}

/// CPU time, as other work on the machine must not count.
double secondsToDrop(int pulls) {
  HeldPulls held({.held_max = 2 * static_cast<size_t>(pulls)}, [](const Task&) {});
  Outcome outcome;
  for (int i = 0; i < pulls; ++i) {
    std::unique_ptr<HeldPull> pull = std::make_unique<RecordingPull>(outcome);
    held.hold({.topic = "T", .deadline = TimePoint(milliseconds(100)), .connection_id = 7}, pull);
  }
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double begin = now();
  while (outcome.destroyed < pulls) {
    held.dropConnection(7);
  }
  return now() - begin;
}

// Promise: what one connection's pulls cost, under a lock that others wait for, grows with their
// number only.
TEST_F(HeldPullsTest, ManyPullsOfOneConnectionCostNoMoreEach) {
  EXPECT_LT(secondsToDrop(50'000), 80 * secondsToDrop(2'500));
}

TEST_F(HeldPullsTest, ManyPullsOfAClosedConnectionGoInTurns) {
  constexpr int kPulls = 3 * HeldPulls::kPullsPerTurn;
  HeldPulls held({}, [](const Task&) {});
  Outcome mine;
  Outcome others;
  const TimePoint never = std::chrono::steady_clock::now() + std::chrono::hours(1);
  for (int i = 0; i < kPulls; ++i) {
    hold(held, {.topic = "T", .queue_id = i % 20, .deadline = never, .connection_id = 7}, mine);
  }
  hold(held, {.topic = "T", .deadline = never, .connection_id = 8}, others);

  held.dropConnection(7);
  EXPECT_EQ(mine.destroyed, HeldPulls::kPullsPerTurn);
  held.start();
  EXPECT_TRUE(rocketmq::test::eventually([&] { return held.size() == 1; }));
  held.stop();
  EXPECT_EQ(mine.destroyed, kPulls);
  EXPECT_EQ(mine.arrivals + mine.expiries, 0);
}

TEST_F(HeldPullsTest, ManyPullsExpireInTurns) {
  constexpr int kPulls = HeldPulls::kPullsPerTurn + 1;
  std::vector<Task> posted;
  HeldPulls held({}, [&](Task task) { posted.push_back(std::move(task)); });
  Outcome outcome;
  for (int i = 0; i < kPulls; ++i) {
    hold(held, {.topic = "T", .queue_id = i % 20, .deadline = at(100)}, outcome);
  }
  EXPECT_EQ(held.expire(at(150)), at(151));
  EXPECT_EQ(posted.size(), HeldPulls::kPullsPerTurn);
  EXPECT_EQ(held.expire(at(151)), TimePoint::max());
  EXPECT_EQ(posted.size(), static_cast<size_t>(kPulls));
}

TEST_F(HeldPullsTest, ReleaseGivesThePullBackUnlessItWasWokenMeanwhile) {
  Outcome outcome;
  const auto id = hold({.topic = "T", .deadline = at(100)}, outcome);
  ASSERT_TRUE(id);
  EXPECT_NE(held_.release({.topic = "T", .queue_id = 0, .deadline = at(100)}, *id), nullptr);
  EXPECT_EQ(held_.release({.topic = "T", .queue_id = 0, .deadline = at(100)}, *id), nullptr);
  EXPECT_EQ(held_.release({.topic = "T", .queue_id = 9, .deadline = at(100)}, *id), nullptr);
  EXPECT_EQ(held_.size(), 0u);
}

TEST_F(HeldPullsTest, TheBoundRefusesAndLeavesThePullWithTheCaller) {
  HeldPulls small({.held_max = 1}, [](const Task&) {});
  Outcome outcome;
  EXPECT_TRUE(hold(small, {.topic = "T", .deadline = at(100)}, outcome));

  std::unique_ptr<HeldPull> pull = std::make_unique<RecordingPull>(outcome);
  EXPECT_FALSE(small.hold({.topic = "T", .deadline = at(100)}, pull));
  EXPECT_NE(pull, nullptr);
  EXPECT_EQ(small.size(), 1u);
}

// Promise: what filters cost each message of a queue is bounded.
TEST_F(HeldPullsTest, CostlyFiltersBeyondTheBoundDoNotWait) {
  constexpr size_t kSteps = QueueWaiters::kStepsMax / 4;
  class Costly final : public store::MessageFilter {
   public:
    bool matchesTagsCode(int64_t) const override { return true; }
    bool matchesProperties(std::string_view) const override { return false; }
    size_t steps() const override { return kSteps; }
  };
  static const std::vector<Costly> filters(5);
  static const TagFilter tag({1});
  Outcome outcome;
  const auto holds = [&](const store::MessageFilter* filter, int32_t queue_id = 0) {
    return hold({.topic = "T", .queue_id = queue_id, .deadline = at(100), .filter = filter},
                outcome)
        .has_value();
  };
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(holds(&filters[i]));
  }
  EXPECT_FALSE(holds(&filters[4]));
  EXPECT_EQ(held_.size(), 4u);
  EXPECT_TRUE(holds(&filters[4], 1)) << "of another queue";
  EXPECT_TRUE(holds(&filters[0])) << "asked once for both";
  EXPECT_TRUE(holds(&tag));
  EXPECT_TRUE(holds(nullptr));
  held_.expire(at(100));
  EXPECT_TRUE(holds(&filters[4]));
}

TEST_F(HeldPullsTest, AWokenTopicAnswersAllItsPulls) {
  Outcome outcome;
  Outcome other;
  hold({.topic = "T", .queue_id = 0, .deadline = at(100)}, outcome);
  hold({.topic = "T", .queue_id = 3, .deadline = at(100)}, outcome);
  hold({.topic = "U", .queue_id = 0, .deadline = at(100)}, other);
  held_.wakeTopic("T");
  runPosted();
  EXPECT_EQ(outcome.expiries, 2);
  EXPECT_EQ(other.expiries, 0);
}

TEST_F(HeldPullsTest, AWokenGroupAnswersItsPullsOfTheTopic) {
  Outcome outcome;
  Outcome other;
  hold({.topic = "T", .queue_id = 0, .deadline = at(100), .group = "H"}, other);
  hold({.topic = "T", .queue_id = 0, .deadline = at(100), .group = "G"}, outcome);
  hold({.topic = "T", .queue_id = 0, .deadline = at(100), .group = "G"}, outcome);
  hold({.topic = "T", .queue_id = 3, .deadline = at(100), .group = "G"}, outcome);
  hold({.topic = "U", .queue_id = 0, .deadline = at(100), .group = "G"}, other);
  held_.wakeGroup("T", "G");
  runPosted();
  EXPECT_EQ(outcome.expiries, 3);
  EXPECT_EQ(other.expiries, 0);
  EXPECT_EQ(held_.size(), 2u);
}

TEST_F(HeldPullsTest, StopDestroysWhatIsHeldAndRefusesMore) {
  Outcome outcome;
  hold({.topic = "T", .deadline = at(100)}, outcome);
  held_.stop();
  EXPECT_EQ(outcome.destroyed, 1);
  EXPECT_FALSE(hold({.topic = "T", .deadline = at(100)}, outcome));
  EXPECT_EQ(held_.size(), 0u);
}

// The watching thread must notice a deadline that is earlier than the one it sleeps for.
TEST(HeldPullsThreadTest, TheWatcherMeetsDeadlinesInAnyOrder) {
  HeldPulls held({}, [](Task task) { task(); });
  held.start();
  const auto now = std::chrono::steady_clock::now();
  Outcome far;
  Outcome near;
  std::unique_ptr<HeldPull> pull = std::make_unique<RecordingPull>(far);
  held.hold({.topic = "T", .deadline = now + std::chrono::hours(10)}, pull);
  pull = std::make_unique<RecordingPull>(near);
  held.hold({.topic = "T", .deadline = now + milliseconds(20)}, pull);

  EXPECT_TRUE(test::eventually([&] { return near.expiries == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now(), now + milliseconds(20));
  EXPECT_EQ(far.expiries, 0);
  held.stop();
}

// Holds, arrivals, expiry and closing connections race; every pull must end exactly once.
TEST(HeldPullsThreadTest, EveryPullEndsOnceUnderContention) {
  constexpr int kPulls = 4000;
  Outcome outcome;
  HeldPulls held({.held_max = 100'000}, [](Task task) { task(); });
  held.start();
  std::atomic<bool> done{false};
  std::thread holder([&] {
    for (int i = 0; i < kPulls; ++i) {
      std::unique_ptr<HeldPull> pull = std::make_unique<RecordingPull>(outcome);
      held.hold({.topic = "T",
                 .queue_id = i % 7,
                 .deadline = std::chrono::steady_clock::now() + milliseconds(i % 3),
                 .connection_id = static_cast<uint64_t>(i % 5)},
                pull);
    }
    done = true;
  });
  std::thread arriver([&] {
    for (int32_t i = 0; !done; ++i) {
      HeldPulls::WakeScope scope(held);
      held.onArrival({.topic = "T",
                      .queue_id = i % 7,
                      .queue_offset = 0,
                      .tags_code = 0,
                      .store_timestamp_ms = 0,
                      .properties = {}});
    }
  });
  std::thread closer([&] {
    for (uint64_t i = 0; !done; ++i) {
      held.dropConnection(i % 5);
    }
  });
  holder.join();
  arriver.join();
  closer.join();
  held.stop();
  EXPECT_EQ(outcome.destroyed, kPulls);
  EXPECT_LE(outcome.arrivals + outcome.expiries, kPulls);
  EXPECT_EQ(held.size(), 0u);
}

}  // namespace
}  // namespace rocketmq::broker
