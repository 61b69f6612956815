// What a whole broker knows of groups: members, subscriptions, offsets, queue locks.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/json/decode.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/commands/commands.h"
#include "tests/support/eventually.h"
#include "tests/unit/broker/broker_fixture.h"

namespace rocketmq::broker {
namespace {

using test::eventually;

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

/// What an administrator of a cluster with accounts sends, who also speaks of something new.
struct SignedRunningInfo : remoting::GetConsumerRunningInfo {
  std::string secret = "x";
  std::string other = "y";

  static constexpr auto fields() {
    using C = SignedRunningInfo;
    return std::tuple_cat(
        remoting::GetConsumerRunningInfo::fields(),
        std::tuple{required("AccessKey", &C::secret), required("Signature", &C::secret),
                   required("SecurityToken", &C::secret), required("OnsChannel", &C::secret),
                   required("new", &C::other)});
  }
};

// The client could ask for something else with them, as the code of a request is not signed.
TEST_F(BrokerTest, WhoAsksAClientThroughTheBrokerIsNotToldToIt) {
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  Peer administrator(address());
  SignedRunningInfo request;
  request.consumer_group = "G";
  request.client_id = "c1";
  ASSERT_TRUE(administrator.call(request)->success());
  EXPECT_EQ(peer_->relayedFields(), (std::set<std::string>{"clientId", "consumerGroup", "new"}));
}

/// What members say of their offsets, as an administrator gets it through the broker.
class ConsumerStatusTest : public BrokerTest {
 protected:
  static std::string statusBody(size_t bytes) {
    remoting::GetConsumerStatusBody body;
    body.message_queue_table[{.topic = "T", .broker_name = "broker-a", .queue_id = 0}] = 7;
    std::string text = json::encode(body);
    text.resize(std::max(bytes, text.size()), ' ');
    return text;
  }

  /// One more member of group G.
  void addMember(size_t status_bytes) {
    members_.push_back(std::make_unique<Peer>(address()));
    members_.back()->setStatusBody(statusBody(status_bytes));
    const std::string client_id = "c" + std::to_string(members_.size());
    ASSERT_TRUE(
        members_.back()->call(remoting::Heartbeat{}, heartbeatOf(client_id, "G"))->success());
  }

  auto status() {
    remoting::InvokeBrokerToGetConsumerStatus request;
    request.topic = "T";
    request.group = "G";
    return peer_->call(request);
  }

  static size_t membersIn(const std::string& body) {
    return json::decode<remoting::GetConsumerStatusBody>(body)->consumer_table.size();
  }

