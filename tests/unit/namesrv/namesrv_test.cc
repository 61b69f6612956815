#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "namesrv/route_table.h"
#include "remoting/protocol/commands/namesrv_kv.h"
#include "tests/unit/namesrv/namesrv_fixture.h"

namespace rocketmq::namesrv::test {
namespace {

using remoting::ResponseCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A request that no release knows.
struct UnknownRequest : remoting::NoFields {
  static constexpr auto kCode = static_cast<remoting::RequestCode>(32'000);
  using Reply = remoting::NoFields;
};

constexpr std::string_view kStrictRoute =
    R"({"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:40911"},"brokerName":"broker-a",)"
    R"("cluster":"DefaultCluster"}],"filterServerTable":{},"queueDatas":[)"
    R"({"brokerName":"broker-a","perm":7,"readQueueNums":8,"topicSysFlag":0,)"
    R"("writeQueueNums":8}]})";

TEST_F(NamesrvTest, ARegisteredTopicIsRoutedInTheWayTheClientReads) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  const std::string strict(kStrictRoute);
  std::string fastjson = strict;
  fastjson.replace(fastjson.find(R"("0")"), 3, "0");
  EXPECT_EQ(route("T").body, strict);
  EXPECT_EQ(route("T", 401).body, strict);
  EXPECT_EQ(route("T", 400).body, fastjson);
  EXPECT_EQ(route("T", 121).body, fastjson);
  EXPECT_EQ(
      client_
          ->call(remoting::GetRouteInfoByTopic{.topic = "T", .accept_standard_json_only = true}, "",
                 121)
          .body,
      strict);
}

TEST_F(NamesrvTest, AnUnknownTopicIsAnsweredTopicNotExist) {
  const auto reply = route("nowhere");
  EXPECT_EQ(reply.code, ResponseCode::kTopicNotExist);
  EXPECT_THAT(reply.remark,
              StartsWith("No topic route info in name server for the topic: nowhere\n"));
  EXPECT_LT(route(std::string(100'000, 'x')).remark.size(), 1000u);
}

TEST_F(NamesrvTest, AnUnknownRequestIsAnsweredNotSupported) {
  EXPECT_EQ(client_->call(UnknownRequest{}).code, ResponseCode::kRequestCodeNotSupported);
}

TEST_F(NamesrvTest, ABrokerWhoseConnectionClosesIsGoneAtOnce) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  EXPECT_TRUE(isRouted("T"));
  broker.hangUp();
  EXPECT_TRUE(eventually([&] { return !isRouted("T"); }));
}

// Its topics are more than are removed at a time.
TEST_F(NamesrvTest, ALargeBrokerWhoseConnectionClosesIsGoneAsAWhole) {
  settings_.scan_interval_ms = 3'600'000;  // It is not the scan that ends what has been begun.
  start();
  remoting::RegisterBrokerBody body = topicsOf({});
  model::TopicConfig config;
  for (size_t i = 0; i < 3 * RouteTable::kTopicsPerRemoval; ++i) {
    config.topic_name = "T" + std::to_string(i);
    body.topic_config_serialize_wrapper.topic_config_table[config.topic_name] = config;
  }
  Peer broker(server_->port());
  enroll(broker, brokerA(), body);
  ASSERT_TRUE(isRouted("T0"));
  broker.hangUp();
  EXPECT_TRUE(eventually([&] {
    return client_->call(remoting::GetBrokerClusterInfo{}).body.find("broker-a") ==
           std::string::npos;
  }));
  EXPECT_FALSE(isRouted("T0"));
}

TEST_F(NamesrvTest, ABrokerThatReconnectedStaysWhenItsOldConnectionCloses) {
  Peer before(server_->port());
  enroll(before, brokerA(), topicsOf({"T", "U"}));
  Peer after(server_->port());
  enroll(after, brokerA(), topicsOf({"T", "U"}));
  // The end of a third broker's connection, closed later, shows that the first one was handled.
  Peer marker(server_->port());
  auto marker_broker = brokerA();
  marker_broker.broker_name = "marker";
  marker_broker.broker_address = "127.0.0.1:40999";
  enroll(marker, marker_broker, topicsOf({"M"}));
  before.hangUp();
  marker.hangUp();
  EXPECT_TRUE(eventually([&] { return !isRouted("M"); }));
  EXPECT_TRUE(isRouted("T"));
}

TEST_F(NamesrvTest, ASilentBrokerExpires) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  clock_.advance(std::chrono::milliseconds(120'001));
  EXPECT_TRUE(eventually([&] { return !isRouted("T"); }));
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  EXPECT_TRUE(isRouted("T"));
}

TEST_F(NamesrvTest, ABrokerMayAskForAShorterLife) {
  Peer broker(server_->port());
  auto hasty = brokerA();
  hasty.heartbeat_timeout_ms = 10'000;
  enroll(broker, hasty, topicsOf({"T", "U"}));
  clock_.advance(std::chrono::milliseconds(10'001));
  EXPECT_TRUE(eventually([&] { return !isRouted("T"); }));
}

TEST_F(NamesrvTest, AnUnregisteredBrokerIsGone) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  EXPECT_TRUE(broker
                  .call(remoting::UnregisterBroker{.broker_name = "broker-a",
                                                   .broker_address = "127.0.0.1:40911",
                                                   .cluster_name = "DefaultCluster"})
                  .success());
  EXPECT_FALSE(isRouted("T"));
}

TEST_F(NamesrvTest, ABodyWithTheWrongChecksumIsRefused) {
  Peer broker(server_->port());
  const std::string body = json::encode(topicsOf({"T", "U"}));
  auto request = brokerA();
  request.body_crc32 = static_cast<int32_t>(maskedCrc32(body) ^ 1);
  const auto refused = broker.call(request, body);
  EXPECT_EQ(refused.code, ResponseCode::kSystemError);
  EXPECT_EQ(refused.remark, "crc32 not match");
  EXPECT_FALSE(isRouted("T"));
  request.body_crc32 = static_cast<int32_t>(maskedCrc32(body));
  EXPECT_TRUE(broker.call(request, body).success());
  EXPECT_TRUE(isRouted("T"));
}

TEST_F(NamesrvTest, ACompressedBodyIsUnderstoodEvenIfTheHeaderForgetsToSaySo) {
  Peer broker(server_->port());
  auto request = brokerA();
  for (const bool announced : {true, false}) {
    request.compressed = announced;
    const std::string topic = announced ? "announced" : "forgotten";
    const auto body =
        encodeRegisterBrokerBody(topicsOf({topic}, announced ? 1 : 2), true, 479).value();
    EXPECT_TRUE(broker.call(request, body, 479).success());
    EXPECT_TRUE(isRouted(topic));
  }
}

TEST_F(NamesrvTest, ABrokerBefore3_0_11SendsItsTopicsOnly) {
  Peer broker(server_->port());
  for (const auto& body : {topicsOf({"T"}, 1), topicsOf({"U"}, 2)}) {
    EXPECT_TRUE(
        broker.call(brokerA(), json::encode(body.topic_config_serialize_wrapper), 36).success());
  }
  EXPECT_TRUE(isRouted("T"));
  EXPECT_TRUE(isRouted("U"));
}

TEST_F(NamesrvTest, AnUnreadableRegistrationIsRefusedAndHurtsNobody) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  for (const std::string& body : std::vector<std::string>{"{", "[]", "x\x9C", "\x78\x9C garbage"}) {
    EXPECT_EQ(broker.call(brokerA(), body).code, ResponseCode::kSystemError) << body;
  }
  EXPECT_TRUE(isRouted("T"));
}

TEST_F(NamesrvTest, NamesThatWouldSpoilAnswersAreRefused) {
  Peer broker(server_->port());
  auto request = brokerA();
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string(256, 'x')}) {
    request.broker_name = name;
    EXPECT_EQ(broker.call(request, json::encode(topicsOf({"T"}))).code, ResponseCode::kSystemError);
  }
  enroll(broker, brokerA(), topicsOf({"T", "tab\there", std::string(256, 'x')}));
  EXPECT_TRUE(isRouted("T"));
  EXPECT_EQ(client_->call(remoting::GetAllTopicListFromNameServer{}).body,
            R"({"topicList":["T"]})");
}

TEST_F(NamesrvTest, ASlaveIsToldItsMaster) {
  Peer broker(server_->port());
  EXPECT_EQ(enroll(broker, brokerA(), topicsOf({"T", "U"})).header.master_address, std::nullopt);
  auto slave = brokerA();
  slave.broker_address = "127.0.0.1:40921";
  slave.ha_server_address = "127.0.0.1:40922";
  slave.broker_id = 1;
  const auto reply = enroll(broker, slave, topicsOf({"T", "U"}));
  EXPECT_EQ(reply.header.master_address, "127.0.0.1:40911");
  EXPECT_EQ(reply.header.ha_server_address, "127.0.0.1:40912");
  EXPECT_THAT(route("T").body, HasSubstr(R"({"0":"127.0.0.1:40911","1":"127.0.0.1:40921"})"));
}

TEST_F(NamesrvTest, OneTopicOfAnUnknown5xBrokerIsRefused) {
  Peer broker(server_->port());
  auto modern = brokerA();
  modern.enable_acting_master = false;
  const auto refused = broker.call(modern, json::encode(topicsOf({"T"})));
  EXPECT_EQ(refused.code, ResponseCode::kSystemError);
  EXPECT_EQ(refused.remark, "register broker failed");
  enroll(broker, brokerA(), topicsOf({"T"}));
}

// The bodies are those of RocketMQ 5's BrokerOuterAPI.registerSingleTopicAll.
TEST_F(NamesrvTest, ASingleTopicOfARegisteredBrokerIsRouted) {
  Peer broker(server_->port());
  const remoting::RegisterTopicInNameServer request{.topic = "one"};
  const std::string body =
      R"({"brokerDatas":[],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a",)"
      R"("perm":6,"readQueueNums":3,"topicSysFlag":0,"writeQueueNums":2}]})";
  const auto refused = broker.call(request, body);
  EXPECT_EQ(refused.code, ResponseCode::kSystemError);
  EXPECT_THAT(refused.remark, HasSubstr("not registered"));
  EXPECT_FALSE(isRouted("one"));
  EXPECT_TRUE(
      enroll(broker, brokerA(), topicsOf({"T"})).header.takes_single_topics.value_or(false));
  EXPECT_TRUE(broker.call(request, body).success());
  EXPECT_THAT(route("one").body, HasSubstr(R"({"brokerName":"broker-a","perm":6,)"
                                           R"("readQueueNums":3,"topicSysFlag":0,)"
                                           R"("writeQueueNums":2})"));
  EXPECT_FALSE(
      broker.call(remoting::RegisterTopicInNameServer{.topic = "bad\nname"}, body).success());
  EXPECT_FALSE(broker.call(request, "no JSON").success());
}

TEST_F(NamesrvTest, ABrokerCanAskWhetherItHasToRegister) {
  Peer broker(server_->port());
  const remoting::QueryDataVersion query{.broker_name = "broker-a",
                                         .broker_address = "127.0.0.1:40911",
                                         .cluster_name = "DefaultCluster"};
  const auto body = topicsOf({"T", "U"}, 7);
  const std::string version = json::encode(body.topic_config_serialize_wrapper.data_version);
  const auto unknown = broker.call(query, version);
  EXPECT_TRUE(unknown.header.changed);
  EXPECT_EQ(unknown.body, "");
  enroll(broker, brokerA(), body);
  const auto same = broker.call(query, version);
  EXPECT_FALSE(same.header.changed);
  EXPECT_EQ(same.body, R"({"counter":7,"timestamp":1795231846013})");
  EXPECT_TRUE(broker.call(query, R"({"counter":8,"timestamp":1})").header.changed);
}

TEST_F(NamesrvTest, TopicsAndBrokersAreListed) {
  Peer broker(server_->port());
  EXPECT_EQ(client_->call(remoting::GetSystemTopicListFromNameServer{}).body,
            R"({"topicList":[]})");
  enroll(broker, brokerA(), topicsOf({"T"}));
  EXPECT_EQ(client_->call(remoting::GetAllTopicListFromNameServer{}).body,
            R"({"topicList":["T"]})");
  EXPECT_EQ(client_->call(remoting::GetTopicsByCluster{.cluster = "DefaultCluster"}).body,
            R"({"topicList":["T"]})");
  EXPECT_EQ(client_->call(remoting::GetTopicsByCluster{.cluster = "other"}).body,
            R"({"topicList":[]})");
  EXPECT_EQ(client_->call(remoting::GetUnitTopicList{}).body, R"({"topicList":[]})");
  EXPECT_EQ(client_->call(remoting::GetHasUnitSubTopicList{}).body, R"({"topicList":[]})");
  EXPECT_EQ(client_->call(remoting::GetHasUnitSubUnunitTopicList{}).body, R"({"topicList":[]})");
  EXPECT_EQ(client_->call(remoting::GetSystemTopicListFromNameServer{}).body,
            R"({"brokerAddr":"127.0.0.1:40911","topicList":["DefaultCluster","broker-a"]})");
  // In fastjson's way for every version.
  EXPECT_EQ(client_->call(remoting::GetBrokerClusterInfo{}, "", 479).body,
            R"({"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:40911"},)"
            R"("brokerName":"broker-a","cluster":"DefaultCluster"}},)"
            R"("clusterAddrTable":{"DefaultCluster":["broker-a"]}})");
}

TEST_F(NamesrvTest, TopicListsCanBeSwitchedOff) {
  settings_.all_topic_list = false;
  settings_.topic_list = false;
  start();
  EXPECT_EQ(client_->call(remoting::GetAllTopicListFromNameServer{}).code,
            ResponseCode::kSystemError);
  EXPECT_EQ(client_->call(remoting::GetTopicsByCluster{.cluster = "C"}).code,
            ResponseCode::kSystemError);
}

TEST_F(NamesrvTest, ADeletedTopicIsGone) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  client_->call(remoting::DeleteTopicInNameServer{.topic = "T", .cluster_name = "other"});
  EXPECT_TRUE(isRouted("T"));
  EXPECT_TRUE(
      client_
          ->call(remoting::DeleteTopicInNameServer{.topic = "T", .cluster_name = "DefaultCluster"})
          .success());
  EXPECT_FALSE(isRouted("T"));
  client_->call(remoting::DeleteTopicInNameServer{.topic = "U", .cluster_name = {}});
  EXPECT_FALSE(isRouted("U"));
}

TEST_F(NamesrvTest, WritePermissionIsTakenAndGivenBack) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  EXPECT_EQ(client_->call(remoting::WipeWritePermOfBroker{.broker_name = "broker-a"})
                .header.wipe_topic_count,
            2);
  EXPECT_THAT(route("T").body, HasSubstr(R"("perm":5)"));
  EXPECT_EQ(client_->call(remoting::AddWritePermOfBroker{.broker_name = "broker-a"})
                .header.add_topic_count,
            2);
  EXPECT_THAT(route("T").body, HasSubstr(R"("perm":6)"));
  EXPECT_EQ(client_->call(remoting::WipeWritePermOfBroker{.broker_name = "nobody"})
                .header.wipe_topic_count,
            0);
}

