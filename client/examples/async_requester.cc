// Asks a question without waiting; a callback hears the reply. Run the example replier at the same
// time.
//   NAMESRV_ADDR=127.0.0.1:9876 async_requester

#include <cstdio>
#include <future>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  std::promise<void> heard;
  try {
    rocketmq::DefaultMQProducer producer("example_async_requester");
    producer.start();
    producer.request(rocketmq::Message("TopicRequestTest", "How are you?"),
                     {.on_success =
                          [&heard](const rocketmq::Message& reply) {
                            std::printf("%s\n", reply.body().c_str());
                            heard.set_value();
                          },
                      .on_exception =
                          [&heard](const rocketmq::MQException& failure) {
                            std::printf("no reply: %s\n", failure.what());
                            heard.set_value();
                          }},
                     std::chrono::seconds(10));
    heard.get_future().wait();
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
