#include "broker/acl/address_rule.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace rocketmq::broker {
namespace {

bool matches(std::string_view rule, const std::string& ip) {
  const bool is_ipv6 = ip.find(':') != std::string::npos;
  const auto parsed = AddressRule::parse(rule);
  const auto address = HostAddress::parse((is_ipv6 ? "[" + ip + "]" : ip) + ":1000");
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_TRUE(address.ok()) << ip;
  return parsed.ok() && address.ok() && parsed->matches(*address);
}

TEST(AddressRuleTest, NothingAndEverything) {
  EXPECT_FALSE(AddressRule().matches(HostAddress()));
  for (const char* const ip : {"10.0.0.1", "2001:db8::1"}) {
    EXPECT_FALSE(matches("", ip));
    EXPECT_FALSE(matches("  ", ip));
    EXPECT_TRUE(matches("*", ip));
    EXPECT_TRUE(matches("*.*.*.*", ip));
    EXPECT_TRUE(matches("*:*:*:*:*:*:*:*", ip));
  }
}

TEST(AddressRuleTest, OneAndSeveral) {
  EXPECT_TRUE(matches("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(matches("10.0.0.1", "10.0.0.11"));
  EXPECT_TRUE(matches("10.0.0.1,10.0.0.7", "10.0.0.7"));
  EXPECT_TRUE(matches("10.0.0.1, 2001:db8::1", "2001:db8:0::1"));
  EXPECT_FALSE(matches("10.0.0.1,10.0.0.7", "10.0.0.2"));
  EXPECT_TRUE(matches("10.0.0.{1,7}", "10.0.0.7"));
  EXPECT_FALSE(matches("10.0.0.{1,7}", "10.0.0.3"));
  EXPECT_TRUE(matches("1050::0005:0600:300c:{1,a}", "1050::5:600:300c:A"));
  EXPECT_FALSE(matches("1050::0005:0600:300c:{1,a}", "1050::5:600:300c:2"));
}

TEST(AddressRuleTest, Ranges) {
  EXPECT_TRUE(matches("192.168.*.*", "192.168.0.1"));
  EXPECT_TRUE(matches("192.168.*.*", "192.168.255.255"));
  EXPECT_FALSE(matches("192.168.*.*", "192.169.0.1"));
  EXPECT_TRUE(matches("192.168.0-20.*", "192.168.20.3"));
  EXPECT_FALSE(matches("192.168.0-20.*", "192.168.21.3"));
  EXPECT_TRUE(matches("192.168.0.1-200", "192.168.0.200"));
  EXPECT_FALSE(matches("192.168.0.1-200", "192.168.0.0"));
  EXPECT_TRUE(matches("192.168.1-9.5", "192.168.3.5"));
  EXPECT_FALSE(matches("192.168.1-9.5", "192.168.3.6"));
  EXPECT_TRUE(matches("2::ac5:78:1-200:*", "2::ac5:78:200:ffff"));
  EXPECT_FALSE(matches("2::ac5:78:1-200:*", "2::ac5:78:201:0"));
  EXPECT_TRUE(matches("::ac5:78:*", "0:0:0:0:0:ac5:78:1"));
  EXPECT_TRUE(matches("fe80::*", "fe80::1"));
  EXPECT_FALSE(matches("fe80::*", "fe80:1::1"));
  EXPECT_FALSE(matches("192.168.*.*", "::ffff:1"));
}

// A connection of an IPv4 client has an IPv4 address, also at a socket of both kinds.
TEST(AddressRuleTest, AMappedAddressMeansTheIpv4AddressThatItMaps) {
  for (const char* const rule : {"::ffff:127.0.0.1", "::FFFF:127.0.0.1", "::ffff:7f00:1",
                                 "0:0:0:0:0:ffff:127.0.0.1", "10.0.0.1,::ffff:127.0.0.1"}) {
    EXPECT_TRUE(matches(rule, "127.0.0.1")) << rule;
    EXPECT_FALSE(matches(rule, "127.0.0.2")) << rule;
    EXPECT_FALSE(matches(rule, "::1")) << rule;
  }
  EXPECT_TRUE(matches("::ffff:10.0.1-9.*", "10.0.9.7"));
  EXPECT_FALSE(matches("::ffff:10.0.1-9.*", "10.0.10.7"));
  EXPECT_TRUE(matches("::ffff:10.0.0.{1,7}", "10.0.0.7"));
  EXPECT_TRUE(matches("::ffff:10.11.12.13", "10.11.12.13"));
  EXPECT_TRUE(matches("::ffff:a0b:c0d", "10.11.12.13"));
}

TEST(AddressRuleTest, WhatIsNoAddressIsAnErrorThatShowsHowOneLooks) {
  for (const char* const text : {"localhost",
                                 "10.0.0",
                                 "10.0.0.256",
                                 "10.0.0.1.2",
                                 "10.0.0.-3",
                                 "10.0.0.9-3",
                                 "10.0.0.1-",
                                 "10.0.0.{1,256}",
                                 "10.0.0.{",
                                 "}",
                                 "10.0.{0,1}.2",
                                 "{1,2}",
                                 "10.0.0{1,2}",
                                 "10.0.0.{}",
                                 "1:2:3",
                                 "1::2::3",
                                 "1:2:3:4:5:6:7:8:9",
                                 "fe80::12345",
                                 "10.0.0.1,",
                                 ",",
                                 "10.0.0.1;2",
                                 "10.0.0.0/8",
                                 ":",
                                 ":::",
                                 "::10.0.0.1",
                                 "::ffff:10.0.0",
                                 "::ffff:10.0.0.1:2",
                                 "1::ffff:10.0.0.1"}) {
    const auto rule = AddressRule::parse(text);
    ASSERT_FALSE(rule.ok()) << text;
    EXPECT_NE(rule.status().message().find("10.0.1-9.*"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace rocketmq::broker
