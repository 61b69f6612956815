#include "remoting/readiness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "common/descriptor.h"

namespace rocketmq::remoting {
namespace {

/// One end of a pair of sockets that writes down what it is told.
class Told final : public Readiness::Source {
 public:
  Told() {
    int sockets[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
    end = Descriptor(sockets[0]);
    peer = Descriptor(sockets[1]);
  }

  void say() const { EXPECT_EQ(::write(peer.get(), "x", 1), 1); }

  Descriptor end;
  Descriptor peer;
  std::vector<Readiness::Events> events;
  std::function<void()> then;

 private:
  void onReady(Readiness::Events told) override {
    events.push_back(told);
    if (then) {
      then();
    }
  }
};

class ReadinessTest : public testing::Test {
 protected:
  std::shared_ptr<Told> added() {
    auto told = std::make_shared<Told>();
    EXPECT_TRUE(readiness_.add(told->end.get(), told).isOk());
    return told;
  }

  void remove(Told& told) {
    readiness_.remove(told);
    told.end.reset();
  }

  void turn() {
    context_.restart();
    context_.poll();
  }

  ~ReadinessTest() override { readiness_.shutdown(); }

  asio::io_context context_{1};
  Readiness readiness_{context_};
};

TEST_F(ReadinessTest, WhatIsReadyAlreadyIsTold) {
  auto told = std::make_shared<Told>();
  told->say();
  ASSERT_TRUE(readiness_.add(told->end.get(), told).isOk());
  turn();
  ASSERT_EQ(told->events.size(), 1U);
  EXPECT_TRUE(told->events[0].is_readable);
  EXPECT_TRUE(told->events[0].is_writable);
  EXPECT_FALSE(told->events[0].is_ended);
}

// A child between fork() and exec() holds the sockets of its parent.
TEST_F(ReadinessTest, NothingIsToldOfARemovedSocketThatAnotherProcessStillHolds) {
  const auto other = added();
  const auto told = added();
  turn();
  told->events.clear();
  const Descriptor inherited(::dup(told->end.get()));
  remove(*told);
  told->say();
  other->say();
  turn();
  EXPECT_TRUE(told->events.empty());
  EXPECT_EQ(other->events.size(), 2U);
}

TEST_F(ReadinessTest, EachArrivalIsToldOnceWhetherTheBytesAreReadOrNot) {
  const auto told = added();
  turn();
  told->events.clear();
  told->say();
  turn();
  turn();
  ASSERT_EQ(told->events.size(), 1U);
  EXPECT_TRUE(told->events[0].is_readable);
  told->say();
  turn();
  EXPECT_EQ(told->events.size(), 2U);
}

TEST_F(ReadinessTest, RoomIsToldWhenThereWasNone) {
  const auto told = added();
  const std::vector<char> bytes(1 << 20);
  while (::write(told->end.get(), bytes.data(), bytes.size()) > 0) {
  }
  turn();
  told->events.clear();
  std::vector<char> taken(bytes.size());
  while (::read(told->peer.get(), taken.data(), taken.size()) > 0) {
  }
  turn();
  ASSERT_FALSE(told->events.empty());
  EXPECT_TRUE(told->events[0].is_writable);
  EXPECT_FALSE(told->events[0].is_readable);
}

TEST_F(ReadinessTest, TheEndComesWithTheLastBytes) {
  const auto told = added();
  told->say();
  told->peer.reset();
  turn();
  ASSERT_FALSE(told->events.empty());
  EXPECT_TRUE(told->events.back().is_readable);
  EXPECT_TRUE(told->events.back().is_ended);
}

TEST_F(ReadinessTest, WhoIsRemovedByAnotherIsNotTold) {
  const auto first = added();
  const auto second = added();
  turn();
  first->events.clear();
  second->events.clear();
  first->say();
  second->say();
  first->then = [&] { remove(*second); };
  second->then = [&] { remove(*first); };
  turn();
  EXPECT_EQ(first->events.size() + second->events.size(), 1U);
}

TEST_F(ReadinessTest, MoreThanOneTurnsWorthAreAllTold) {
  std::vector<std::shared_ptr<Told>> many(300);
  for (auto& told : many) {
    told = added();
  }
  turn();
  for (const auto& told : many) {
    EXPECT_EQ(told->events.size(), 1U);
  }
}

TEST_F(ReadinessTest, TheContextHasNoWorkOnceTheLastIsRemoved) {
  const auto told = added();
  remove(*told);
  context_.run();  // Else it would wait for ever.
  const auto next = added();
  next->say();
  turn();
  EXPECT_EQ(next->events.size(), 1U);
  EXPECT_TRUE(told->events.empty());
}

TEST_F(ReadinessTest, ASocketThatCannotBeWaitedForIsRefused) {
  const auto told = std::make_shared<Told>();
  EXPECT_EQ(readiness_.add(-1, told).code(), StatusCode::kIo);
}

// Thousands of clients may go at once.
TEST_F(ReadinessTest, EndsAreToldAfterTheOthersAndAFewAtATime) {
  std::vector<std::string> order;
  std::vector<std::shared_ptr<Told>> ends;
  for (int i = 0; i < 100; ++i) {
    ends.push_back(added());
  }
  const auto other = added();
  const auto late = added();
  turn();
  for (const auto& end : ends) {
    end->then = [&] { order.emplace_back("end"); };
    end->peer.reset();
  }
  ends[0]->then = [&] {
    order.emplace_back("end");
    late->say();
  };
  other->then = [&] { order.emplace_back("other"); };
  late->then = [&] { order.emplace_back("late"); };
  other->say();
  turn();
  ASSERT_EQ(order.size(), ends.size() + 2);
  EXPECT_EQ(order.front(), "other");
  EXPECT_LT(std::find(order.begin(), order.end(), "late") - order.begin(), 50);
  for (const auto& end : ends) {
    ASSERT_EQ(end->events.size(), 2U);
    EXPECT_TRUE(end->events[1].is_ended);
    EXPECT_TRUE(end->events[1].is_readable);
  }
}

TEST_F(ReadinessTest, NothingIsToldOfOneThatIsRemovedBeforeItsEndIsTold) {
  const auto first = added();
  const auto second = added();
  turn();
  first->peer.reset();
  second->peer.reset();
  first->then = [&] { remove(*second); };
  second->then = [&] { remove(*first); };
  turn();
  EXPECT_EQ(first->events.size() + second->events.size(), 3U);
}

}  // namespace
}  // namespace rocketmq::remoting
