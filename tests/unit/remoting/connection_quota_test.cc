// How many connections all ports of a process have together.

#include "remoting/connection_quota.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/support/file_limit.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

class ConnectionQuotaTest : public RuntimeTest {};

TEST_F(ConnectionQuotaTest, FilesHaveAnEighthAndAtLeastAThousandOrHalfOfFew) {
  EXPECT_EQ(ConnectionQuota::connectionsThatFit(1'048'576), 917'504u);
  EXPECT_EQ(ConnectionQuota::connectionsThatFit(20'000), 17'500u);
  EXPECT_EQ(ConnectionQuota::connectionsThatFit(4'096), 3'072u);
  EXPECT_EQ(ConnectionQuota::connectionsThatFit(1'024), 512u);
  EXPECT_GT(ConnectionQuota::connectionsThatFit(SIZE_MAX), SIZE_MAX / 2);
}

TEST_F(ConnectionQuotaTest, ComesFromTheLimitOfTheProcess) {
  const test::FileLimit limit(1'000);
  EXPECT_EQ(ConnectionQuota::ofProcess(65'535, 2)->max(), 500u);
}

TEST_F(ConnectionQuotaTest, PortsShareIt) {
  const auto quota = std::make_shared<ConnectionQuota>(3);
  const Server& server = startServer({.quota = quota});
  auto other = Server::start(server_pool_, router_, {.bind_address = "127.0.0.1", .quota = quota});
  ASSERT_TRUE(other.ok());
  const auto connectToOther = [&] { return test::RawSocket::connectTo((*other)->port()); };

  std::optional<test::RawSocket> first(connectRaw());
  const auto second = connectRaw();
  ASSERT_TRUE(eventually([&] { return server.connectionCount() == 2; }));
  const auto third = connectToOther();
  ASSERT_TRUE(eventually([&] { return (*other)->connectionCount() == 1; }));
  EXPECT_TRUE(connectToOther().closedByPeer());
  EXPECT_TRUE(connectRaw().closedByPeer());

  first.reset();
  ASSERT_TRUE(eventually([&] { return server.connectionCount() == 1; }));
  const auto fourth = connectToOther();
  EXPECT_TRUE(eventually([&] { return (*other)->connectionCount() == 2; }));
}

}  // namespace
}  // namespace rocketmq::remoting
