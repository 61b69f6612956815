#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "broker/handlers/lock_handlers.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "remoting/lanes.h"
#include "remoting/memory_connection.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::broker {
namespace {

/// A machine whose clock somebody sets.
class SettableClock final : public Clock {
 public:
  TimestampMs nowMs() const override { return wall_ms; }
  std::chrono::steady_clock::time_point monotonic() const override { return uptime; }

  TimestampMs wall_ms = 1'700'000'000'000;
  std::chrono::steady_clock::time_point uptime{std::chrono::hours(1)};
};

// Promise: the locks of a client that was killed end after their minute, although the broker's
// clock has been set back by an hour meanwhile.
TEST(LockClockTest, AClockThatIsSetBackLetsNoLockLiveLonger) {
  const test::TempDir folder;
  SettableClock clock;
  QueueLocks locks(folder / "queueLocks.json");
  remoting::Lanes lanes{{}};
  remoting::Router router{&lanes};
  registerLockHandlers(router, locks, clock);
  const auto connection = remoting::MemoryConnection::create();
  const auto owned = [&](const std::string& client_id) {
    remoting::LockBatchBody body;
    body.client_id = client_id;
    body.consumer_group = "G";
    body.mq_set = {{.topic = "T", .broker_name = "b", .queue_id = 0}};
    std::string frame = remoting::requestFrame(remoting::LockBatchQueues{}, 1, json::encode(body));
    remoting::CommandView view;
    EXPECT_TRUE(remoting::decodeFrame(frame.data(), frame.size(), view).isOk());
    router.dispatch(connection, view, frame);
    const remoting::ReceivedFrame answer(connection->takeSent().at(0));
    return json::decode<remoting::LockBatchReplyBody>(answer.command.body)->lock_ok_mq_set.size();
  };
  EXPECT_EQ(owned("killed"), 1u);
  clock.wall_ms -= 3'600'000;
  clock.uptime += std::chrono::seconds(60);
  EXPECT_EQ(owned("other"), 0u);
  clock.uptime += std::chrono::seconds(1);
  EXPECT_EQ(owned("other"), 1u);
  lanes.stop();
}

}  // namespace
}  // namespace rocketmq::broker
