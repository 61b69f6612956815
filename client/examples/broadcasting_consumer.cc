// Gets every message of a topic, whoever else consumes it, until Enter is pressed. Its offsets are
// kept in a file below ~/.rocketmq_offsets, by the instance name.
//   NAMESRV_ADDR=127.0.0.1:9876 broadcasting_consumer

#include <cstdio>

#include "rocketmq/default_mq_push_consumer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // Each line at once, in a pipe too.
  try {
    rocketmq::PushConsumerConfig config;
    config.consumer_group = "example_broadcasting_consumer";
    config.instance_name = "example";
    config.message_model = rocketmq::MessageModel::kBroadcasting;
    rocketmq::DefaultMQPushConsumer consumer(std::move(config));
    consumer.subscribe("TopicTest", "TagA || TagB");
    consumer.registerMessageListener([](const std::vector<rocketmq::MessageExt>& messages,
                                        rocketmq::ConsumeConcurrentlyContext&) {
      for (const rocketmq::MessageExt& message : messages) {
        std::printf("%s %s\n", message.tags().c_str(), message.body().c_str());
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
