// A send has its time, and nothing goes out after that.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::HasSubstr;

constexpr milliseconds kTimeout{20};

class SendTimeTest : public ProducerTest {
 protected:
  static MessageQueue chooseTooLate(const std::vector<MessageQueue>& queues, const Message&) {
    const auto over = steady_clock::now() + 2 * kTimeout;
    while (steady_clock::now() < over) {
      std::this_thread::yield();
    }
    return queues.front();
  }

  /// The text of the RemotingTimeoutException that `call` throws.
  static std::string timeoutOf(const std::function<void()>& call) {
    try {
      call();
    } catch (const RemotingTimeoutException& failure) {
      return failure.what();
    }
    return "no time-out";
  }

  /// The text that a send whose callback is `callback` fails with.
  static std::string failureOf(const std::function<void(SendCallback)>& send) {
    std::promise<std::string> failure;
    send({.on_success = [&](const SendResult&) { failure.set_value("sent"); },
          .on_exception = [&](const MQException& error) { failure.set_value(error.what()); }});
    return failure.get_future().get();
  }

  /// Sends one more: what had gone out before would have come before it.
  void expectOnlySent(int64_t count) {
    send();
    EXPECT_EQ(cluster_->broker().sends(), count + 1);
  }

  Message message_{"T", "x"};
};

TEST_F(SendTimeTest, ASelectorThatTakesAllTheTimeLeavesNothingToSend) {
  start();
  send();  // Finds the route.
  EXPECT_THAT(timeoutOf([&] { producer_->send(message_, chooseTooLate, kTimeout); }),
              HasSubstr("nothing was sent"));
  EXPECT_THAT(failureOf([&](SendCallback callback) {
                producer_->send(Message("T", "x"), chooseTooLate, std::move(callback), kTimeout);
              }),
              HasSubstr("nothing was sent"));
  EXPECT_THAT(timeoutOf([&] { producer_->request(message_, chooseTooLate, kTimeout); }),
              AnyOf(HasSubstr("nothing was sent"), HasSubstr("no broker has confirmed it")));
  expectOnlySent(1);
}

TEST_F(SendTimeTest, ASendWithoutTimeFailsAtOnce) {
  start();
  for (const int64_t sent_before : {0, 1}) {  // Without a known route and with one.
    for (const milliseconds none : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
      EXPECT_THAT(timeoutOf([&] { producer_->send(message_, none); }),
                  HasSubstr("nothing was sent"));
      EXPECT_THAT(timeoutOf([&] {
                    producer_->send(message_, MessageQueue{"T", "b0", 0}, none);
                  }),
                  HasSubstr("nothing was sent"));
      EXPECT_THAT(failureOf([&](SendCallback callback) {
                    producer_->send(Message("T", "x"), std::move(callback), none);
                  }),
                  HasSubstr("nothing was sent"));
      EXPECT_NE(timeoutOf([&] { producer_->request(message_, none); }), "no time-out");
    }
    expectOnlySent(sent_before);
  }
}

TEST_F(SendTimeTest, AProducerWhoseSendsHaveNoTimeSendsNothing) {
  start(1, [](ProducerConfig& config) { config.send_msg_timeout = milliseconds(0); });
  EXPECT_THAT(timeoutOf([&] { send(); }), HasSubstr("nothing was sent"));
  EXPECT_THAT(timeoutOf([&] { producer_->sendOneway(message_); }), HasSubstr("nothing was sent"));
  producer_->send(message_, std::chrono::seconds(10));
  EXPECT_EQ(cluster_->broker().sends(), 1);
}

}  // namespace
}  // namespace rocketmq::client
