// Sends a hundred messages without waiting; a callback hears about each.
//   NAMESRV_ADDR=127.0.0.1:9876 async_producer

#include <atomic>
#include <cstdio>

#include "rocketmq/default_mq_producer.h"

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  constexpr int kMessages = 100;
  std::atomic<int> left{kMessages};
  const auto done = [&left] {
    if (left.fetch_sub(1) == 1) {
      left.notify_one();
    }
  };
  try {
    rocketmq::DefaultMQProducer producer("example_async_producer");
    producer.start();
    for (int i = 0; i < kMessages; ++i) {
      producer.send(rocketmq::Message("TopicTest", "message " + std::to_string(i)),
                    {.on_success =
                         [&done](const rocketmq::SendResult& result) {
                           std::printf("sent %s\n", result.msg_id.c_str());
                           done();
                         },
                     .on_exception =
                         [&done](const rocketmq::MQException& failure) {
                           std::printf("not sent: %s\n", failure.what());
                           done();
                         }});
    }
    for (int now = left.load(); now > 0; now = left.load()) {
      left.wait(now);
    }
  } catch (const rocketmq::MQException& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
