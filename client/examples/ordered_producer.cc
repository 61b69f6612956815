// Sends the steps of several orders; all steps of one order go to one queue, so that an orderly
// consumer sees them in order.
//   NAMESRV_ADDR=127.0.0.1:9876 ordered_producer

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQProducer producer("example_ordered_producer");
    producer.start();
    for (const char* step : {"created", "paid", "shipped"}) {
      for (int order = 0; order < 5; ++order) {
        const std::string key = "order-" + std::to_string(order);
        rocketmq::Message message("TopicOrderTest", "", key, key + " " + step);
        const rocketmq::SendResult result =
            producer.send(message, rocketmq::selectQueueByHash(key));
        std::printf("%s -> queue %d\n", message.body().c_str(), result.message_queue.queue_id);
      }
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
