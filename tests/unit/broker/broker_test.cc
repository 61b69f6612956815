#include "broker/broker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/offsets.h"
#include "remoting/protocol/commands/pull_message.h"
#include "remoting/protocol/commands/query_message.h"
#include "remoting/protocol/commands/reply_message.h"
#include "remoting/protocol/commands/send_back.h"
#include "remoting/protocol/commands/send_message.h"
#include "remoting/protocol/commands/transaction.h"
#include "tests/support/eventually.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

using test::eventually;

using remoting::CallResult;
using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

BrokerSettings settingsIn(const test::TempDir& dir) {
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
        {}, [this](const remoting::PushReplyMessageToClient& request,
                   const remoting::RequestContext& context) {
          const MutexLock lock(mutex_);
          reply_ = request;
          reply_body_ = context.body();
          return remoting::Answer<remoting::NoFields>();
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
  void callLater(C request, Callback callback) {
    client_->call(address_, std::move(request), remoting::Payload(),
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
};

class BrokerTest : public testing::Test {
 protected:
  BrokerTest() { start(); }
  ~BrokerTest() override { stop(); }

  void start() {
    auto started = Broker::start(settings_);
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

TEST_F(BrokerTest, EveryKindOfSendCanBePulled) {
  ASSERT_TRUE(peer_->call(sendOf<remoting::SendMessage>("T"), "v1")->success());
  ASSERT_TRUE(peer_->call(sendOf<remoting::SendMessageV2>("T"), "v2")->success());
  std::string batch;
  appendBatchItem({.body = "b1", .properties = {}}, batch);
  appendBatchItem({.body = "b2", .properties = {}}, batch);
  auto batch_send = sendOf<remoting::SendBatchMessage>("T");
  batch_send.batch = true;
  ASSERT_TRUE(peer_->call(batch_send, batch)->success());
  // C++ clients send batches with the code of single messages.
  auto batch_v2 = sendOf<remoting::SendMessageV2>("T");
  batch_v2.batch = true;
  ASSERT_TRUE(peer_->call(batch_v2, batch)->success());
  peer_->oneway(sendOf<remoting::SendMessageV2>("T"), "oneway");
  const std::vector<std::string> all = {"v1", "v2", "b1", "b2", "b1", "b2", "oneway"};
  EXPECT_TRUE(eventually([&] { return pull(0) == all; }));
}

TEST_F(BrokerTest, ALongPollGetsAMessageAsSoonAsItIsSent) {
  send("first");
  std::promise<CallResult<remoting::PullMessage>> promise;
  auto future = promise.get_future();
  peer_->callLater(
      pullOf(1, pull_sys_flag::kSubscription | pull_sys_flag::kSuspend),
      [&](CallResult<remoting::PullMessage> result) { promise.set_value(std::move(result)); });
  // Another request on the same connection is not held up.
  EXPECT_EQ(pull(0), std::vector<std::string>{"first"});
  send("second");
  ASSERT_EQ(future.wait_for(seconds(5)), std::future_status::ready);
  const auto result = future.get();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(bodies(result->body), std::vector<std::string>{"second"});
}

// Producer and consumer race: whatever the timing, the consumer is never left sleeping beside a
// message until its long poll ends.
TEST_F(BrokerTest, NoMessageIsMissedBetweenTwoLongPolls) {
  constexpr int kMessages = 500;
  send("0");
  std::thread producer([this] {
    Peer peer(address());
    for (int i = 1; i < kMessages; ++i) {
      ASSERT_TRUE(peer.call(sendOf<remoting::SendMessageV2>("T"), std::to_string(i))->success());
    }
  });
  std::vector<std::string> got;
  const auto begin = Clock::now();
  while (got.size() < kMessages) {
    const auto result = peer_->call(pullOf(static_cast<int64_t>(got.size()),
                                           pull_sys_flag::kSubscription | pull_sys_flag::kSuspend),
                                    {}, seconds(25));
    ASSERT_TRUE(result.ok()) << result.status().message();
    for (std::string& body : bodies(result->body)) {
      got.push_back(std::move(body));
    }
  }
  producer.join();
  EXPECT_LT(Clock::now() - begin, seconds(15));
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_EQ(got[static_cast<size_t>(i)], std::to_string(i));
  }
}

TEST_F(BrokerTest, AHeartbeatIsInForceAndToldBeforeItIsAnswered) {
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  EXPECT_EQ(peer_->notified(), 1);
  EXPECT_EQ(members("G"), std::vector<std::string>{"c1"});
  // The retry topic is there for the consumer's next route request.
  EXPECT_EQ(send("r", {}, "%RETRY%G").queue_id, 0);
}

TEST_F(BrokerTest, AClientThatGoesIsToldToTheOthers) {
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  std::optional<Peer> other;
  other.emplace(address());
  ASSERT_TRUE(other->call(remoting::Heartbeat{}, heartbeatOf("c2", "G"))->success());
  EXPECT_EQ(members("G"), (std::vector<std::string>{"c1", "c2"}));
  EXPECT_TRUE(eventually([&] { return peer_->notified() == 2; }));
  other.reset();  // Without a word, as Go clients do.
  EXPECT_TRUE(eventually([&] { return peer_->notified() == 3; }));
  EXPECT_EQ(members("G"), std::vector<std::string>{"c1"});

  remoting::UnregisterClient unregister;
  unregister.client_id = "c1";
  unregister.consumer_group = "G";
  ASSERT_TRUE(peer_->call(unregister)->success());
  EXPECT_EQ(members("G"), std::vector<std::string>{});
}

TEST_F(BrokerTest, QueueLocksBelongToOneClient) {
  const auto lock = [this](const std::string& client) {
    remoting::LockBatchBody body;
    body.client_id = client;
    body.consumer_group = "G";
    body.mq_set = {{.topic = "T", .broker_name = "broker-a", .queue_id = 0}};
    const auto result = peer_->call(remoting::LockBatchQueues{}, json::encode(body));
    return json::decode<remoting::LockBatchReplyBody>(result->body)->lock_ok_mq_set.size();
  };
  EXPECT_EQ(lock("c1"), 1u);
  EXPECT_EQ(lock("c2"), 0u);
  remoting::LockBatchBody body;
  body.client_id = "c1";
  body.consumer_group = "G";
  body.mq_set = {{.topic = "T", .broker_name = "broker-a", .queue_id = 0}};
  ASSERT_TRUE(peer_->call(remoting::UnlockBatchQueues{}, json::encode(body))->success());
  EXPECT_EQ(lock("c2"), 1u);
}

TEST_F(BrokerTest, MessagesAreFoundByKeyByUniqueKeyAndByPlace) {
  const auto reply = send("x", {{"KEYS", "order-1 order-2"}, {"UNIQ_KEY", "0A0B"}});
  const auto query = [this](const std::string& key, bool unique) {
    remoting::QueryMessage request;
    request.topic = "T";
    request.key = key;
    request.max_messages = 10;
    request.end_ms = std::numeric_limits<int64_t>::max();
    request.unique_key = unique;
    const auto result = peer_->call(request);
    return result->success() ? bodies(result->body) : std::vector<std::string>{};
  };
  const std::vector<std::string> found = {"x"};
  EXPECT_TRUE(eventually([&] { return query("order-2", false) == found; }));
  EXPECT_EQ(query("0A0B", true), found);
  EXPECT_TRUE(query("order", false).empty());

  remoting::ViewMessageById view;
  view.offset = OffsetMessageId::parse(reply.message_id)->physical_offset;
  EXPECT_EQ(bodies(peer_->call(view)->body), found);
  view.offset += 1;
  EXPECT_EQ(peer_->call(view)->code, ResponseCode::kSystemError);
}

TEST_F(BrokerTest, OffsetsAnswerAsConsumersExpect) {
  const auto query = [this](const std::string& topic) {
    remoting::QueryConsumerOffset request;
    request.consumer_group = "G";
    request.topic = topic;
    return peer_->call(request);
  };
  // A young queue starts at 0, whatever the consumer would prefer.
  EXPECT_EQ(query("T")->header.offset, 0);
  send("a");
  send("b");
  EXPECT_TRUE(query("T")->success());
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  remoting::UpdateConsumerOffset commit;
  commit.consumer_group = "G";
  commit.topic = "T";
  commit.commit_offset = -1;
  ASSERT_TRUE(peer_->call(commit)->success());
  EXPECT_EQ(query("T")->header.offset, 0);
  commit.commit_offset = 2;
  ASSERT_TRUE(peer_->call(commit)->success());
  EXPECT_EQ(query("T")->header.offset, 2);

  remoting::GetMaxOffset max;
  max.topic = "T";
  EXPECT_EQ(peer_->call(max)->header.offset, 2);
  remoting::GetMinOffset min;
  min.topic = "T";
  EXPECT_EQ(peer_->call(min)->header.offset, 0);
  max.topic = "unknown";
  EXPECT_EQ(peer_->call(max)->header.offset, 0);
  remoting::SearchOffsetByTimestamp search;
  search.topic = "T";
  search.timestamp_ms = 1;
  EXPECT_EQ(peer_->call(search)->header.offset, 0);
  remoting::GetEarliestMessageStoreTime earliest;
  earliest.topic = "T";
  EXPECT_GT(peer_->call(earliest)->header.timestamp_ms, 0);
  earliest.topic = "unknown";
  EXPECT_EQ(peer_->call(earliest)->header.timestamp_ms, -1);
}

// RocketMQ: clients then look at consumeFromWhere. A 0 would have them consume an old topic anew.
TEST_F(BrokerTest, AGroupWithoutOffsetsInAnOldQueueHasNone) {
  settings_.in_memory_percent_max = 0;
  restart();
  remoting::QueryConsumerOffset query;
  query.consumer_group = "New";
  query.topic = "T";
  send("a");
  EXPECT_EQ(peer_->call(query)->code, ResponseCode::kQueryNotFound) << "not young any more";
  query.topic = "Other";
  EXPECT_EQ(peer_->call(query)->header.offset, 0);
  query.set_zero_if_not_found = false;
  EXPECT_EQ(peer_->call(query)->code, ResponseCode::kQueryNotFound);
}

TEST_F(BrokerTest, AReplyReachesTheClientThatWaitsAndIsStored) {
  Peer requester(address());
  ASSERT_TRUE(requester.call(remoting::Heartbeat{}, heartbeatOf("r1", "", "RP"))->success());
  remoting::SendReplyMessageV2 reply;
  static_cast<remoting::SendMessageHeader<std::string>&>(reply) = sendOf<remoting::SendMessageV2>(
      "DefaultCluster_REPLY_TOPIC",
      {{"MSG_TYPE", "reply"}, {"CORRELATION_ID", "77"}, {"REPLY_TO_CLIENT", "r1"}});
  const auto result = peer_->call(reply, "pong");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->success()) << result->remark;
  EXPECT_EQ(result->header.message_id.size(), 32u);
  ASSERT_TRUE(requester.reply());
  EXPECT_EQ(requester.replyBody(), "pong");
  EXPECT_EQ(findProperty(*requester.reply()->properties, "CORRELATION_ID"), "77");
  EXPECT_FALSE(findProperty(*requester.reply()->properties, "PUSH_REPLY_TIME").empty());
  EXPECT_EQ(requester.reply()->store_host, address());

  reply.properties = formatProperties({{"REPLY_TO_CLIENT", "nobody"}});
  EXPECT_EQ(peer_->call(reply, "pong")->code, ResponseCode::kSystemError);
  reply.properties = "";
  EXPECT_EQ(peer_->call(reply, "pong")->code, ResponseCode::kSystemError);
}

TEST_F(BrokerTest, ARestartKeepsMessagesTopicsGroupsAndOffsets) {
  send("kept");
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  remoting::UpdateConsumerOffset commit;
  commit.consumer_group = "G";
  commit.topic = "T";
  commit.commit_offset = 1;
  ASSERT_TRUE(peer_->call(commit)->success());

  restart();
  EXPECT_EQ(pull(0), std::vector<std::string>{"kept"});
  remoting::QueryConsumerOffset query;
  query.consumer_group = "G";
  query.topic = "T";
  EXPECT_EQ(peer_->call(query)->header.offset, 1);
  EXPECT_TRUE(members("G").empty());
  EXPECT_EQ(send("more").queue_offset, 1);
}

TEST_F(BrokerTest, SentBackMessagesAreDeliveredAgain) {
  const auto reply = send("again", {{"UNIQ_KEY", "U1"}});
  remoting::ConsumerSendMessageBack back;
  back.group = "G";
  back.offset = OffsetMessageId::parse(reply.message_id)->physical_offset;
  back.delay_level = -1;
  const auto result = peer_->call(back);
  EXPECT_TRUE(result->success()) << result->remark;
  auto dead = pullOf(0, pull_sys_flag::kSubscription);
  dead.topic = "%DLQ%G";
  EXPECT_EQ(bodies(peer_->call(dead)->body), std::vector<std::string>{"again"});
}

TEST_F(BrokerTest, SubscriptionsThatCannotBeEvaluatedAreRefusedBeforeTheyStart) {
  remoting::CheckClientConfigBody body;
  body.subscription_data.sub_string = "a > 3";
  EXPECT_TRUE(peer_->call(remoting::CheckClientConfig{}, json::encode(body))->success());
  body.subscription_data.expression_type = "SQL92";
  const auto off = peer_->call(remoting::CheckClientConfig{}, json::encode(body));
  EXPECT_EQ(off->code, ResponseCode::kSystemError);
  EXPECT_EQ(off->remark, "The broker does not support consumer to filter message by SQL92");
}

TEST_F(BrokerTest, BodiesThatAreNoJsonAreAnsweredNotDropped) {
  for (const char* body : {"", "{", "[]", "null", "{\"clientID\":"}) {
    EXPECT_FALSE(peer_->call(remoting::Heartbeat{}, body)->success()) << body;
    EXPECT_FALSE(peer_->call(remoting::LockBatchQueues{}, body)->success()) << body;
  }
}

TEST_F(BrokerTest, StoppingIsQuickAlsoWithPullsHeld) {
  send("a");
  std::atomic<int> ended{0};
  for (int i = 0; i < 10; ++i) {
    peer_->callLater(pullOf(1, pull_sys_flag::kSubscription | pull_sys_flag::kSuspend),
                     [&](const CallResult<remoting::PullMessage>&) { ++ended; });
  }
  EXPECT_EQ(pull(0).size(), 1u);
  const auto begin = Clock::now();
  EXPECT_TRUE(broker_->stop().isOk());
  EXPECT_LT(Clock::now() - begin, seconds(3));
  EXPECT_TRUE(eventually([&] { return ended == 10; }));
}

TEST_F(BrokerTest, ASecondBrokerOnTheSameFolderSaysSo) {
  const auto second = Broker::start(settings_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("lock"), std::string::npos) << second.status().message();
}

TEST_F(BrokerTest, ATakenPortIsNamed) {
  test::TempDir other;
  BrokerSettings settings = settingsIn(other);
  settings.listen_port = broker_->port();
  settings.ha_listen_port = test::freePort();  // Not the one above, which anybody may have.
  const auto second = Broker::start(settings);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(std::to_string(broker_->port())), std::string::npos)
      << second.status().message();
}

class SyncFlushBrokerTest : public BrokerTest {
 protected:
  SyncFlushBrokerTest() {
    stop();
    settings_.flush_disk_type = store::FlushMode::kSync;
    start();
  }
};

TEST_F(SyncFlushBrokerTest, WhatIsAnsweredIsOnTheDiskAndReadable) {
  EXPECT_EQ(send("synced").queue_offset, 0);
  EXPECT_EQ(pull(0), std::vector<std::string>{"synced"});
}

class SlaveBrokerTest : public BrokerTest {
 protected:
  SlaveBrokerTest() {
    stop();
    settings_.broker_role = BrokerRole::kSlave;
    settings_.broker_id = 1;
    start();
  }
};

TEST_F(SlaveBrokerTest, WhatWouldWriteIntoTheLogIsRefused) {
  const auto sent = peer_->call(sendOf<remoting::SendMessageV2>("T"), "body");
  ASSERT_TRUE(sent.ok()) << sent.status().message();
  EXPECT_FALSE(sent->success());
  remoting::EndTransaction commit;
  commit.producer_group = "P";
  commit.commit_or_rollback = remoting::kTransactionCommit;
  commit.message_id = "none";
  const auto ended = peer_->call(commit);
  ASSERT_TRUE(ended.ok()) << ended.status().message();
  EXPECT_EQ(ended->code, ResponseCode::kSlaveNotAvailable);
}

TEST(BrokerStartTest, ImpossibleSettingsAreRefusedInOneLine) {
  test::TempDir dir;
  const auto refusal = [&](auto change) {
    BrokerSettings settings = settingsIn(dir);
    change(settings);
    const auto broker = Broker::start(settings);
    EXPECT_FALSE(broker.ok());
    return broker.status().message();
  };
  EXPECT_NE(refusal([](BrokerSettings& s) { s.broker_role = BrokerRole::kSlave; }).find("brokerId"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.namesrv_addr = "nonsense"; }).find("nonsense"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.advertised_ip = "no such host!"; }).find("brokerIP1"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.bind_address = "nowhere"; }).find("nowhere"),
            std::string::npos);
  EXPECT_NE(refusal([](BrokerSettings& s) { s.store_root = "/proc/no-store"; }).find("/proc"),
            std::string::npos);
}

TEST(BrokerStartTest, AnAddressNobodyCanReachIsExplained) {
  test::TempDir dir;
  BrokerSettings settings = settingsIn(dir);
  settings.advertised_ip = "127.0.0.2";  // Not bound: the broker listens on 127.0.0.1.
  std::promise<std::string> promise;
  auto broker = Broker::start(settings, [&](const std::string& line) { promise.set_value(line); });
  ASSERT_TRUE(broker.ok()) << broker.status().message();
  auto future = promise.get_future();
  ASSERT_EQ(future.wait_for(seconds(10)), std::future_status::ready);
  const std::string line = future.get();
  EXPECT_NE(line.find("127.0.0.2"), std::string::npos) << line;
  EXPECT_NE(line.find("brokerIP1"), std::string::npos) << line;
}

}  // namespace
}  // namespace rocketmq::broker
