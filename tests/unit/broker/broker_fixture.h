#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/pull_message.h"
#include "remoting/protocol/commands/relay.h"
#include "remoting/protocol/commands/reply_message.h"
#include "remoting/protocol/commands/send_message.h"
#include "remoting/protocol/commands/topic_admin.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {

using remoting::CallResult;
using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// Of a small broker on loopback, on any free port.
inline BrokerSettings settingsIn(const test::TempDir& dir) {
  BrokerSettings settings;
  settings.broker_name = "broker-a";
  settings.advertised_ip = "127.0.0.1";
  settings.bind_address = "127.0.0.1";
  settings.listen_port = 0;
  settings.store_root = dir / "store";
  settings.log_dir = dir / "logs";
  settings.commit_log_file_bytes = 4 << 20;
  settings.consume_queue_file_bytes = 20 * 1000;
  settings.index_hash_slots = 1000;
  settings.index_entries_max = 4000;
  return settings;
}

/// A client of the broker: one connection, with counts of what the broker asks of it.
class Peer {
 public:
  explicit Peer(std::string address) : address_(std::move(address)), pool_("peer", 1) {
    router_.handle<remoting::NotifyConsumerIdsChanged>(
        {}, [this](const remoting::NotifyConsumerIdsChanged&, const remoting::RequestContext&) {
          ++notified_;
          return remoting::Answer<remoting::NoFields>();
        });
    router_.handle<remoting::PushReplyMessageToClient>(
        {.inline_body_max = remoting::kAnyBodyBytes, .body_max = remoting::kAnyBodyBytes},
        [this](const remoting::PushReplyMessageToClient& request,
               const remoting::RequestContext& context) {
          const MutexLock lock(mutex_);
          reply_ = request;
          reply_body_ = context.body();
          return remoting::Answer<remoting::NoFields>();
        });
    router_.handle<remoting::ResetConsumerClientOffset>(
        {}, [this](const remoting::ResetConsumerClientOffset&,
                   const remoting::RequestContext& context) {
          const MutexLock lock(mutex_);
          reset_body_ = context.body();
          return remoting::Answer<remoting::NoFields>();
        });
    router_.handle<remoting::GetConsumerRunningInfo>(
        {},
        [this](const remoting::GetConsumerRunningInfo&, const remoting::RequestContext& context) {
          const MutexLock lock(mutex_);
          for (const auto& [name, value] : context.command.ext_fields) {
            relayed_fields_.insert(std::string(name));
          }
          return remoting::Answer<remoting::NoFields>();
        });
    router_.handle<remoting::GetConsumerStatusFromClient>(
        {}, [this](const remoting::GetConsumerStatusFromClient&, const remoting::RequestContext&) {
          const MutexLock lock(mutex_);
          return remoting::Answer<remoting::NoFields>::ofBody(status_body_);
        });
    client_.emplace(pool_, &router_, remoting::Client::Options{});
  }
  ~Peer() { close(); }

  template <class C>
  CallResult<C> call(C request, std::string body = {}, milliseconds timeout = seconds(10)) {
    return client_->callSync(address_, std::move(request), std::move(body),
                             remoting::deadlineAfter(timeout));
  }
  template <class C, class Callback>
  void callLater(C request, Callback callback, std::string body = {}) {
    client_->call(address_, std::move(request), std::move(body),
                  remoting::deadlineAfter(seconds(30)), std::move(callback));
  }
  template <class C>
  void oneway(C request, std::string body = {}) {
    client_->oneway(address_, std::move(request), std::move(body),
                    remoting::deadlineAfter(seconds(10)));
  }

  void close() {
    client_->stop();
    pool_.stop();
  }

  int notified() const { return notified_; }
  std::optional<remoting::PushReplyMessageToClient> reply() {
    const MutexLock lock(mutex_);
    return reply_;
  }
  std::string resetBody() {
    const MutexLock lock(mutex_);
    return reset_body_;
  }
  /// Names of the fields of all requests for what this client runs.
  std::set<std::string> relayedFields() {
    const MutexLock lock(mutex_);
    return relayed_fields_;
  }
  /// What it says when it is asked for its offsets.
  void setStatusBody(std::string body) {
    const MutexLock lock(mutex_);
    status_body_ = std::move(body);
  }
  std::string replyBody() {
    const MutexLock lock(mutex_);
    return reply_body_;
  }

 private:
  const std::string address_;
  remoting::IoPool pool_;
  remoting::Router router_{nullptr};
  std::optional<remoting::Client> client_;
  std::atomic<int> notified_{0};
  Mutex mutex_;
  std::optional<remoting::PushReplyMessageToClient> reply_;
  std::string reply_body_;
  std::string reset_body_;
  std::string status_body_;
  std::set<std::string> relayed_fields_;
};

