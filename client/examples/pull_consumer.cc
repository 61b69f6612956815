// Reads a topic once from its first message to its last; the application keeps the positions.
//   NAMESRV_ADDR=127.0.0.1:9876 pull_consumer

#include <cstdio>

#include "rocketmq/default_mq_pull_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQPullConsumer consumer("example_pull_consumer");
    consumer.start();
    for (const rocketmq::MessageQueue& queue : consumer.fetchSubscribeMessageQueues("TopicTest")) {
      int64_t offset = consumer.minOffset(queue);
      for (;;) {
        const rocketmq::PullResult result = consumer.pull(queue, "*", offset, 32);
        for (const rocketmq::MessageExt& message : result.messages) {
          std::printf("queue %d offset %lld: %s\n", message.queueId(),
                      static_cast<long long>(message.queueOffset()), message.body().c_str());
        }
        offset = result.next_begin_offset;
        if (result.status == rocketmq::PullStatus::kNoNewMessage) {
          break;
        }
      }
      consumer.updateConsumeOffset(queue, offset);
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
