// Promise: every program in client/examples/ does what its first lines say.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "common/check.h"
#include "rocketmq/default_mq_producer.h"
#include "tests/integration/shared_cluster.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr seconds kPatience{20};

/// An example that runs until Enter is pressed, with a keyboard of its own.
class RunningExample {
 public:
  RunningExample(const std::string& name, const std::vector<std::string>& arguments,
                 const std::string& folder) {
    const std::string keyboard = folder + "/" + name + ".in";
    ROCKETMQ_CHECK(mkfifo(keyboard.c_str(), 0600) == 0);
    keyboard_ = open(keyboard.c_str(), O_RDWR | O_CLOEXEC);
    ROCKETMQ_CHECK(keyboard_ >= 0);
    std::vector<std::string> command{"-c", "exec \"$@\" <\"$0\"", keyboard,
                                     programPath("examples/" + name)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    program_ = std::make_unique<Daemon>("/bin/bash", command, folder + "/" + name + ".out");
  }
  ~RunningExample() { close(keyboard_); }
  RunningExample(const RunningExample&) = delete;
  RunningExample& operator=(const RunningExample&) = delete;

  void expectOutput(const std::string& text) {
    EXPECT_TRUE(program_->awaitOutput(text, kPatience)) << text << " is not in\n" << output();
  }
  void pressEnter() {
    ROCKETMQ_CHECK(write(keyboard_, "\n", 1) == 1);
    EXPECT_EQ(program_->awaitExit(kPatience), 0) << output();
  }
  std::string output() const { return program_->output(); }

 private:
  int keyboard_ = -1;
  std::unique_ptr<Daemon> program_;
};

class ExamplesTest : public SharedCluster {
 protected:
  static void SetUpTestSuite() {
    startCluster({{"recallMessageEnable", "true"},
                  {"transactionCheckInterval", "500"},
                  {"transactionTimeOut", "500"}});
    for (const char* topic : {"TopicTest", "TopicOrderTest", "TopicRequestTest"}) {
      cluster_->createTopic(topic);
    }
  }

  static std::vector<std::string> arguments() {
    return {"-Drocketmq.namesrv.addr=" + cluster_->namesrvAddr(),
            "-Drocketmq.client.localOffsetStoreDir=" + folder_->path().string() + "/offsets"};
  }

  /// What an example that ends by itself prints.
  static std::string outputOf(const std::string& name) {
    const Cluster::Outcome outcome =
        runProgram(programPath("examples/" + name), arguments(), kPatience);
    EXPECT_EQ(outcome.status, 0) << name << ": " << outcome.output;
    return outcome.output;
  }
  static std::unique_ptr<RunningExample> start(const std::string& name) {
    return std::make_unique<RunningExample>(name, arguments(), folder_->path().string());
  }
};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST_F(ExamplesTest, ProducersSendWhatTheySay) {
  EXPECT_EQ(count(outputOf("producer"), "SEND_OK "), 10U);
  EXPECT_EQ(count(outputOf("async_producer"), "sent "), 100U);
  EXPECT_EQ(count(outputOf("oneway_producer"), "on its way: "), 10U);
  EXPECT_THAT(outputOf("batch_producer"), HasSubstr(" messages: SEND_OK\n"));
  EXPECT_EQ(count(outputOf("ordered_producer"), " -> queue "), 15U);
  EXPECT_THAT(outputOf("recall_producer"), HasSubstr("recalled "));
}

TEST_F(ExamplesTest, ConsumersPrintWhatProducersHaveSent) {
  outputOf("producer");
  outputOf("ordered_producer");
  Daemon lite(programPath("examples/lite_pull_consumer"), arguments(),
              folder_->path().string() + "/lite.out");
  const auto push = start("push_consumer");
  const auto orderly = start("orderly_consumer");
  const auto broadcasting = start("broadcasting_consumer");
  EXPECT_GE(count(outputOf("pull_consumer"), ": Hello RocketMQ\n"), 10U);
  EXPECT_GE(count(outputOf("lite_pull_assign"), ": Hello RocketMQ\n"), 10U);
  push->expectOutput("Hello RocketMQ (try 1)");
  for (const char* order : {"order-0 shipped", "order-4 shipped"}) {
    orderly->expectOutput(order);
  }
  // A new broadcasting consumer begins behind what is there when it starts.
  EXPECT_TRUE(eventually([&] {
    outputOf("producer");
    return broadcasting->output().find("TagA Hello RocketMQ") != std::string::npos;
  }));
  for (RunningExample* example : {push.get(), orderly.get(), broadcasting.get()}) {
    example->pressEnter();
  }
  EXPECT_EQ(lite.awaitExit(kPatience), 0) << "it ends when nothing has come for a while";
  EXPECT_THAT(lite.output(), HasSubstr(" Hello RocketMQ\n"));
}

TEST_F(ExamplesTest, ARequesterGetsTheRepliersAnswer) {
  const auto replier = start("replier");
  DefaultMQProducer producer("examples_test");
  producer.config().namesrv_addr = cluster_->namesrvAddr();
  producer.start();
  Message no_request("TopicRequestTest", "I am fine.");
  producer.send(no_request);
  EXPECT_EQ(outputOf("requester"), "Fine, thank you.\n");
  EXPECT_EQ(outputOf("async_requester"), "Fine, thank you.\n");
  replier->expectOutput("no reply: create reply message fail");
  replier->pressEnter();
}

TEST_F(ExamplesTest, ATransactionProducerIsAskedAboutWhatItLeavesOpen) {
  const auto producer = start("transaction_producer");
  producer->expectOutput("order-0 SEND_OK COMMIT_MESSAGE");
  producer->expectOutput("order-1 SEND_OK ROLLBACK_MESSAGE");
  producer->expectOutput("order-2 SEND_OK UNKNOW");
  producer->expectOutput("asked about order-2: commit");
  producer->pressEnter();
}

}  // namespace
}  // namespace rocketmq::test
