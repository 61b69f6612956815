// Messages on their way through a whole broker, asked for over its socket.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/message/message_id.h"
#include "remoting/protocol/commands/query_message.h"
#include "remoting/protocol/commands/send_back.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"
#include "tests/unit/broker/broker_fixture.h"

namespace rocketmq::broker {
namespace {

using test::eventually;

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

/// Those that are long enough to go on a lane of the broker, too.
TEST_F(BrokerTest, SendsOfAConnectionAreStoredInTheirOrder) {
  send("first");
  std::vector<std::string> all = {"first"};
  std::string long_batch;
  while (long_batch.size() <= (256u << 10)) {
    appendBatchItem({.body = std::string(100'000, 'x'), .properties = {}}, long_batch);
  }
  std::string small_batch;
  for (int i = 0; i < 1025; ++i) {
    appendBatchItem({.body = "z", .properties = {}}, small_batch);
  }
  auto batch = sendOf<remoting::SendBatchMessage>("T");
  batch.batch = true;
  for (int i = 0; i < 4; ++i) {
    peer_->oneway(batch, long_batch);
    all.insert(all.end(), 3, std::string(100'000, 'x'));
    peer_->oneway(sendOf<remoting::SendMessageV2>("T"), std::to_string(i));
    all.push_back(std::to_string(i));
    peer_->oneway(batch, small_batch);
    all.insert(all.end(), 1025, "z");
  }
  send("last");
  all.push_back("last");
  std::vector<std::string> stored;
  for (std::vector<std::string> some;
       !(some = pull(static_cast<int64_t>(stored.size()))).empty();) {
    stored.insert(stored.end(), some.begin(), some.end());
  }
  EXPECT_TRUE(stored == all) << stored.size();
}

TEST_F(BrokerTest, RequestsThatHaveNoBodyTakeNoLongOne) {
  const auto pulled =
      peer_->call(pullOf(0, pull_sys_flag::kSubscription), std::string((64u << 10) + 1, 'x'));
  ASSERT_TRUE(pulled.ok());
  EXPECT_EQ(pulled->code, ResponseCode::kSystemError);
  EXPECT_EQ(pulled->remark, "the body of PULL_MESSAGE has 65537 bytes, at most 65536 are taken");
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

TEST_F(BrokerTest, RepliesThatTheirClientDoesNotConfirmAreBounded) {
  settings_.message_bytes_max = 16 << 20;
  restart();
  auto silent = std::make_unique<test::RawClient>(broker_->port());
  const std::string heartbeat = heartbeatOf("r1", "", "RP");
  ASSERT_EQ(silent->call(34, "", heartbeat).code, 0);
  remoting::SendReplyMessageV2 reply;
  static_cast<remoting::SendMessageHeader<std::string>&>(reply) =
      sendOf<remoting::SendMessageV2>("DefaultCluster_REPLY_TOPIC", {{"REPLY_TO_CLIENT", "r1"}});
  const std::string body(15 << 20, 'x');
  std::atomic<int> ended{0};
  for (int i = 0; i < 4; ++i) {
    peer_->callLater(
        reply, [&](const CallResult<remoting::SendReplyMessageV2>&) { ++ended; }, body);
    ASSERT_TRUE(silent->takeRequest());
  }
  EXPECT_EQ(peer_->call(reply, body)->code, ResponseCode::kSystemBusy);
  EXPECT_EQ(ended, 0);
  silent.reset();
  EXPECT_TRUE(test::eventually([&] { return ended == 4; }));
  Peer requester(address());
  ASSERT_TRUE(requester.call(remoting::Heartbeat{}, heartbeat)->success());
  const auto answer = peer_->call(reply, body);
  EXPECT_TRUE(answer->success()) << answer->remark;
}

TEST_F(BrokerTest, AReplyIsNoLongerThanAMessage) {
  Peer requester(address());
  ASSERT_TRUE(requester.call(remoting::Heartbeat{}, heartbeatOf("r1", "", "RP"))->success());
  remoting::SendReplyMessageV2 reply;
  static_cast<remoting::SendMessageHeader<std::string>&>(reply) =
      sendOf<remoting::SendMessageV2>("DefaultCluster_REPLY_TOPIC", {{"REPLY_TO_CLIENT", "r1"}});
  EXPECT_EQ(peer_->call(reply, std::string((4 << 20) + 1, 'x'))->code,
            ResponseCode::kMessageIllegal);
  EXPECT_FALSE(requester.reply());
  const auto answer = peer_->call(reply, std::string(4 << 20, 'x'));
  EXPECT_TRUE(answer->success()) << answer->remark;
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

}  // namespace
}  // namespace rocketmq::broker
