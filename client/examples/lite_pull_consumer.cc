// Polls for messages until none has come for a while.
//   NAMESRV_ADDR=127.0.0.1:9876 lite_pull_consumer

#include <cstdio>

#include "rocketmq/default_lite_pull_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultLitePullConsumer consumer("example_lite_pull_consumer");
    consumer.config().consume_from_where = rocketmq::ConsumeFromWhere::kFirstOffset;
    consumer.subscribe("TopicTest");
    consumer.start();
    for (;;) {
      const std::vector<rocketmq::MessageExt> messages = consumer.poll();
      if (messages.empty()) {
        break;
      }
      for (const rocketmq::MessageExt& message : messages) {
        std::printf("%s %s\n", message.msgId().c_str(), message.body().c_str());
      }
    }
    consumer.commitSync();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
