// Sends ten messages without asking for an answer.
//   NAMESRV_ADDR=127.0.0.1:9876 oneway_producer

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQProducer producer("example_oneway_producer");
    producer.start();
    for (int i = 0; i < 10; ++i) {
      rocketmq::Message message("TopicTest", "measured value " + std::to_string(i));
      producer.sendOneway(message);
      std::printf("on its way: %s\n", message.uniqueKey().c_str());
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