// Promise: at each bound whoever is refused learns why and what to do, and the others notice
// nothing.
TEST_F(NamesrvTest, WhatIsBeyondABoundIsRefusedWithTheSettingToRaise) {
  settings_.brokers_max = 1;
  settings_.topics_per_broker_max = 2;
  settings_.kv_bytes_max = 1024;
  start();
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));

  auto second = brokerA();
  second.broker_name = "broker-b";
  second.broker_address = "127.0.0.1:50911";
  const auto refused = client_->call(second, json::encode(topicsOf({"V"})));
  EXPECT_EQ(refused.code, ResponseCode::kSystemError);
  EXPECT_THAT(refused.remark, HasSubstr("raise its registeredBrokersMax"));

  const auto partly = broker.call(brokerA(), json::encode(topicsOf({"T", "U", "V"}, 2)));
  EXPECT_EQ(partly.code, ResponseCode::kSystemError);
  EXPECT_THAT(partly.remark, AllOf(HasSubstr("1 new topics were left out"),
                                   HasSubstr("registeredTopicsPerBrokerMax")));
  EXPECT_FALSE(isRouted("V"));
  EXPECT_TRUE(isRouted("T"));
  enroll(broker, brokerA(), topicsOf({"T", "U"}, 3));

  const auto too_long = client_->call(
      remoting::PutKvConfig{.name_space = "N", .key = "k", .value = std::string(2000, 'v')});
  EXPECT_EQ(too_long.code, ResponseCode::kSystemError);
  EXPECT_THAT(too_long.remark, HasSubstr("raise kvConfigBytesMax"));
}

