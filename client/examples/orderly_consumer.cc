// Prints the messages of each queue in order, until Enter is pressed.
//   NAMESRV_ADDR=127.0.0.1:9876 orderly_consumer

#include <cstdio>

#include "rocketmq/default_mq_push_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // Each line at once, in a pipe too.
  try {
    rocketmq::DefaultMQPushConsumer consumer("example_orderly_consumer");
    consumer.config().consume_from_where = rocketmq::ConsumeFromWhere::kFirstOffset;
    consumer.subscribe("TopicOrderTest");
    consumer.registerMessageListener([](const std::vector<rocketmq::MessageExt>& messages,
                                        rocketmq::ConsumeOrderlyContext& context) {
      for (const rocketmq::MessageExt& message : messages) {
        std::printf("queue %d: %s\n", context.message_queue.queue_id, message.body().c_str());
      }
      return rocketmq::ConsumeOrderlyStatus::kSuccess;
    });
    consumer.start();
    std::getchar();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