  std::vector<std::unique_ptr<Peer>> members_;
};

TEST_F(ConsumerStatusTest, EachMembersOffsetsArePassedOn) {
  addMember(0);
  addMember(0);
  const auto answer = status();
  ASSERT_TRUE(answer->success()) << answer->remark;
  const auto body = json::decode<remoting::GetConsumerStatusBody>(answer->body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->consumer_table.at("c2").at({"T", "broker-a", 0}), 7);
  EXPECT_EQ(body->consumer_table.size(), 2u);
}

// Promise: a member cannot make the broker decode what it likes.
TEST_F(ConsumerStatusTest, AMembersAnswerThatIsTooLongIsNone) {
  addMember((1u << 20) + 1);
  const auto refused = status();
  EXPECT_EQ(refused->code, ResponseCode::kSystemError);
  EXPECT_NE(refused->remark.find("at most 1048576"), std::string::npos) << refused->remark;
  addMember(1u << 20);
  const auto answer = status();
  ASSERT_TRUE(answer->success()) << answer->remark;
  EXPECT_EQ(membersIn(answer->body), 1u) << "the other one's";
}

TEST_F(ConsumerStatusTest, TheAnswersOfAllMembersTogetherAreBounded) {
  for (int i = 0; i < 9; ++i) {
    addMember(1u << 20);
  }
  for (int i = 0; i < 9; ++i) {  // Those before are no longer counted.
    const auto answer = status();
    ASSERT_TRUE(answer->success()) << answer->remark;
    EXPECT_EQ(membersIn(answer->body), 8u);
  }
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
  restart();
  EXPECT_EQ(lock("c1"), 0u);
  EXPECT_EQ(lock("c2"), 1u);
}

TEST_F(BrokerTest, LocksForNamesLongerThanAnyThatWorkAreRefused) {
  const auto problemOf = [this](const auto& change) {
    remoting::LockBatchBody body;
    body.client_id = "c";
    body.consumer_group = "G";
    body.mq_set = {{.topic = "T", .broker_name = "broker-a", .queue_id = 0}};
    change(body);
    return peer_->call(remoting::LockBatchQueues{}, json::encode(body))->remark;
  };
  const std::string name(513, 'n');
  EXPECT_EQ(problemOf([](auto&) {}), "");
  EXPECT_EQ(problemOf([&](auto& body) { body.client_id = name; }),
            "the clientId has 513 bytes, at most 512 are taken");
  EXPECT_NE(problemOf([&](auto& body) { body.consumer_group = name; }), "");
  EXPECT_NE(problemOf([&](auto& body) { body.mq_set = {{name, "broker-a", 0}}; }), "");
  EXPECT_NE(problemOf([&](auto& body) { body.mq_set = {{"T", name, 0}}; }), "");
}

TEST_F(BrokerTest, APositionOfAGroupThatCannotBeIsRefused) {
  ASSERT_TRUE(peer_->call(topicOf("T", 1))->success());
  for (const std::string& group : {std::string(), std::string("a@b"), std::string(256, 'g')}) {
    remoting::UpdateConsumerOffset commit;
    commit.consumer_group = group;
    commit.topic = "T";
    commit.commit_offset = 0;
    EXPECT_FALSE(peer_->call(commit)->success()) << group;
    remoting::CloneGroupOffset clone;
    clone.source_group = "G";
    clone.destination_group = group;
    EXPECT_FALSE(peer_->call(clone)->success()) << group;
  }
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

// Promise: who hands over a queue that the topic has no more may say how far he has got, though he
// has not said it before.
TEST_F(BrokerTest, AQueueThatIsGoneKeepsItsConsumersOffsets) {
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  remoting::UpdateAndCreateTopic topic = topicOf("T", 4);
  ASSERT_TRUE(peer_->call(topic)->success());
  ASSERT_TRUE(peer_->call(sendOf<remoting::SendMessageV2>("T", {}, 3), "a")->success());
  topic.read_queue_nums = topic.write_queue_nums = 2;
  ASSERT_TRUE(peer_->call(topic)->success());

  remoting::UpdateConsumerOffset commit;
  commit.consumer_group = "G";
  commit.topic = "T";
  commit.queue_id = 3;
  commit.commit_offset = 1;
  EXPECT_TRUE(peer_->call(commit)->success());
  commit.queue_id = 2;  // Nobody can have consumed anything there.
  EXPECT_FALSE(peer_->call(commit)->success());
}

// Promise: positions end at a bound, at a quarter of it for groups that do not exist.
TEST_F(BrokerTest, PositionsAreBounded) {
  settings_.consumer_positions_max = 8;
  restart();
  ASSERT_TRUE(peer_->call(topicOf("T", 100))->success());
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  const auto commitsOf = [this](const std::string& group) {
    int32_t taken = 0;
    for (int32_t queue_id = 0; queue_id < 100; ++queue_id) {
      remoting::UpdateConsumerOffset commit;
      commit.consumer_group = group;
      commit.topic = "T";
      commit.queue_id = queue_id;
      commit.commit_offset = 0;
      const auto answer = peer_->call(commit);
      taken += answer->success() ? 1 : 0;
      EXPECT_TRUE(answer->success() ||
                  answer->remark.find("maxConsumerPositions") != std::string::npos)
          << answer->remark;
    }
    return taken;
  };
  const int32_t unknown = commitsOf("Unknown");
  EXPECT_LE(unknown, 2);  // The broker has some of its own.
  const int32_t known = commitsOf("G");
  EXPECT_GE(known, 8 - 2 - 2);
  EXPECT_LE(known, 8);
  EXPECT_EQ(known, commitsOf("G")) << "those that there are move on";
}

TEST_F(BrokerTest, AResetThatWouldMakeTooManyPositionsIsRefusedWhole) {
  settings_.consumer_positions_max = 8;
  restart();
  ASSERT_TRUE(peer_->call(topicOf("T", 100))->success());
  ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
  remoting::InvokeBrokerToResetOffset reset;
  reset.topic = "T";
  reset.group = "G";
  reset.is_force = true;
  const auto refused = peer_->call(reset);
  EXPECT_EQ(refused->code, ResponseCode::kSystemError);
  EXPECT_NE(refused->remark.find("maxConsumerPositions"), std::string::npos) << refused->remark;
  const auto stats = peer_->call(remoting::GetConsumeStats{.consumer_group = "G"});
  EXPECT_EQ(json::decode<remoting::ConsumeStats>(stats->body)->offset_table.size(), 0u)
      << "the group has no position in the topic";
  EXPECT_EQ(peer_->resetBody(), "");

  reset.queue_id = 7;
  EXPECT_TRUE(peer_->call(reset)->success()) << "there is room for one";
}

// Promise: no request makes an answer that is too long for whoever asked, and takes as much memory.
TEST_F(BrokerTest, ConsumeStatsOfTooManyQueuesAreRefused) {
  const std::string all_topics = "ask for one topic at a time";
  const std::string all_groups = "ask for one group at a time";
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    names.push_back("Name" + std::to_string(i));
    ASSERT_TRUE(peer_->call(topicOf(names.back(), 65'535))->success());
    ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", names.back()))->success());
  }
  const auto commit = [this](const std::string& group, const std::string& topic) {
    remoting::UpdateConsumerOffset request;
    request.consumer_group = group;
    request.topic = topic;
    EXPECT_TRUE(peer_->call(request)->success());
  };
  for (const std::string& group : names) {
    commit(group, names.front());
  }
  const auto of_broker = peer_->call(remoting::GetBrokerConsumeStats{});
  ASSERT_TRUE(of_broker.ok()) << of_broker.status().message();
  EXPECT_EQ(of_broker->code, ResponseCode::kSystemError);
  EXPECT_NE(of_broker->remark.find(all_groups), std::string::npos) << of_broker->remark;

  remoting::GetConsumeStats of_group;
  of_group.consumer_group = "Offline";
  of_group.topic = names.front();
  const auto one = peer_->call(of_group);
  ASSERT_TRUE(one->success()) << one->remark;
  EXPECT_EQ(json::decode<remoting::ConsumeStats>(one->body)->offset_table.size(), 65'535u);
  of_group.topic.reset();
  of_group.topic_list = names[0] + ";" + names[1] + ";" + names[2] + ";" + names[3];
  const auto several = peer_->call(of_group);
  ASSERT_TRUE(several.ok()) << several.status().message();
  EXPECT_EQ(several->code, ResponseCode::kSystemError);
  EXPECT_NE(several->remark.find(all_topics), std::string::npos) << several->remark;
}

/// Group G has a member and has consumed the two messages of topic T.
class SetOffsetsTest : public BrokerTest {
 protected:
  void haveTwoConsumed() {
    send("a");
    send("b");
    ASSERT_TRUE(peer_->call(remoting::Heartbeat{}, heartbeatOf("c1", "G"))->success());
    remoting::UpdateConsumerOffset commit;
    commit.consumer_group = "G";
    commit.topic = "T";
    commit.commit_offset = 2;
    ASSERT_TRUE(peer_->call(commit)->success());
  }

  int64_t committed() {
    remoting::QueryConsumerOffset query;
    query.consumer_group = "G";
    query.topic = "T";
    return peer_->call(query)->header.offset;
  }

  auto resetToStart() {
    remoting::InvokeBrokerToResetOffset reset;
    reset.topic = "T";
    reset.group = "G";
    reset.is_force = true;
    return peer_->call(reset);
  }
};

// With useServerSideResetOffset off, as in RocketMQ 4.
TEST_F(SetOffsetsTest, AResetByTheClientsTellsThemAndLeavesTheTableAlone) {
  settings_.server_side_reset_offset = false;
  restart();
  haveTwoConsumed();

  const auto answer = resetToStart();
  ASSERT_TRUE(answer->success()) << answer->remark;
  ASSERT_TRUE(eventually([&] { return !peer_->resetBody().empty(); }));
  const auto told = remoting::decodeResetOffsetBody(peer_->resetBody());
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->offset_table.at({"T", "broker-a", 0}), 0);
  EXPECT_EQ(*told, *remoting::decodeResetOffsetBody(answer->body));
  EXPECT_EQ(committed(), 2) << "the client commits where it goes on";

  remoting::UnregisterClient unregister;
  unregister.client_id = "c1";
  unregister.consumer_group = "G";
  ASSERT_TRUE(peer_->call(unregister)->success());
  EXPECT_EQ(resetToStart()->code, ResponseCode::kConsumerNotOnline);
}

// A member that reads from a slave, or has pulled as much as it may hold, would otherwise not hear
// of it before its next pull here.
TEST_F(SetOffsetsTest, AResetIsToldToMembersThatMayNotPullForLong) {
  haveTwoConsumed();
  ASSERT_TRUE(resetToStart()->success());
  EXPECT_EQ(committed(), 0);
  EXPECT_TRUE(eventually([&] { return !peer_->resetBody().empty(); }));
}

// -1 is the end of a queue; other times are only early.
TEST_F(SetOffsetsTest, AResetToATimeBeforeAllTimesGoesToTheBeginning) {
  haveTwoConsumed();
  remoting::InvokeBrokerToResetOffset reset;
  reset.topic = "T";
  reset.group = "G";
  reset.is_force = true;
  reset.timestamp_ms = -2;
  ASSERT_TRUE(peer_->call(reset)->success());
  EXPECT_EQ(committed(), 0);
  reset.timestamp_ms = -1;
  ASSERT_TRUE(peer_->call(reset)->success());
  EXPECT_EQ(committed(), 2);
}

// Consumers that read from a slave would follow, and the master know nothing of it.
TEST_F(SetOffsetsTest, ASlaveSetsNone) {
  haveTwoConsumed();
  settings_.broker_role = BrokerRole::kSlave;
  settings_.broker_id = 1;
  restart();

  const auto reset = resetToStart();
  EXPECT_EQ(reset->code, ResponseCode::kSystemError);
  EXPECT_NE(reset->remark.find("on the master"), std::string::npos) << reset->remark;
  const auto clone = peer_->call(remoting::CloneGroupOffset{
      .source_group = "G", .destination_group = "H", .topic = "T", .offline = false});
  EXPECT_EQ(clone->code, ResponseCode::kSystemError);
  EXPECT_NE(clone->remark.find("on the master"), std::string::npos) << clone->remark;
  EXPECT_EQ(committed(), 2);
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

}  // namespace
}  // namespace rocketmq::broker