TEST_F(NamesrvTest, KvTextsSurviveARestart) {
  using remoting::GetKvConfig;
  EXPECT_TRUE(
      client_->call(remoting::PutKvConfig{.name_space = "N", .key = "k", .value = "v"}).success());
  start();
  EXPECT_EQ(client_->call(GetKvConfig{.name_space = "N", .key = "k"}).header.value, "v");
  EXPECT_EQ(client_->call(remoting::GetKvListByNamespace{.name_space = "N"}).body,
            R"({"table":{"k":"v"}})");
  EXPECT_TRUE(client_->call(remoting::DeleteKvConfig{.name_space = "N", .key = "k"}).success());
  const auto missing = client_->call(GetKvConfig{.name_space = "N", .key = "k"});
  EXPECT_EQ(missing.code, ResponseCode::kQueryNotFound);
  EXPECT_EQ(missing.remark, "No config item, Namespace: N Key: k");
  EXPECT_EQ(client_->call(remoting::GetKvListByNamespace{.name_space = "M"}).code,
            ResponseCode::kQueryNotFound);
}

TEST_F(NamesrvTest, TheOrderOfQueuesReachesBrokersAndIfEnabledClients) {
  Peer broker(server_->port());
  EXPECT_EQ(enroll(broker, brokerA(), topicsOf({"T", "U"})).body, "");
  client_->call(
      remoting::PutKvConfig{.name_space = "ORDER_TOPIC_CONFIG", .key = "T", .value = "broker-a:4"});
  EXPECT_EQ(enroll(broker, brokerA(), topicsOf({"T", "U"})).body,
            R"({"table":{"T":"broker-a:4"}})");
  EXPECT_EQ(route("T").body, kStrictRoute);
  client_->call(remoting::UpdateNamesrvConfig{},
                "orderMessageEnable=true\nreturnOrderTopicConfigToBroker=false\n");
  EXPECT_THAT(route("T").body, HasSubstr(R"("orderTopicConf":"broker-a:4")"));
  EXPECT_EQ(route("U").body, kStrictRoute);
  EXPECT_EQ(enroll(broker, brokerA(), topicsOf({"T", "U"})).body, "");
}

