// Push consumers that consume each queue in order.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "tests/support/read_file.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

/// A thread of this process that waits for something.
bool isAsleep(pid_t thread) {
  const std::string stat = test::readFile("/proc/self/task/" + std::to_string(thread) + "/stat");
  return stat.find(") S ") != std::string::npos;
}

TEST_F(PushConsumerTest, OrderlyMessagesComeInOrderUnderTheBrokersLock) {
  for (int i = 0; i < 50; ++i) {
    broker().append("T", 0, std::to_string(i));
  }
  auto subject = orderly(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(50); }));
  EXPECT_TRUE(broker().locked().contains({"T", "b0", 0}));
  const auto all = received_.all();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].queueOffset(), static_cast<int64_t>(i));
  }
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 50);
  EXPECT_TRUE(eventually([this] { return broker().locked().empty(); }));
}

TEST_F(PushConsumerTest, OrderlyConsumptionWaitsForTheLock) {
  broker().refuseLocks(true);
  broker().append("T", 0, "a");
  auto subject = orderly(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().lockRequests() >= 2; }));
  EXPECT_FALSE(received_.hasCount(1));
  broker().refuseLocks(false);
  EXPECT_TRUE(eventually([this] { return received_.hasCount(1); }));
}

TEST_F(PushConsumerTest, AnOrderlyQueueStandsStillUntilItsMessageIsConsumed) {
  for (const char* body : {"a", "b"}) {
    broker().append("T", 0, body);
  }
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body() == "a" && messages[0].reconsumeTimes() < 3
               ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
               : ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(5); }));
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a", "a", "a", "a", "b"}));
}

TEST_F(PushConsumerTest, AnOrderlyMessageOutOfTriesGoesToTheRetryTopicAndTheQueueGoesOn) {
  for (const char* body : {"a", "b"}) {
    broker().append("T", 0, body);
  }
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  quick.max_reconsume_times = 2;
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body() == "a" && messages[0].topic() == "T" &&
                   messages[0].property("RETRY_TOPIC").empty()
               ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
               : ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().sends() == 1; }));
  EXPECT_EQ(broker().sent()[0].topic, "%RETRY%CG");
  EXPECT_EQ(broker().sent()[0].max_reconsume_times, 2);
  ASSERT_TRUE(eventually([this] {
    const auto bodies = received_.bodies();
    return std::count(bodies.begin(), bodies.end(), "b") == 1;
  }));
}

// Promise: what a broker has stored can become a dead letter, also when no producer may send it.
TEST_F(PushConsumerTest, AnOrderlyMessageOutOfTriesNeedNotBeOneThatAProducerMaySend) {
  broker().append("T", 0, "", "odd\x01of\x01two\x02");  // No body, and a separator in a value.
  broker().append("T", 0, "b");
  PushConsumerConfig quick = config();
  quick.consumer_group = std::string(150, 'g');  // Its retry topic is longer than topics may be.
  quick.suspend_current_queue_time = milliseconds(10);
  quick.max_reconsume_times = 0;
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body().empty() && messages[0].property("RETRY_TOPIC").empty()
               ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
               : ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] {
    const auto bodies = received_.bodies();
    return std::count(bodies.begin(), bodies.end(), "b") == 1;
  }));
  ASSERT_EQ(broker().sends(), 1);
  const auto sent = broker().sent()[0];
  EXPECT_EQ(sent.topic, "%RETRY%" + quick.consumer_group);
  EXPECT_NE(sent.properties->find("odd\x01of\x01two\x02"), std::string::npos);
}

// Promise: nor need the broker take the copy, which may be refused for ever: the message that it
// has becomes the dead letter.
TEST_F(PushConsumerTest, AnOrderlyMessageWhoseCopyIsRefusedBecomesADeadLetterAllTheSame) {
  broker().refuseSends(remoting::ResponseCode::kMessageIllegal);
  broker().append("T", 0, "refused");
  broker().append("T", 0, "too long", "long\x01" + std::string(32'700, 'p') + "\x02");
  broker().append("T", 0, "b");
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  quick.max_reconsume_times = 0;
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body() == "b" ? ConsumeOrderlyStatus::kSuccess
                                     : ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(3); }));
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"refused", "too long", "b"}));
  ASSERT_EQ(broker().sendBacks().size(), 2u);
  for (const auto& request : broker().sendBacks()) {
    EXPECT_EQ(request.delay_level, -1);
  }
  EXPECT_EQ(broker().sends(), 1) << "the copy with the long properties is not worth the way";
}

