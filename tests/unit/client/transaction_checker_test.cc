#include "client/producer/transaction_checker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/eventually.h"
#include "tests/unit/broker/fake_connection.h"

namespace rocketmq::client {
namespace {

using test::eventually;

class Listener : public TransactionListener {
 public:
  std::function<LocalTransactionState(const MessageExt&)> check;

  LocalTransactionState executeLocalTransaction(const Message& /*message*/,
                                                const std::any& /*argument*/) override {
    return LocalTransactionState::kUnknow;
  }
  LocalTransactionState checkLocalTransaction(const MessageExt& message) override {
    return check(message);
  }
};

class TransactionCheckerTest : public testing::Test {
 protected:
  std::unique_ptr<TransactionChecker> makeChecker(int32_t hold_max = 2000) {
    TransactionProducerConfig config;
    config.check_request_hold_max = hold_max;
    return std::make_unique<TransactionChecker>(config, "G", listener_);
  }

  TransactionCheck question(const std::string& id) const {
    TransactionCheck check;
    check.request.transaction_state_table_offset = 7;
    check.request.commit_log_offset = 700;
    check.request.transaction_id = id;
    check.message.putProperty("UNIQ_KEY", id);
    check.connection = connection_;
    return check;
  }

  std::vector<std::pair<remoting::EndTransaction, std::string>> answers() const {
    return connection_->sentRequests<remoting::EndTransaction>();
  }

  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::shared_ptr<broker::FakeConnection> connection_ = std::make_shared<broker::FakeConnection>(1);
};

TEST_F(TransactionCheckerTest, TheAnswerNamesThePlaceThatTheQuestionNamed) {
  listener_->check = [](const MessageExt& message) {
    return message.uniqueKey() == "commit"     ? LocalTransactionState::kCommitMessage
           : message.uniqueKey() == "rollback" ? LocalTransactionState::kRollbackMessage
           : message.uniqueKey() == "throw"    ? throw std::runtime_error("no database")
                                               : LocalTransactionState::kUnknow;
  };
  const auto checker = makeChecker();
  const std::map<std::string, int32_t> decisions = {
      {"commit", 8}, {"rollback", 12}, {"unknown", 0}, {"throw", 0}};
  for (const auto& [id, decision] : decisions) {
    checker->handler()(question(id));
  }
  ASSERT_TRUE(eventually([&] { return answers().size() == decisions.size(); }));
  for (const auto& [end, body] : answers()) {
    EXPECT_EQ(end.commit_or_rollback, decisions.at(end.message_id));
    EXPECT_EQ(end.transaction_id, end.message_id);
    EXPECT_EQ(end.producer_group, "G");
    EXPECT_EQ(end.transaction_state_table_offset, 7);
    EXPECT_EQ(end.commit_log_offset, 700);
    EXPECT_TRUE(end.from_transaction_check);
  }
  checker->stop(std::chrono::steady_clock::time_point::max());
}

// While the listener is busy, no more than the bound may wait; the rest is for the broker's next
// question. The caller, which is the event loop, is never held.
TEST_F(TransactionCheckerTest, QuestionsPastTheBoundAreDropped) {
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<int> inside{0};
  listener_->check = [&, gate](const MessageExt&) {
    ++inside;
    gate.wait();
    return LocalTransactionState::kCommitMessage;
  };
  const auto checker = makeChecker(3);
  checker->handler()(question("first"));
  ASSERT_TRUE(eventually([&] { return inside == 1; }));
  for (int i = 0; i < 10; ++i) {
    checker->handler()(question("more"));
  }
  go_on.set_value();
  ASSERT_TRUE(eventually([&] { return answers().size() == 4; }));
  checker->handler()(question("last"));
  ASSERT_TRUE(eventually([&] { return answers().size() == 5; }));
  EXPECT_EQ(answers().back().first.message_id, "last");
  checker->stop(std::chrono::steady_clock::time_point::max());
}

TEST_F(TransactionCheckerTest, NobodyIsAskedAfterStop) {
  listener_->check = [](const MessageExt&) { return LocalTransactionState::kCommitMessage; };
  const auto checker = makeChecker();
  const TransactionCheckHandler handler = checker->handler();
  checker->stop(std::chrono::steady_clock::time_point::max());
  handler(question("late"));
  EXPECT_TRUE(answers().empty());
}

TEST(TransactionMQProducerTest, NeedsAListener) {
  EXPECT_THROW(TransactionMQProducer("G", nullptr), MQClientException);
}

}  // namespace
}  // namespace rocketmq::client