/// A broker inside of the test process, with one client.
class BrokerTest : public testing::Test {
 protected:
  BrokerTest() { start(); }
  ~BrokerTest() override { stop(); }

  void start() {
    auto started = Broker::start(settings_);
    // Of a free port the next one, for replication, may be somebody's.
    for (int i = 0; i < 10 && !started.ok() && settings_.listen_port == 0; ++i) {
      started = Broker::start(settings_);
    }
    ASSERT_TRUE(started.ok()) << started.status().message();
    broker_ = std::move(*started);
    peer_.emplace(address());
  }
  void stop() {
    peer_.reset();
    if (broker_ != nullptr) {
      EXPECT_TRUE(broker_->stop().isOk());
      broker_.reset();
    }
  }
  void restart() {
    stop();
    start();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(broker_->port()); }

  template <class C>
  static C sendOf(std::string topic, PropertyMap properties = {}, int32_t queue_id = 0) {
    C send;
    send.producer_group = "P";
    send.topic = std::move(topic);
    send.default_topic = "TBW102";
    send.default_topic_queue_nums = 4;
    send.queue_id = queue_id;
    send.born_timestamp_ms = 1;
    send.properties = formatProperties(properties);
    return send;
  }

  static remoting::UpdateAndCreateTopic topicOf(std::string name, int32_t queues) {
    remoting::UpdateAndCreateTopic topic;
    topic.topic = std::move(name);
    topic.topic_filter_type = "SINGLE_TAG";
    topic.perm = 6;
    topic.read_queue_nums = topic.write_queue_nums = queues;
    return topic;
  }

  remoting::SendMessageReply send(std::string body, PropertyMap properties = {},
                                  std::string topic = "T") {
    const auto result = peer_->call(
        sendOf<remoting::SendMessageV2>(std::move(topic), std::move(properties)), std::move(body));
    EXPECT_TRUE(result.ok()) << result.status().message();
    EXPECT_TRUE(result->success()) << result->remark;
    return result->header;
  }

  static remoting::PullMessage pullOf(int64_t offset, int32_t sys_flag,
                                      std::string subscription = "*") {
    remoting::PullMessage pull;
    pull.consumer_group = "G";
    pull.topic = "T";
    pull.queue_offset = offset;
    pull.max_messages = 32;
    pull.sys_flag = sys_flag;
    pull.suspend_timeout_ms = 20'000;
    pull.subscription = std::move(subscription);
    return pull;
  }

  static std::vector<std::string> bodies(std::string_view bytes) {
    std::vector<std::string> found;
    while (!bytes.empty()) {
      const auto record = decodeRecord(bytes, CrcCheck::kVerify);
      EXPECT_TRUE(record.ok());
      if (!record.ok()) {
        break;
      }
      found.emplace_back(record->body);
      bytes.remove_prefix(static_cast<size_t>(record->total_size));
    }
    return found;
  }

  std::vector<std::string> pull(int64_t offset, std::string subscription = "*") {
    const auto result =
        peer_->call(pullOf(offset, pull_sys_flag::kSubscription, std::move(subscription)));
    EXPECT_TRUE(result.ok());
    return result->success() ? bodies(result->body) : std::vector<std::string>{};
  }

  static std::string heartbeatOf(std::string client_id, std::string group,
                                 std::string producer_group = {}) {
    remoting::HeartbeatData heartbeat;
    heartbeat.client_id = std::move(client_id);
    if (!group.empty()) {
      remoting::ConsumerData consumer;
      consumer.group_name = std::move(group);
      model::SubscriptionData subscription;
      subscription.topic = "T";
      subscription.sub_string = "*";
      subscription.sub_version = 1;
      consumer.subscription_data_set = {subscription};
      heartbeat.consumer_data_set = {consumer};
    }
    if (!producer_group.empty()) {
      heartbeat.producer_data_set = {{std::move(producer_group)}};
    }
    return json::encode(heartbeat);
  }

  std::vector<std::string> members(std::string group) {
    remoting::GetConsumerListByGroup request;
    request.consumer_group = std::move(group);
    const auto result = peer_->call(request);
    EXPECT_TRUE(result.ok());
    const auto list = json::decode<remoting::ConsumerIdList>(result->body);
    return list.ok() ? (*list).consumer_id_list : std::vector<std::string>{};
  }

  test::TempDir dir_;
  BrokerSettings settings_ = settingsIn(dir_);
  std::unique_ptr<Broker> broker_;
  std::optional<Peer> peer_;
};

}  // namespace rocketmq::broker
