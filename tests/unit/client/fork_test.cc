// A process that forks while its clients run, as servers with worker processes do.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "common/sanitizers.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

/// What `work` returns in a forked child. A child that hangs is ended after a while.
std::string inChild(const std::function<std::string()>& work) {
  constexpr unsigned kSecondsMax = 30;
  int ends[2];
  if (::pipe(ends) != 0) {
    return "no pipe";
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kSecondsMax);
    const std::string said = work();
    const bool written = ::write(ends[1], said.data(), said.size()) >= 0;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status)) : said;
}

/// The text of what `call` throws.
std::string thrownBy(const std::function<void()>& call) {
  try {
    call();
  } catch (const MQException& failure) {
    return failure.what();
  }
  return "nothing";
}

constexpr const char* kForked =
    " was started in the process that this one was forked from; make another one here";

class ForkTest : public ProducerTest {};

TEST_F(ForkTest, AForkedProcessIsToldThatItsParentsClientsAreNotIts) {
  start();
  send();
  DefaultMQPushConsumer push("CG");
  push.config().namesrv_addr = cluster_->nameServer();
  push.subscribe("T", "*");
  push.registerMessageListener(
      [](const auto&, auto&) { return ConsumeConcurrentlyStatus::kConsumeSuccess; });
  push.start();
  DefaultLitePullConsumer pull("LG");
  pull.config().namesrv_addr = cluster_->nameServer();
  pull.subscribe("T", "*");
  pull.start();

  EXPECT_EQ(inChild([&] { return thrownBy([&] { send(); }); }),
            std::string("The producer") + kForked);
  EXPECT_EQ(inChild([&] { return thrownBy([&] { push.suspend(); }); }),
            std::string("The consumer") + kForked);
  EXPECT_EQ(inChild([&] { return thrownBy([&] { pull.poll(); }); }),
            std::string("The consumer") + kForked);
  // The parent's go on.
  EXPECT_EQ(send().status, SendStatus::kSendOk);
}

TEST_F(ForkTest, AForkedProcessLetsGoOfItsParentsClients) {
  start();
  send();
  EXPECT_EQ(inChild([&] {
              producer_->shutdown();
              producer_.reset();
              return "gone";
            }),
            "gone");
  EXPECT_EQ(send().status, SendStatus::kSendOk);
}

#ifndef ROCKETMQ_THREAD_SANITIZER  // It does not let a forked process start threads.
TEST_F(ForkTest, AForkedProcessHasClientsOfItsOwn) {
  start();
  send();
  DefaultMQProducer made_before(configFor(*cluster_));
  const auto sendBy = [](DefaultMQProducer& producer) {
    producer.start();
    Message message("T", "x");
    return producer.send(message).status == SendStatus::kSendOk;
  };
  EXPECT_EQ(inChild([&] {
              DefaultMQProducer made_here(configFor(*cluster_));
              return sendBy(made_here) && sendBy(made_before) ? "sent" : "not sent";
            }),
            "sent");
  EXPECT_EQ(send().status, SendStatus::kSendOk);
}
#endif

}  // namespace
}  // namespace rocketmq::client
