// Promise: what a SYNC_MASTER answers with success a slave has, also where it is no send.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/bytes.h"
#include "common/message/message_id.h"
#include "remoting/protocol/commands/send_back.h"
#include "remoting/protocol/commands/transaction.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_socket.h"
#include "tests/unit/broker/broker_fixture.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

/// A master and a slave that says what it has when the test wants it.
class SyncMasterTest : public BrokerTest {
 protected:
  SyncMasterTest() {
    stop();
    settings_.broker_role = BrokerRole::kSyncMaster;
    settings_.slave_timeout_ms = 60'000;
    settings_.ha_listen_port = test::freePort();
    start();
  }

  /// Connects and takes what there is.
  void connectSlave() {
    slave_.emplace(test::RawSocket::connectTo(static_cast<uint16_t>(settings_.ha_listen_port)));
    ASSERT_TRUE(slave_->write(bigEndian(0, 8)));
  }
  /// Reads until the slave has a record with this text; -1 if the master closes.
  int64_t takeUpTo(const std::string& text) {
    for (std::string log; log.find(text) == std::string::npos;) {
      const auto head = slave_->readBytes(12);
      const auto body = head ? slave_->readBytes(loadBigEndian<uint32_t>(head->data() + 8))
                             : std::optional<std::string>();
      if (!body) {
        return -1;
      }
      end_ = loadBigEndian<int64_t>(head->data()) + std::ssize(*body);
      log += *body;
    }
    return end_;
  }
  void report() { ASSERT_TRUE(slave_->write(bigEndian(static_cast<uint64_t>(end_), 8))); }

  /// Asks, and has the answer later.
  template <class C>
  std::future<ResponseCode> ask(C request) {
    const auto answer = std::make_shared<std::promise<ResponseCode>>();
    peer_->callLater(std::move(request), [answer](const CallResult<C>& result) {
      answer->set_value(result.ok() ? result->code : ResponseCode::kSystemError);
    });
    return answer->get_future();
  }

  static remoting::ConsumerSendMessageBack backOf(const remoting::SendMessageReply& message,
                                                  int32_t delay_level) {
    remoting::ConsumerSendMessageBack back;
    back.group = "G";
    back.offset = OffsetMessageId::parse(message.message_id)->physical_offset;
    back.delay_level = delay_level;
    return back;
  }
  static remoting::EndTransaction endOf(const remoting::SendMessageReply& half, int32_t decision) {
    remoting::EndTransaction end;
    end.producer_group = "P";
    end.transaction_state_table_offset = half.queue_offset;
    end.commit_log_offset = OffsetMessageId::parse(half.message_id)->physical_offset;
    end.commit_or_rollback = decision;
    end.message_id = "none";
    return end;
  }
  remoting::SendMessageReply sendUnsafe(std::string body, PropertyMap properties = {}) {
    properties.emplace("WAIT", "false");
    return send(std::move(body), std::move(properties));
  }
  remoting::SendMessageReply sendHalf(std::string body) {
    return sendUnsafe(std::move(body), {{"TRAN_MSG", "true"}, {"PGROUP", "P"}});
  }

  /// That `answer` waits for the slave to have a record with this text, and then is success.
  void expectToWait(std::future<ResponseCode> answer, const std::string& text) {
    ASSERT_GE(takeUpTo(text), 0);
    EXPECT_FALSE(pull(0).empty());  // Time for an answer that does not wait.
    EXPECT_EQ(answer.wait_for(seconds(0)), std::future_status::timeout);
    report();
    EXPECT_EQ(answer.get(), ResponseCode::kSuccess);
  }

  std::optional<test::RawSocket> slave_;
  int64_t end_ = 0;
};

TEST_F(SyncMasterTest, WhatIsSentBackIsAnsweredWhenASlaveHasIt) {
  const auto message = sendUnsafe("first");
  connectSlave();
  ASSERT_GE(takeUpTo("first"), 0);
  report();
  expectToWait(ask(backOf(message, 1)), "SCHEDULE_TOPIC_XXXX");
  expectToWait(ask(backOf(message, -1)), "%DLQ%G");
}

TEST_F(SyncMasterTest, TheEndOfATransactionIsAnsweredWhenASlaveHasIt) {
  sendUnsafe("first");
  const auto committed = sendHalf("one");
  const auto rolled_back = sendHalf("two");
  connectSlave();
  ASSERT_GE(takeUpTo("two"), 0);
  report();
  auto first = ask(endOf(committed, remoting::kTransactionCommit));
  ASSERT_GE(takeUpTo("RMQ_SYS_TRANS_OP_HALF_TOPIC"), 0);
  auto again = ask(endOf(committed, remoting::kTransactionCommit));
  EXPECT_FALSE(pull(0).empty());
  EXPECT_EQ(first.wait_for(seconds(0)), std::future_status::timeout);
  EXPECT_EQ(again.wait_for(seconds(0)), std::future_status::timeout);
  report();
  EXPECT_EQ(first.get(), ResponseCode::kSuccess);
  EXPECT_EQ(again.get(), ResponseCode::kSuccess);
  expectToWait(ask(endOf(rolled_back, remoting::kTransactionRollback)),
               "RMQ_SYS_TRANS_OP_HALF_TOPIC");
}

// Promise: nobody is told of a failure who would then do it once more.
TEST_F(SyncMasterTest, WithoutASlaveTheyAreStoredAndSucceedAllTheSame) {
  stop();
  settings_.slave_timeout_ms = 100;
  start();
  const auto message = sendUnsafe("first");
  const auto half = sendHalf("one");
  EXPECT_EQ(ask(backOf(message, 1)).get(), ResponseCode::kSuccess) << "no slave is there";
  connectSlave();
  ASSERT_GE(takeUpTo("one"), 0);
  EXPECT_EQ(ask(backOf(message, -1)).get(), ResponseCode::kSuccess) << "the slave says nothing";
  EXPECT_EQ(ask(endOf(half, remoting::kTransactionCommit)).get(), ResponseCode::kSuccess);
  auto dead = pullOf(0, pull_sys_flag::kSubscription);
  dead.topic = "%DLQ%G";
  EXPECT_EQ(bodies(peer_->call(dead)->body).size(), 1u);
  EXPECT_EQ(pull(0).size(), 2u);
}

}  // namespace
}  // namespace rocketmq::broker
