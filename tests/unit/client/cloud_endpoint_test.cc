// Promise: a client of a cloud instance is given the instance's endpoint and nothing else; topics
// and groups are in the instance's namespace, and the application does not see it.

#include <gtest/gtest.h>

#include <string>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

const std::string kFullTopic = "MQ_INST_1_a%T";
const std::string kFullGroup = "MQ_INST_1_a%CG";

class CloudEndpointTest : public PushConsumerTest {
 protected:
  CloudEndpointTest() { cluster_.createTopic(kFullTopic); }

  template <class Config>
  Config onEndpoint() const {
    Config config;
    // Nobody is at the endpoint itself, so the fake cluster answers in its place.
    config.namesrv_addr = "http://MQ_INST_1_a.localhost:1;http://" + cluster_.nameServer();
    return config;
  }
};

TEST_F(CloudEndpointTest, AProducer) {
  auto config = onEndpoint<ProducerConfig>();
  config.producer_group = "PG";
  DefaultMQProducer subject(config);
  subject.start();
  Message message("T", "hello");
  EXPECT_EQ(subject.send(message).message_queue.topic, "T");
  ASSERT_EQ(broker().sent().size(), 1U);
  EXPECT_EQ(broker().sent()[0].topic, kFullTopic);
  EXPECT_EQ(broker().sent()[0].producer_group, "MQ_INST_1_a%PG");
}

TEST_F(CloudEndpointTest, APushConsumer) {
  broker().append(kFullTopic, 0, "hello");
  auto config = onEndpoint<PushConsumerConfig>();
  config.consumer_group = "CG";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  const auto subject = consumer(config);
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  EXPECT_EQ(received_.all()[0].topic(), "T");
  EXPECT_TRUE(broker().members(kFullGroup).contains(subject->clientId()));
}

TEST_F(CloudEndpointTest, ALitePullConsumer) {
  broker().append(kFullTopic, 0, "hello");
  auto config = onEndpoint<LitePullConsumerConfig>();
  config.consumer_group = "CG";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultLitePullConsumer subject(config);
  subject.subscribe("T");
  subject.start();
  EXPECT_TRUE(eventually([&] {
    const auto messages = subject.poll();
    return !messages.empty() && messages[0].topic() == "T";
  }));
  EXPECT_TRUE(broker().members(kFullGroup).contains(subject.clientId()));
}

TEST_F(CloudEndpointTest, APullConsumer) {
  broker().append(kFullTopic, 0, "hello");
  auto config = onEndpoint<PullConsumerConfig>();
  config.consumer_group = "CG";
  DefaultMQPullConsumer subject(config);
  subject.start();
  const PullResult result = subject.pull({"T", "b0", 0}, "*", 0, 32);
  ASSERT_EQ(result.messages.size(), 1U);
  EXPECT_EQ(result.messages[0].topic(), "T");
}

}  // namespace
}  // namespace rocketmq::client
