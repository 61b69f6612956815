// Promise: wherever a broker is killed in the life of a transaction, its message reaches consumers
// exactly once when the producer says that it was committed, and never when it was rolled back.
//
// A killed broker leaves the front part of its commit log. The first test makes every such front
// part of a transaction that was checked before it was committed, one record longer each time, and
// starts a broker on it; the second kills brokers at work.

#include <gtest/gtest.h>

#include <algorithm>
#include <any>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/message/record.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/transaction_mq_producer.h"
#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using State = LocalTransactionState;

const Cluster::Settings kSettings{{"transactionTimeOut", "50"},
                                  {"transactionCheckInterval", "100"},
                                  {"transactionCheckMax", "100000"},
                                  {"mappedFileSizeCommitLog", "1048576"},
                                  {"maxMessageSize", "65536"}};

class Decisions : public TransactionListener {
 public:
  using Decide = std::function<State(const std::string& body)>;
  Decisions(Decide execute, Decide check)
      : execute_(std::move(execute)), check_(std::move(check)) {}

  State executeLocalTransaction(const Message& message, const std::any& /*argument*/) override {
    return execute_(message.body());
  }
  State checkLocalTransaction(const MessageExt& message) override {
    {
      std::lock_guard lock(mutex_);
      ++asked_[message.body()];
    }
    return check_(message.body());
  }
  /// How often it was asked about a message.
  int asked(const std::string& body) const {
    std::lock_guard lock(mutex_);
    const auto found = asked_.find(body);
    return found == asked_.end() ? 0 : found->second;
  }
  /// About how many it was asked.
  size_t askedAbout() const {
    std::lock_guard lock(mutex_);
    return asked_.size();
  }

 private:
  const Decide execute_;
  const Decide check_;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
};

Decisions::Decide always(State state) {
  return [state](const std::string&) { return state; };
}

std::unique_ptr<TransactionMQProducer> startProducer(
    const Cluster& cluster, std::shared_ptr<TransactionListener> listener) {
  TransactionProducerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.producer_group = "orders";
  // What is sent again is another transaction.
  config.retry_times_when_send_failed = 0;
  auto producer = std::make_unique<TransactionMQProducer>(config, std::move(listener));
  producer->start();
  return producer;
}

/// How often each body is in the topic's only queue.
std::map<std::string, int> countBodies(const Cluster& cluster) {
  PullConsumerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.consumer_group = "reader";
  DefaultMQPullConsumer consumer(config);
  consumer.start();
  std::map<std::string, int> counts;
  for (int64_t offset = 0;;) {
    const PullResult result = consumer.pull({"Orders", "broker-a", 0}, "*", offset, 32);
    if (result.status != PullStatus::kFound) {
      return counts;
    }
    for (const MessageExt& message : result.messages) {
      ++counts[message.body()];
    }
    offset = result.next_begin_offset;
  }
}

std::string logPath(const std::string& folder) {
  return folder + "/store/commitlog/00000000000000000000";
}

