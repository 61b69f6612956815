// Sends that do not wait, and what callbacks may do.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TEST_F(ProducerTest, AsyncSendsCallBackOnceWithTheOutcome) {
  start();
  Heard good;
  producer_->send(Message("T", "x"), good.callback());
  EXPECT_EQ(good.get().status, SendStatus::kSendOk);
  Heard selected;
  producer_->send(Message("T", "x"), selectQueueByRandom(), selected.callback());
  EXPECT_EQ(selected.get().status, SendStatus::kSendOk);
  cluster_->broker().refuseSends(ResponseCode::kSystemError);
  Heard bad;
  producer_->send(Message("T", "x"), bad.callback());
  EXPECT_THROW(bad.get(), MQClientException);
  EXPECT_THROW(producer_->send(Message("bad topic", "x"), SendCallback{}), MQClientException);
}

TEST_F(ProducerTest, AsyncSendsInFlightAreBounded) {
  start(1, [](ProducerConfig& config) {
    config.async_in_flight_max = 5;
    config.async_send_waits = false;
    config.send_msg_timeout = milliseconds(60'000);
  });
  send();
  cluster_->broker().swallowSends(true);
  std::atomic<int> refused{0};
  for (int i = 0; i < 8; ++i) {
    producer_->send(Message("T", "x"),
                    {.on_success = nullptr, .on_exception = [&](const MQException& failure) {
                       if (std::string(failure.what()).find("in flight") != std::string::npos) {
                         ++refused;
                       }
                     }});
  }
  EXPECT_TRUE(eventually([&] { return refused == 3; }));
  EXPECT_TRUE(eventually([this] { return cluster_->broker().sends() == 6; }));
}

// Promise: a send for which there is no place takes no longer than it may, also when nobody has
// heard yet of those that were refused before it.
TEST_F(ProducerTest, AsyncSendsOverTheBoundKeepTheirTimeWhileACallbackIsStuck) {
  for (const bool waits : {false, true}) {
    SCOPED_TRACE(waits);
    start(1, [&](ProducerConfig& config) {
      config.async_in_flight_max = 2;
      config.async_send_waits = waits;
      config.send_msg_timeout = seconds(5);
    });
    std::promise<void> go_on;
    std::atomic<int> heard{0};
    const auto stuck = [&heard, may_go_on = go_on.get_future().share()](const auto&) {
      may_go_on.wait();
      ++heard;
    };
    send();
    int taken = 0;
    const auto begin = steady_clock::now();
    for (int i = 0; i < 10; ++i) {
      try {
        producer_->send(Message("T", "x"), {.on_success = stuck, .on_exception = stuck},
                        waits ? milliseconds(50) : seconds(5));
        ++taken;
      } catch (const MQClientException&) {
      }
    }
    EXPECT_LT(steady_clock::now() - begin, seconds(4));
    EXPECT_LT(taken, 10);
    go_on.set_value();
    EXPECT_TRUE(eventually([&] { return heard == taken; })) << heard << " of " << taken;
    producer_.reset();
  }
}

TEST_F(ProducerTest, AWaitingAsyncSendGoesOnWhenAPlaceIsFree) {
  start(1, [](ProducerConfig& config) { config.async_in_flight_max = 2; });
  std::atomic<int> done{0};
  for (int i = 0; i < 200; ++i) {
    producer_->send(Message("T", "x"),
                    {.on_success = [&](const SendResult&) { ++done; }, .on_exception = nullptr});
  }
  EXPECT_TRUE(eventually([&] { return done == 200; }));
}

TEST_F(ProducerTest, ACallbackMaySendAgain) {
  start(1, [](ProducerConfig& config) { config.async_in_flight_max = 1; });
  std::atomic<int> done{0};
  std::function<void(const SendResult&)> again = [&](const SendResult&) {
    if (++done < 20) {
      producer_->send(Message("T", "x"), {.on_success = again, .on_exception = nullptr});
    }
  };
  producer_->send(Message("T", "x"), {.on_success = again, .on_exception = nullptr});
  EXPECT_TRUE(eventually([&] { return done == 20; }));
}

// Promise: what a broker may have stored is not said to be not sent.
TEST_F(ProducerTest, ShutdownEndsAsyncSendsWithARemotingException) {
  start();
  send();
  cluster_->broker().swallowSends(true);
  std::atomic<int> failed{0};
  const auto countUncertain = [&failed](const MQException& failure) {
    failed += dynamic_cast<const RemotingException*>(&failure) != nullptr ? 1 : 0;
  };
  for (int i = 0; i < 10; ++i) {
    producer_->send(Message("T", "x"), {.on_success = nullptr, .on_exception = countUncertain});
  }
  producer_->request(Message("T", "x"), {.on_success = nullptr, .on_exception = countUncertain},
                     seconds(60));
  const auto begin = steady_clock::now();
  producer_->shutdown();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(1000));
  EXPECT_EQ(failed, 11);
  EXPECT_THROW(send(), MQClientException);
}

