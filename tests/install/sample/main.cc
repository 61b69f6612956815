// Needs no server: a producer starts without one, and says what is wrong when it is to send.

#include <rocketmq/default_mq_producer.h>

#include <cstdio>

int main() {
  rocketmq::DefaultMQProducer producer("sample");
  producer.config().namesrv_addr = "127.0.0.1:1";
  producer.start();
  rocketmq::Message message("Sample", "hello");
  try {
    producer.send(message);
  } catch (const rocketmq::MQException& failure) {
    std::printf("%s\n", failure.what());
    return 0;
  }
  return 1;
}
