// Replies to every request, until Enter is pressed.
//   NAMESRV_ADDR=127.0.0.1:9876 replier

#include <cstdio>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "rocketmq/message_util.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // Each line at once, in a pipe too.
  try {
    rocketmq::DefaultMQProducer producer("example_replier_producer");
    producer.start();
    rocketmq::DefaultMQPushConsumer consumer("example_replier");
    consumer.subscribe("TopicRequestTest");
    consumer.registerMessageListener([&producer](const std::vector<rocketmq::MessageExt>& messages,
                                                 rocketmq::ConsumeConcurrentlyContext&) {
      for (const rocketmq::MessageExt& request : messages) {
        try {
          rocketmq::Message reply = rocketmq::createReplyMessage(request, "Fine, thank you.");
          producer.send(reply);
        } catch (const rocketmq::MQException& failure) {
          // It was no request, or its sender will ask again: it need not come again.
          std::printf("no reply: %s\n", failure.what());
        }
      }
      return rocketmq::ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    consumer.start();
    std::getchar();
    consumer.shutdown();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
