// Sends a message that is to be delivered in a minute, and takes it back. The broker must have
// recallMessageEnable=true.
//   NAMESRV_ADDR=127.0.0.1:9876 recall_producer

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQProducer producer("example_recall_producer");
    producer.start();
    rocketmq::Message message("TopicTest", "Pay, please.");
    message.setDelayTimeSec(60);
    const rocketmq::SendResult sent = producer.send(message);
    const std::string id = producer.recallMessage("TopicTest", sent.recall_handle);
    std::printf("recalled %s\n", id.c_str());
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