TEST_F(NamesrvTest, SettingsAreShownAndChangedByRequest) {
  EXPECT_THAT(client_->call(remoting::GetNamesrvConfig{}).body,
              testing::AllOf(HasSubstr("orderMessageEnable=false\n"), HasSubstr("listenPort=0\n")));
  EXPECT_TRUE(client_->call(remoting::UpdateNamesrvConfig{}, "orderMessageEnable=true").success());
  EXPECT_THAT(client_->call(remoting::GetNamesrvConfig{}).body,
              HasSubstr("orderMessageEnable=true\n"));
  EXPECT_EQ(client_->call(remoting::UpdateNamesrvConfig{}, "kvConfigPath=/x").code,
            ResponseCode::kNoPermission);
  EXPECT_EQ(client_->call(remoting::UpdateNamesrvConfig{}, "brokerLiveTimeout=x").code,
            ResponseCode::kSystemError);
}

TEST_F(NamesrvTest, RoutesCanBeHeldBackUntilBrokersHadTimeToRegister) {
  settings_.wait_for_service = true;
  start();
  Peer broker(server_->port());
  auto patient = brokerA();
  patient.heartbeat_timeout_ms = 1'000'000;
  enroll(broker, patient, topicsOf({"T", "U"}));
  EXPECT_EQ(route("T").code, ResponseCode::kSystemError);
  clock_.advance(std::chrono::milliseconds(45'000));
  EXPECT_TRUE(isRouted("T"));
}

TEST_F(NamesrvTest, AClientsZoneNarrowsItsRoutes) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  struct InZone : remoting::GetRouteInfoByTopic {
    std::string mode = "true";
    std::string zone = "east";
    static constexpr auto fields() {
      return std::tuple{required("topic", &InZone::topic), required("__ZONE_MODE", &InZone::mode),
                        required("__ZONE_NAME", &InZone::zone)};
    }
  };
  InZone request;
  request.topic = "T";
  EXPECT_THAT(client_->call(request).body, HasSubstr(R"("brokerDatas":[])"));
  request.mode = "false";
  EXPECT_EQ(client_->call(request).body, kStrictRoute);
}

TEST_F(NamesrvTest, ATakenPortIsSaidWithItsAddress) {
  NamesrvSettings other = settings_;
  other.listen_port = server_->port();
  const auto refused = Namesrv::start(other, clock_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kIo);
  EXPECT_THAT(refused.status().message(), HasSubstr(std::to_string(server_->port())));
}

// Promise: a query never sees a half-made route, however many registrations go on.
TEST_F(NamesrvTest, QueriesDuringRegistrationsGetWholeRoutes) {
  Peer broker(server_->port());
  enroll(broker, brokerA(), topicsOf({"T", "U"}));
  std::atomic<bool> done{false};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      Peer client(server_->port());
      while (!done.load()) {
        const auto reply = client.call(
            remoting::GetRouteInfoByTopic{.topic = "T", .accept_standard_json_only = {}});
        EXPECT_TRUE(reply.success());
        const bool wiped = reply.body.find(R"("perm":5)") != std::string::npos;
        std::string expected(kStrictRoute);
        if (wiped) {
          expected.replace(expected.find(R"("perm":7)"), 8, R"("perm":5)");
        }
        EXPECT_EQ(reply.body, expected);
      }
    });
  }
  for (int64_t counter = 2; counter < 100; ++counter) {
    broker.call(remoting::WipeWritePermOfBroker{.broker_name = "broker-a"});
    enroll(broker, brokerA(), topicsOf({"T", "U", "V" + std::to_string(counter)}, counter));
    Peer passer_by(server_->port());
    auto slave = brokerA();
    slave.broker_name = "broker-b";
    slave.broker_address = "127.0.0.1:50911";
    enroll(passer_by, slave, topicsOf({"W"}, counter));
  }
  done.store(true);
}

}  // namespace
}  // namespace rocketmq::namesrv::test
