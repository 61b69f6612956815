#include "broker/addresses.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "remoting/acceptor.h"

namespace rocketmq::broker {
namespace {

// Promise: between the choice of a port and the listening on it nobody else gets that port.
TEST(PickPortsTest, APickedPortIsNobodyElsesUntilTheBrokerListens) {
  constexpr size_t kPicks = 400;
  std::vector<HeldPorts> held;
  std::set<uint16_t> ports;
  for (size_t i = 0; i < kPicks; ++i) {
    BrokerSettings settings;
    settings.bind_address = "127.0.0.1";
    settings.listen_port = 0;
    auto picked = pickPorts(settings);
    ASSERT_TRUE(picked.ok()) << picked.status().message();
    ASSERT_EQ(picked->size(), 2u);
    ports.insert(static_cast<uint16_t>(settings.listen_port));
    ports.insert(static_cast<uint16_t>(settings.ha_listen_port));
    held.push_back(std::move(*picked));
  }
  EXPECT_EQ(ports.size(), 2 * kPicks);
  asio::io_context context;
  const auto acceptor = remoting::Acceptor::open(context, "127.0.0.1", held[0][0].port);
  EXPECT_TRUE(acceptor.ok()) << "its holder cannot listen: " << acceptor.status().message();
}

}  // namespace
}  // namespace rocketmq::broker
