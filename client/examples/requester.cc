// Asks a question and prints the reply; run the example replier at the same time.
//   NAMESRV_ADDR=127.0.0.1:9876 requester

#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  try {
    rocketmq::DefaultMQProducer producer("example_requester");
    producer.start();
    rocketmq::Message question("TopicRequestTest", "How are you?");
    const rocketmq::Message reply = producer.request(question, std::chrono::seconds(10));
    std::printf("%s\n", reply.body().c_str());
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
