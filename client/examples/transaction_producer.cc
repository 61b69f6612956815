// Sends ten messages in transactions: every third is committed, every third rolled back, and of the
// rest the broker asks how they ended, until Enter is pressed.
//   NAMESRV_ADDR=127.0.0.1:9876 transaction_producer

#include <cstdio>
#include <memory>

#include "rocketmq/transaction_mq_producer.h"

namespace {

class Orders : public rocketmq::TransactionListener {
 public:
  rocketmq::LocalTransactionState executeLocalTransaction(const rocketmq::Message& /*message*/,
                                                          const std::any& argument) override {
    switch (std::any_cast<int>(argument) % 3) {
      case 0:
        return rocketmq::LocalTransactionState::kCommitMessage;
      case 1:
        return rocketmq::LocalTransactionState::kRollbackMessage;
      default:
        return rocketmq::LocalTransactionState::kUnknow;
    }
  }

  rocketmq::LocalTransactionState checkLocalTransaction(
      const rocketmq::MessageExt& message) override {
    std::printf("asked about %s: commit\n", message.keys().c_str());
    return rocketmq::LocalTransactionState::kCommitMessage;
  }
};

}  // namespace

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // Each line at once, in a pipe too.
  try {
    rocketmq::TransactionMQProducer producer("example_transaction_producer",
                                             std::make_shared<Orders>());
    producer.start();
    for (int i = 0; i < 10; ++i) {
      rocketmq::Message message("TopicTest", "TagA", "order-" + std::to_string(i),
                                "Hello RocketMQ");
      const auto result = producer.sendMessageInTransaction(message, i);
      std::printf("%s %s %s\n", message.keys().c_str(), toString(result.status),
                  toString(result.local_transaction_state));
    }
    // The broker asks after transactionTimeOut, at its next transactionCheckInterval.
    std::getchar();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
