// Prints messages as they come, from several threads, until Enter is pressed.
//   NAMESRV_ADDR=127.0.0.1:9876 push_consumer

#include <cstdio>

#include "rocketmq/default_mq_push_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // Each line at once, in a pipe too.
  try {
    rocketmq::DefaultMQPushConsumer consumer("example_push_consumer");
    consumer.config().consume_from_where = rocketmq::ConsumeFromWhere::kFirstOffset;
    consumer.subscribe("TopicTest", "*");
    consumer.registerMessageListener([](const std::vector<rocketmq::MessageExt>& messages,
                                        rocketmq::ConsumeConcurrentlyContext&) {
      for (const rocketmq::MessageExt& message : messages) {
        std::printf("%s %s (try %d)\n", message.msgId().c_str(), message.body().c_str(),
                    message.reconsumeTimes() + 1);
      }
      return rocketmq::ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    consumer.start();
    std::getchar();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
