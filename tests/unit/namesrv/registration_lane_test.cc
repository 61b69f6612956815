#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/json/encode.h"
#include "namesrv/handlers/handlers.h"
#include "namesrv/kv_table.h"
#include "namesrv/liveness.h"
#include "namesrv/routes.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"
#include "remoting/memory_connection.h"
#include "remoting/router.h"
#include "tests/support/eventually.h"
#include "tests/unit/common/temp_folder.h"
#include "tests/unit/namesrv/namesrv_fixture.h"
#include "tests/unit/remoting/busy_lane.h"

namespace rocketmq::namesrv::test {
namespace {

using remoting::BusyLane;
using remoting::GetAllTopicListFromNameServer;
using remoting::Lane;
using remoting::MemoryConnection;
using remoting::RegisterBroker;
using std::chrono::seconds;

/// A name server's handlers with their lanes, without sockets. Scans for silent brokers all the
/// time.
class RegistrationLaneTest : public testing::Test {
 protected:
  RegistrationLaneTest() {
    addBrokerHandlers(router_, routes_, liveness_, *kv_table_, settings_);
    addAdminHandlers(router_, routes_, settings_);
  }
  ~RegistrationLaneTest() override {
    liveness_.stop();
    lanes_.stop();
    pool_.stop();
  }

  int32_t beginRegistration() {
    return broker_->beginRequest(router_, brokerA(),
                                 remoting::Payload(json::encode(topicsOf({"T", "U"}))));
  }

  template <remoting::Command C>
  void expectSuccess(MemoryConnection& connection, int32_t opaque) {
    std::optional<remoting::CallResult<C>> answer;
    ASSERT_TRUE(
        eventually([&] { return (answer = connection.takeAnswer<C>(opaque)).has_value(); }));
    ASSERT_TRUE(answer->ok()) << answer->status().message();
    EXPECT_TRUE((*answer)->success()) << (*answer)->remark;
  }

  void enroll() { expectSuccess<RegisterBroker>(*broker_, beginRegistration()); }

  rocketmq::test::TempFolder folder_;
  ManualClock clock_;
  LiveSettings settings_{{}};
  std::unique_ptr<KvTable> kv_table_ = std::move(*KvTable::open(folder_.file("kv.json"), 1 << 20));
  Routes routes_{{}, clock_};
  remoting::Lanes lanes_{{.query = {.threads = 1}, .admin = {.threads = 1}}, clock_};
  remoting::IoPool pool_{"namesrv-io", 1};
  Liveness liveness_{routes_, lanes_, pool_, std::chrono::milliseconds(1)};
  remoting::Router router_{&lanes_};
  const std::shared_ptr<MemoryConnection> broker_ = MemoryConnection::create();
  const std::shared_ptr<MemoryConnection> client_ = MemoryConnection::create();
};

TEST_F(RegistrationLaneTest, ABrokerRegistersHoweverManyListsAreAskedFor) {
  BusyLane lists(lanes_, Lane::kAdmin);
  for (int i = 0; i < 100; ++i) {
    client_->beginRequest(router_, GetAllTopicListFromNameServer{});
  }
  enroll();
  EXPECT_NE(routes_.find("T"), nullptr);
}

TEST_F(RegistrationLaneTest, AListOfTopicsIsMadeWhileABrokerRegisters) {
  enroll();
  std::promise<void> listed;
  std::promise<void> began;
  std::jthread registering([&] {
    routes_.change([&](RouteTable&, RouteTime) {
      began.set_value();
      listed.get_future().wait();
      return 0;
    });
  });
  began.get_future().wait();
  expectSuccess<GetAllTopicListFromNameServer>(
      *client_, client_->beginRequest(router_, GetAllTopicListFromNameServer{}));
  listed.set_value();
}

// The lane is busy while 130 s pass; 30 s before their end the broker registers again. The scan has
// its turn before that, and must know better than to count what nobody has looked at.
TEST_F(RegistrationLaneTest, ABrokerWhoseRegistrationWaitsIsNotTakenForSilent) {
  enroll();
  const TopicRoutePtr route = routes_.find("T");
  BusyLane lane(lanes_, kBrokersLane);
  ASSERT_TRUE(eventually([&] { return lanes_.queueSize(kBrokersLane) > 0; }));
  clock_.advance(seconds(100));
  const int32_t again = beginRegistration();
  clock_.advance(seconds(30));
  lane.open();
  expectSuccess<RegisterBroker>(*broker_, again);
  EXPECT_EQ(routes_.find("T"), route) << "it had gone, and came back";
}

}  // namespace
}  // namespace rocketmq::namesrv::test