TEST_F(ProducerTest, ABatchMayBeSentWithoutWaitingToo) {
  start();
  std::vector<Message> batch{{"T", "a"}, {"T", "b"}};
  Heard any;
  producer_->send(batch, any.callback());
  EXPECT_EQ(any.get().msg_id, batch[0].uniqueKey() + "," + batch[1].uniqueKey());
  Heard chosen;
  producer_->send(batch, MessageQueue{"T", "b0", 1}, chosen.callback());
  EXPECT_EQ(chosen.get().message_queue.queue_id, 1);
  EXPECT_EQ(cluster_->broker().sends(), 2) << "one request for each batch";
  std::vector<Message> mixed{{"T", "a"}, {"Other", "b"}};
  EXPECT_THROW(producer_->send(mixed, SendCallback{}), MQClientException);
}

// RocketMQ repeats an asynchronous send to a chosen queue on that queue when the connection fails;
// a synchronous one is its caller's business.
TEST_F(ProducerTest, AnAsyncSendToAChosenQueueIsRepeatedThere) {
  start(2);
  const MessageQueue queue{"T", "b1", 0};
  cluster_->broker(1).breakSends(2);
  Heard heard;
  producer_->send(Message("T", "x"), queue, heard.callback());
  EXPECT_EQ(heard.get().message_queue, queue);
  EXPECT_EQ(cluster_->broker(1).sends(), 3);
  EXPECT_EQ(cluster_->broker(0).sends(), 0);

  cluster_->broker(1).breakSends(1);
  Message message("T", "y");
  EXPECT_THROW(producer_->send(message, queue), RemotingException);
  EXPECT_EQ(cluster_->broker(1).sends(), 4);
}

TEST_F(ProducerTest, EverySendHasTheTimeoutThatItIsGiven) {
  start(1, [](ProducerConfig& config) { config.send_msg_timeout = seconds(60); });
  cluster_->broker().swallowSends(true);
  const milliseconds quick(50);
  const MessageQueue queue{"T", "b0", 0};
  std::vector<Message> batch{{"T", "a"}, {"T", "b"}};
  Message message("T", "x");
  const auto begin = steady_clock::now();
  EXPECT_THROW(producer_->send(message, quick), RemotingTimeoutException);
  EXPECT_THROW(producer_->send(message, queue, quick), RemotingTimeoutException);
  EXPECT_THROW(producer_->send(message, selectQueueByRandom(), quick), RemotingTimeoutException);
  EXPECT_THROW(producer_->send(batch, quick), RemotingTimeoutException);
  EXPECT_THROW(producer_->send(batch, queue, quick), RemotingTimeoutException);
  Heard heard[5];
  producer_->send(message, heard[0].callback(), quick);
  producer_->send(message, queue, heard[1].callback(), quick);
  producer_->send(message, selectQueueByRandom(), heard[2].callback(), quick);
  producer_->send(batch, heard[3].callback(), quick);
  producer_->send(batch, queue, heard[4].callback(), quick);
  for (Heard& one : heard) {
    EXPECT_THROW(one.get(), MQClientException);
  }
  EXPECT_LT(steady_clock::now() - begin, seconds(30));
}

// Promise: a callback may use every synchronous call, though it holds the only callback thread: the
// selector of a send whose route is not known yet is run by the thread that waits.
TEST_F(ProducerTest, ACallbackMaySendAndWaitWithASelectorAlsoToATopicOfWhichNothingIsKnown) {
  start(1, [](ProducerConfig& config) {
    config.callback_threads = 1;
    config.send_msg_timeout = seconds(10);
  });
  cluster_->createTopic("Unknown", 2);
  Heard inner;
  producer_->send(Message("T", "x"),
                  {.on_success =
                       [&](const SendResult&) {
                         try {
                           Message message("Unknown", "y");
                           const std::thread::id waiting = std::this_thread::get_id();
                           const MessageQueueSelector second = [&](const auto& queues,
                                                                   const Message&) {
                             EXPECT_EQ(std::this_thread::get_id(), waiting);
                             return queues.at(1);
                           };
                           EXPECT_EQ(producer_->send(message, second).message_queue.queue_id, 1);
                           inner.promise.set_value({});
                         } catch (const MQException&) {
                           inner.promise.set_exception(std::current_exception());
                         }
                       },
                   .on_exception = nullptr});
  auto outcome = inner.promise.get_future();
  ASSERT_EQ(outcome.wait_for(seconds(20)), std::future_status::ready);
  EXPECT_NO_THROW(outcome.get());
}

TEST_F(ProducerTest, WhatACallbackThrowsHurtsNobody) {
  start();
  producer_->send(Message("T", "x"),
                  {.on_success = [](const SendResult&) { throw std::runtime_error("on purpose"); },
                   .on_exception = nullptr});
  producer_->send(Message("T", "x"),
                  {.on_success = [](const SendResult&) { throw 7; }, .on_exception = nullptr});
  Heard heard;
  producer_->send(Message("T", "x"), heard.callback());
  EXPECT_EQ(heard.get().status, SendStatus::kSendOk);
}

}  // namespace
}  // namespace rocketmq::client
