#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/hash.h"
#include "common/json/encode.h"
#include "namesrv/namesrv.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/commands/namesrv_registration.h"
#include "remoting/protocol/commands/namesrv_route.h"
#include "tests/support/eventually.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::namesrv::test {

using rocketmq::test::eventually;

inline constexpr std::chrono::seconds kPatience{10};

/// Somebody who talks to a name server over one connection of its own.
class Peer {
 public:
  explicit Peer(uint16_t port) : address_("127.0.0.1:" + std::to_string(port)) {}
  ~Peer() { hangUp(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Sends a request as a peer of that version and waits for the answer.
  template <remoting::Command C>
  remoting::CallReply<C> call(const C& request, std::string body = {},
                              int32_t version = remoting::kAnnouncedVersion) {
    std::promise<remoting::CallResult<C>> promise;
    const remoting::ConnectionPtr connection = open();
    const int32_t opaque = connection->nextOpaque();
    remoting::OutgoingFrame frame;
    remoting::HeaderWriter writer(frame.head, {.code = static_cast<int32_t>(C::kCode),
                                               .version = version,
                                               .opaque = opaque,
                                               .remark = {}});
    remoting::encodeFields(request, remoting::NameStyle::kLong, writer);
    writer.finish(body.size());
    frame.body = remoting::Payload(std::move(body));
    connection->callRaw(opaque, std::move(frame), remoting::deadlineAfter(kPatience),
                        [&promise](Result<const remoting::CommandView*> raw) {
                          promise.set_value(remoting::Connection::decodeReply<C>(raw));
                        });
    auto result = promise.get_future().get();
    if (!result.ok()) {
      ADD_FAILURE() << result.status().toString();
      return {};
    }
    return std::move(*result);
  }

  void hangUp() { client_.stop(); }

 private:
  remoting::ConnectionPtr open() {
    std::promise<Result<remoting::ConnectionPtr>> promise;
    client_.connect(address_, remoting::deadlineAfter(kPatience),
                    [&promise](Result<remoting::ConnectionPtr> connection) {
                      promise.set_value(std::move(connection));
                    });
    return promise.get_future().get().value();
  }

  const std::string address_;
  remoting::IoPool pool_{"peer", 1};
  remoting::Client client_{pool_, nullptr, {}};
};

/// A broker's registration header.
inline remoting::RegisterBroker brokerA() {
  remoting::RegisterBroker broker;
  broker.broker_name = "broker-a";
  broker.broker_address = "127.0.0.1:40911";
  broker.cluster_name = "DefaultCluster";
  broker.ha_server_address = "127.0.0.1:40912";
  return broker;
}

/// A registration body with 8/8 queues and permission 7 for each topic.
inline remoting::RegisterBrokerBody topicsOf(std::initializer_list<std::string> names,
                                             int64_t counter = 1) {
  remoting::RegisterBrokerBody body;
  model::TopicConfigTable& table = body.topic_config_serialize_wrapper;
  table.data_version.counter = counter;
  table.data_version.timestamp = 1'795'231'846'013;
  for (const std::string& name : names) {
    model::TopicConfig config;
    config.topic_name = name;
    config.read_queue_nums = 8;
    config.write_queue_nums = 8;
    config.perm = 7;
    table.topic_config_table[name] = config;
  }
  return body;
}

/// A running name server whose clock the test owns.
class NamesrvTest : public testing::Test {
 protected:
  void SetUp() override { start(); }

  void start() {
    server_.reset();
    auto server = Namesrv::start(settings_, clock_);
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
    client_ = std::make_unique<Peer>(server_->port());
  }

  NamesrvSettings settingsForTest() {
    NamesrvSettings settings;
    settings.listen_port = 0;
    settings.bind_address = "127.0.0.1";
    settings.io_threads = 2;
    settings.scan_interval_ms = 5;
    settings.kv_config_path = folder_.file("kvConfig.json");
    settings.config_store_path = folder_.file("namesrv.properties");
    settings.log_dir = folder_.path();
    return settings;
  }

  /// Registers over the peer's connection and expects success.
  remoting::CallReply<remoting::RegisterBroker> enroll(Peer& peer,
                                                       const remoting::RegisterBroker& broker,
                                                       const remoting::RegisterBrokerBody& body) {
    auto reply = peer.call(broker, json::encode(body));
    EXPECT_TRUE(reply.success()) << reply.remark;
    return reply;
  }

  remoting::CallReply<remoting::GetRouteInfoByTopic> route(
      const std::string& topic, int32_t version = remoting::kAnnouncedVersion) {
    return client_->call(
        remoting::GetRouteInfoByTopic{.topic = topic, .accept_standard_json_only = {}}, "",
        version);
  }

  bool isRouted(const std::string& topic) { return route(topic).success(); }

  rocketmq::test::TempFolder folder_;
  ManualClock clock_;
  NamesrvSettings settings_ = settingsForTest();
  std::unique_ptr<Namesrv> server_;
  std::unique_ptr<Peer> client_;
};

}  // namespace rocketmq::namesrv::test
