#include "broker/send/send_gate.h"

#include <gtest/gtest.h>

#include <optional>

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;

class SendGateTest : public ::testing::Test {
 protected:
  SendGateTest() {
    BrokerSettings settings;
    settings.send_queue_capacity = 2;
    settings.send_queue_wait_ms = 200;
    settings_.store(std::make_shared<const BrokerSettings>(settings));
  }

  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
};

TEST_F(SendGateTest, RefusesWhileTooManySendsWait) {
  SendGate gate(settings_);
  SendGate::Wait first(gate);
  EXPECT_EQ(gate.refusal(milliseconds(0)), std::nullopt);
  {
    const SendGate::Wait second(gate);
    const auto refusal = gate.refusal(milliseconds(0));
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->find("[OVERLOAD]system busy, start flow control for a while"), 0u);
  }
  EXPECT_EQ(gate.refusal(milliseconds(0)), std::nullopt);
  const SendGate::Wait moved(std::move(first));
  const SendGate::Wait third(gate);
  EXPECT_TRUE(gate.refusal(milliseconds(0)).has_value());
}

TEST_F(SendGateTest, RefusesOneInEightWhileTheThreadIsLate) {
  SendGate gate(settings_);
  int refused = 0;
  for (int i = 0; i < 80; ++i) {
    EXPECT_EQ(gate.refusal(milliseconds(200)), std::nullopt);
    const auto refusal = gate.refusal(milliseconds(201));
    refused += refusal.has_value() ? 1 : 0;
    if (refusal) {
      EXPECT_EQ(refusal->find("[TIMEOUT_CLEAN_QUEUE]broker busy"), 0u);
    }
  }
  EXPECT_EQ(refused, 10);
}

}  // namespace
}  // namespace rocketmq::broker
