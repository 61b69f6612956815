// Sends ten messages and waits for each.
//   NAMESRV_ADDR=127.0.0.1:9876 producer

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);  // For instance -Drocketmq.namesrv.addr=127.0.0.1:9876
  try {
    rocketmq::DefaultMQProducer producer("example_producer");
    producer.start();
    for (int i = 0; i < 10; ++i) {
      rocketmq::Message message("TopicTest", "TagA", "order-" + std::to_string(i),
                                "Hello RocketMQ");
      const rocketmq::SendResult result = producer.send(message);
      std::printf("%s %s %s\n", toString(result.status), result.msg_id.c_str(),
                  result.message_queue.toString().c_str());
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