// Promise: a message has its tries and no more, whatever else is in its batches; what goes with it
// is consumed, in order, and is no dead letter.
TEST_F(PushConsumerTest, AnOrderlyMessageOutOfTriesLeavesTheRestOfItsBatch) {
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  quick.max_reconsume_times = 2;
  quick.consume_message_batch_max_size = 4;
  std::atomic<int> tries{0};
  Mutex mutex;
  std::vector<std::string> consumed;
  broker().append("T", 0, "poison");
  auto subject = orderly(quick, [&](const auto& messages) {
    if (!messages[0].property("RETRY_TOPIC").empty()) {
      return ConsumeOrderlyStatus::kSuccess;  // This broker has no dead letters.
    }
    const bool is_poisoned = std::any_of(messages.begin(), messages.end(), [](const auto& message) {
      return message.body() == "poison";
    });
    if (is_poisoned) {
      // Each try finds one more that is new, so that not all of a batch are out of tries.
      broker().append("T", 0, "good" + std::to_string(++tries));
      if (tries <= 3) {
        return ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment;
      }
    }
    MutexLock lock(mutex);
    for (const auto& message : messages) {
      consumed.push_back(message.body());
    }
    return ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([&] {
    MutexLock lock(mutex);
    return consumed.size() == 3;
  }));
  EXPECT_EQ(3, tries);
  MutexLock lock(mutex);
  EXPECT_EQ((std::vector<std::string>{"good1", "good2", "good3"}), consumed);
  ASSERT_EQ(1u, broker().sent().size());
  EXPECT_EQ("%RETRY%CG", broker().sent()[0].topic);
}

// Promise: at shutdown the workers of a long backlog end with the message that they are at, what
// they have consumed is stored, and the locks go back: who gets the queues repeats nothing and need
// not wait.
TEST_F(PushConsumerTest, AnOrderlyConsumerLeavesItsBacklogAtOnce) {
  constexpr int32_t kQueues = 4;
  cluster_.createTopic("T", kQueues);
  for (int32_t i = 0; i < kQueues * 1000; ++i) {
    broker().append("T", i % kQueues, "x");
  }
  PushConsumerConfig patient = config();
  patient.await_termination_on_shutdown = std::chrono::minutes(1);
  std::array<std::atomic<int64_t>, kQueues> consumed{};
  auto subject = orderly(patient, [&](const auto& messages) {
    std::this_thread::sleep_for(milliseconds(20));  // The work.
    ++consumed[static_cast<size_t>(messages[0].queueId())];
    return ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([&] {
    return std::all_of(consumed.begin(), consumed.end(),
                       [](const auto& count) { return count > 1; });
  }));
  const auto begin = std::chrono::steady_clock::now();
  subject->shutdown();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_TRUE(eventually([this] { return broker().locked().empty(); }));
  for (int32_t queue = 0; queue < kQueues; ++queue) {
    EXPECT_EQ(broker().committed("CG", "T", queue), consumed[static_cast<size_t>(queue)]);
  }
}

// Promise: an orderly listener that outlasts the shutdown keeps its queue from everybody else until
// it has ended. Then what it has consumed is stored and the lock goes back, also when the consumer
// is being destroyed by then.
TEST_F(PushConsumerTest, AnOrderlyListenerThatOutlastsTheShutdownGivesItsQueueBackItself) {
  for (const std::string& group : {std::string("stays"), std::string("destroyed")}) {
    SCOPED_TRACE(group);
    for (int i = 0; i < 100; ++i) {
      broker().append("T", 0, "x");
    }
    PushConsumerConfig hasty = config();
    hasty.consumer_group = group;
    hasty.await_termination_on_shutdown = milliseconds(20);
    std::promise<void> entered;
    std::promise<void> go_on;
    std::atomic<int> calls{0};
    auto subject = orderly(hasty, [&](const auto&) {
      if (++calls == 1) {
        entered.set_value();
        go_on.get_future().wait();
      }
      return ConsumeOrderlyStatus::kSuccess;
    });
    subject->start();
    entered.get_future().wait();
    subject->shutdown();
    EXPECT_FALSE(broker().locked().empty()) << "nobody else may have the queue yet";
    std::promise<pid_t> thread_id;
    std::thread destroying;
    if (group == "destroyed") {
      destroying = std::thread([&] {
        thread_id.set_value(::gettid());
        subject.reset();
      });
      const pid_t id = thread_id.get_future().get();
      EXPECT_TRUE(eventually([id] { return isAsleep(id); })) << "the destructor waits";
    }
    go_on.set_value();
    if (destroying.joinable()) {
      destroying.join();
    }
    EXPECT_TRUE(eventually([this] { return broker().locked().empty(); }));
    EXPECT_EQ(broker().committed(group, "T"), 1);
    EXPECT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace rocketmq::client
