#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "rocketmq/default_mq_producer.h"
#include "tests/support/daemon.h"
#include "tests/support/queue_reader.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {

inline int64_t nowMs() { return SystemClock::instance().nowMs(); }

using Bodies = std::vector<std::string>;

/// Real daemons with a topic "Alarms" of one queue, its reader, and a producer, which repeats a
/// send that has failed so many times.
class TimerCluster : public ::testing::Test {
 protected:
  explicit TimerCluster(Cluster::Settings settings, int32_t send_retries = 2)
      : cluster_(folder_.path().string(), std::move(settings)), send_retries_(send_retries) {}

  void SetUp() override {
    cluster_.start();
    cluster_.createTopic("Alarms", 1);
    reader_ = std::make_unique<QueueReader>(cluster_, "Alarms");
    ProducerConfig config;
    config.namesrv_addr = cluster_.namesrvAddr();
    config.producer_group = "clocks";
    config.retry_times_when_send_failed = send_retries_;
    producer_ = std::make_unique<DefaultMQProducer>(config);
    producer_->start();
  }

  SendResult sendAt(int64_t deliver_ms, const std::string& body) {
    Message message("Alarms", body);
    message.setDeliverTimeMs(deliver_ms);
    return producer_->send(message);
  }
  Bodies bodies() {
    Bodies bodies;
    for (const MessageExt& message : reader_->messages()) {
      bodies.push_back(message.body());
    }
    return bodies;
  }

  TempDir folder_;
  Cluster cluster_;
  std::unique_ptr<QueueReader> reader_;
  std::unique_ptr<DefaultMQProducer> producer_;

 private:
  const int32_t send_retries_;
};

}  // namespace rocketmq::test