/// Calls `visit(record, end)` for each record of the commit log's first file.
template <class Visitor>
void forEachRecord(const std::string& folder, Visitor visit) {
  std::ifstream file(logPath(folder), std::ios::binary);
  const std::string log((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (size_t at = 0;;) {
    const auto record = decodeRecord(std::string_view(log).substr(at), CrcCheck::kVerify);
    if (!record.ok()) {
      return;
    }
    at += static_cast<size_t>(record->total_size);
    visit(*record, at);
  }
}

std::vector<size_t> recordEnds(const std::string& folder) {
  std::vector<size_t> ends;
  forEachRecord(folder, [&ends](const MessageRecord&, size_t end) { ends.push_back(end); });
  return ends;
}

/// Transactions that are over.
int opRecords(const std::string& folder) {
  int ops = 0;
  forEachRecord(folder, [&ops](const MessageRecord& record, size_t) {
    ops += record.topic == "RMQ_SYS_TRANS_OP_HALF_TOPIC" ? 1 : 0;
  });
  return ops;
}

/// Leaves a killed broker's store with the front `bytes` of its log, and what can be derived away.
void cutLog(const std::string& folder, size_t bytes) {
  const auto size = std::filesystem::file_size(logPath(folder));
  std::filesystem::resize_file(logPath(folder), bytes);
  std::filesystem::resize_file(logPath(folder), size);
  for (const std::string name : {"consumequeue", "index", "checkpoint"}) {
    std::filesystem::remove_all(folder + "/store/" + name);
  }
}

/// The store of a broker that was killed after: half message, copy for the check, commit, op
/// record.
class KilledTransaction : public ::testing::Test {
 protected:
  void SetUp() override {
    Cluster cluster(folder_.path().string(), kSettings);
    cluster.start();
    cluster.createTopic("Orders", 1);
    auto decisions =
        std::make_shared<Decisions>(always(State::kUnknow), always(State::kCommitMessage));
    const auto producer = startProducer(cluster, decisions);
    Message message("Orders", "order");
    producer->sendMessageInTransaction(message);
    ASSERT_TRUE(eventually([&] { return countBodies(cluster)["order"] == 1; }));
    ASSERT_TRUE(eventually([&] { return recordEnds(folder_.path().string()).size() >= 4; }));
    cluster.killBroker();
    ends_ = recordEnds(folder_.path().string());
    ASSERT_EQ(ends_.size(), 4u);
  }

  /// Starts a broker on the front `records` records; producers answer its checks with `answer`.
  void expectAfter(size_t records, State answer, int copies) {
    SCOPED_TRACE(std::to_string(records) + " records, then " + toString(answer));
    TempDir folder;
    const std::string path = folder.path().string();
    std::filesystem::copy(folder_.path(), folder.path(), std::filesystem::copy_options::recursive);
    cutLog(path, ends_[records - 1]);
    Cluster cluster(path, kSettings);
    cluster.start();
    auto decisions = std::make_shared<Decisions>(
        [](const std::string& body) {
          return body == "greeting" ? State::kRollbackMessage : State::kUnknow;
        },
        [answer](const std::string& body) {
          return body == "order" ? answer : State::kRollbackMessage;
        });
    const auto producer = startProducer(cluster, decisions);
    // A producer makes itself known to a new broker by sending.
    Message greeting("Orders", "greeting");
    producer->sendMessageInTransaction(greeting);
    EXPECT_TRUE(eventually([&] { return opRecords(path) == 2; })) << opRecords(path);
    const int asked = decisions->asked("order");
    EXPECT_EQ(asked > 0, records < 3);
    expectBodies(cluster, copies);

    cluster.killBroker();
    cluster.startBroker();
    Message probe("Orders", "probe");
    EXPECT_TRUE(eventually([&] {
      try {
        producer->sendMessageInTransaction(probe);
        return true;
      } catch (const MQException&) {
        return false;  // The connection of the life before.
      }
    }));
    // A round of checks comes to the last half message after all others.
    EXPECT_TRUE(eventually([&] { return decisions->asked("probe") > 0; }));
    EXPECT_EQ(decisions->asked("order"), asked);
    expectBodies(cluster, copies);
  }

  static void expectBodies(const Cluster& cluster, int copies) {
    const auto counts = countBodies(cluster);
    EXPECT_EQ(counts.size(), copies == 0 ? 0u : 1u);
    EXPECT_EQ(counts.contains("order") ? counts.at("order") : 0, copies);
  }

  TempDir folder_;
  std::vector<size_t> ends_;
};

TEST_F(KilledTransaction, ACommitArrivesOnceWhereverTheLogEnds) {
  for (size_t records = 1; records <= 4; ++records) {
    expectAfter(records, State::kCommitMessage, 1);
  }
}

TEST_F(KilledTransaction, ARollbackArrivesNeverUnlessItWasCommittedBefore) {
  for (size_t records = 1; records <= 4; ++records) {
    expectAfter(records, State::kRollbackMessage, records < 3 ? 0 : 1);
  }
}

// Bodies are numbers; the decision is known by the number alone, as a database would know it.
State decisionFor(const std::string& body) {
  return std::stoi(body) % 3 == 0 ? State::kRollbackMessage : State::kCommitMessage;
}

TEST(TransactionKillLoopTest, CommittedArriveOnceAndRolledBackNever) {
  const uint64_t seed = faultSeed();
  std::mt19937_64 random(seed);
  TempDir folder;
  Cluster cluster(folder.path().string(), kSettings);
  cluster.start();
  cluster.createTopic("Orders", 1);
  // A fifth of the outcomes is unknown at first, so that there is something to ask.
  auto decisions = std::make_shared<Decisions>(
      [](const std::string& body) {
        return std::stoi(body) % 5 == 0 ? State::kUnknow : decisionFor(body);
      },
      decisionFor);
  const auto producer = startProducer(cluster, decisions);
  std::atomic<int> next{0};
  std::atomic<int> acknowledged{0};
  std::atomic<bool> over{false};
  std::mutex mutex;
  std::map<std::string, int> stored;  // Bodies of half messages that were acknowledged.
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      while (!over) {
        const std::string body = std::to_string(next++);
        Message message("Orders", body);
        try {
          producer->sendMessageInTransaction(message);
          std::lock_guard lock(mutex);
          stored[body] = decisionFor(body) == State::kCommitMessage ? 1 : 0;
          ++acknowledged;
        } catch (const MQException&) {
          // May be stored all the same: it is then asked for.
        }
      }
    });
  }
  const auto awaitMore = [&](int count) {
    const int target = acknowledged + count;
    EXPECT_TRUE(eventually([&] { return acknowledged >= target; }));
  };
  for (int round = faultRounds(4); round > 0; --round) {
    awaitMore(std::uniform_int_distribution<int>(1, 2000)(random));
    cluster.killBroker();
    cluster.startBroker();
  }
  awaitMore(1);  // The broker asks only whom it knows.
  over = true;
  for (std::thread& sender : senders) {
    sender.join();
  }
  std::map<std::string, int> counts;
  const auto everythingThere = [&] {
    counts = countBodies(cluster);
    return std::all_of(stored.begin(), stored.end(),
                       [&](const auto& entry) { return counts[entry.first] >= entry.second; });
  };
  EXPECT_TRUE(eventually(everythingThere, std::chrono::seconds(30)));
  int twice = 0;
  for (const auto& [body, count] : counts) {
    EXPECT_TRUE(count == 0 || decisionFor(body) == State::kCommitMessage) << body;
    twice += count > 1 ? 1 : 0;
  }
  EXPECT_EQ(twice, 0) << "ROCKETMQ_FAULT_SEED=" << seed;
  std::printf("%zu transactions, %zu asked for\n", stored.size(), decisions->askedAbout());
}

}  // namespace
}  // namespace rocketmq::test
