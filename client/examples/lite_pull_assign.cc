// Reads every queue of a topic from its beginning, whoever else reads them, until no message has
// come for a while.
//   NAMESRV_ADDR=127.0.0.1:9876 lite_pull_assign

#include <cstdio>

#include "rocketmq/default_lite_pull_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultLitePullConsumer consumer("example_lite_pull_assign");
    consumer.config().auto_commit = false;
    consumer.start();
    const std::vector<rocketmq::MessageQueue> queues = consumer.fetchMessageQueues("TopicTest");
    consumer.assign(queues);
    for (const rocketmq::MessageQueue& queue : queues) {
      consumer.seekToBegin(queue);
    }
    for (;;) {
      const std::vector<rocketmq::MessageExt> messages = consumer.poll();
      if (messages.empty()) {
        break;
      }
      for (const rocketmq::MessageExt& message : messages) {
        std::printf("queue %d offset %lld: %s\n", message.queueId(),
                    static_cast<long long>(message.queueOffset()), message.body().c_str());
      }
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
