#include "common/message/host_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/message/local_address.h"
#include "common/message/message_id.h"

namespace rocketmq {
namespace {

TEST(HostAddressTest, PrintsWhatItParsed) {
  for (const char* text :
       {"10.0.0.1:10911", "0.0.0.0:0", "255.255.255.255:65535", "[2001:db8::1]:10911", "[::1]:1"}) {
    const auto address = HostAddress::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->toString(), text);
  }
  EXPECT_EQ(HostAddress::parse("10.0.0.1:80")->ipString(), "10.0.0.1");
  EXPECT_EQ(HostAddress::parse("[2001:db8::1]:80")->ipString(), "2001:db8::1");
}

TEST(HostAddressTest, RefusesEverythingThatIsNotAnAddressAndAPort) {
  const std::string with_nul("1.2.3.4\0x:1", 11);
  for (const std::string& text :
       {std::string(), std::string(":"), std::string("10.0.0.1"), std::string("10.0.0.1:"),
        std::string("10.0.0.1:65536"), std::string("10.0.0.1:-1"), std::string("10.0.0.1:+1"),
        std::string("10.0.0.1:1 "), std::string("10.0.0.1:99999999999"),
        std::string("localhost:10911"), std::string("10.0.0:1"), std::string("10.0.0.256:1"),
        std::string("2001:db8::1:10911"), std::string("[2001:db8::1]"), std::string("[]:1"),
        std::string("[10.0.0.1]:1"), std::string("[::1:1"), std::string("[:1"), with_nul}) {
    EXPECT_EQ(HostAddress::parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(HostAddressTest, EncodesAddressThenPort) {
  const auto ipv4 = HostAddress::parse("10.0.0.9:10911");
  ASSERT_TRUE(ipv4.ok());
  std::string bytes(ipv4->encodedSize(), '\0');
  ipv4->encodeTo(bytes.data());
  EXPECT_EQ(bytes, std::string("\x0A\x00\x00\x09\x00\x00\x2A\x9F", 8));
  ByteReader reader(bytes);
  EXPECT_EQ(HostAddress::decode(reader, false), *ipv4);
  EXPECT_FALSE(reader.failed());
}

TEST(HostAddressTest, DecodesToZeroWhenBytesAreMissing) {
  const std::string bytes(19, '\x7F');
  ByteReader reader(bytes);
  EXPECT_EQ(HostAddress::decode(reader, true), HostAddress{});
  EXPECT_TRUE(reader.failed());
}

std::string choose(std::vector<std::pair<std::string, std::string>> interfaces) {
  std::vector<InterfaceAddress> candidates;
  for (const auto& [name, ip] : interfaces) {
    const bool is_ipv6 = ip.find(':') != std::string::npos;
    const auto address = HostAddress::parse(is_ipv6 ? "[" + ip + "]:0" : ip + ":0");
    EXPECT_TRUE(address.ok()) << ip;
    candidates.push_back({name, *address});
  }
  return chooseLocalAddress(candidates).ipString();
}

TEST(LocalAddressTest, PrefersAnIpv4AddressThatOthersCanReach) {
  EXPECT_EQ(choose({{"lo", "127.0.0.1"},
                    {"docker0", "172.17.0.1"},
                    {"br-0a1b", "172.18.0.1"},
                    {"eth0", "fd00::2"},
                    {"eth0", "10.1.2.3"},
                    {"eth1", "10.1.2.4"}}),
            "10.1.2.3");
}

TEST(LocalAddressTest, TakesAnInnerIpv4AddressBeforeIpv6) {
  EXPECT_EQ(choose({{"eth0", "fd00::2"}, {"docker0", "172.17.0.1"}}), "172.17.0.1");
  EXPECT_EQ(choose({{"eth0", "169.254.3.4"}, {"eth0", "fd00::2"}}), "169.254.3.4");
}

TEST(LocalAddressTest, TakesIpv6BeforeLoopback) {
  EXPECT_EQ(choose({{"lo", "127.0.0.1"}, {"lo", "::1"}, {"eth0", "fe80::1"}, {"eth0", "fd00::2"}}),
            "fd00::2");
}

TEST(LocalAddressTest, FallsBackToLoopback) {
  EXPECT_EQ(choose({}), "127.0.0.1");
  EXPECT_EQ(choose({{"lo", "127.0.0.1"}, {"lo", "::1"}, {"eth0", "fe80::1"}}), "127.0.0.1");
}

TEST(LocalAddressTest, AlwaysHasAnAnswerOnThisMachine) {
  EXPECT_NE(localAddress().ipString(), "0.0.0.0");
  EXPECT_EQ(localAddress().port, 0);
}

}  // namespace
}  // namespace rocketmq
