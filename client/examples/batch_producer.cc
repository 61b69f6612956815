// Sends a thousand messages in as few requests as possible.
//   NAMESRV_ADDR=127.0.0.1:9876 batch_producer

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQProducer producer("example_batch_producer");
    producer.start();
    std::vector<rocketmq::Message> messages;
    for (int i = 0; i < 1000; ++i) {
      messages.emplace_back("TopicTest", "message " + std::to_string(i));
    }
    rocketmq::MessageBatchSplitter splitter(std::move(messages), 16 * 1024);
    while (splitter.hasNext()) {
      std::vector<rocketmq::Message> batch = splitter.next();
      const rocketmq::SendResult result = producer.send(batch);
      std::printf("%zu messages: %s\n", batch.size(), toString(result.status));
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
