#include "broker/topic/topic_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include "common/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

class TopicTableTest : public testing::Test {
 protected:
  TopicTableTest() {
    configure([](BrokerSettings&) {});
    restart();
  }

  template <class Change>
  void configure(Change change) {
    BrokerSettings settings;
    settings.broker_name = "broker-a";
    settings.cluster_name = "DefaultCluster";
    change(settings);
    settings_.store(std::make_shared<const BrokerSettings>(settings));
  }

  void restart() {
    auto opened = TopicTable::open(path(), settings_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    topics_ = std::move(*opened);
    topics_->setChangeListener([this](std::string_view) { ++changes_; });
  }

  std::string path() const { return dir_ / "topics.json"; }

  static TopicTable::SendTarget sendTo(std::string_view topic, int32_t queues = 4,
                                       std::string_view default_topic = "TBW102") {
    return {.topic = topic, .default_topic = default_topic, .default_topic_queues = queues};
  }

  void createForSend(std::string_view topic) {
    ASSERT_NE(topics_->createForSend(sendTo(topic)), nullptr);
    std::promise<void> saved;
    topics_->whenSaved([&saved] { saved.set_value(); });
    saved.get_future().get();
  }

  static model::TopicConfig config(std::string name) {
    model::TopicConfig config;
    config.topic_name = std::move(name);
    return config;
  }

  test::TempDir dir_;
  ManualClock clock_;
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<TopicTable> topics_;
  int changes_ = 0;
};

TEST_F(TopicTableTest, OnlyTopicsJsonItselfTellsWhatTopicsThereAre) {
  EXPECT_FALSE(topics_->knowsAllTopics()) << "there is none yet";
  createForSend("T");
  createForSend("T2");
  restart();
  EXPECT_TRUE(topics_->knowsAllTopics());
  topics_.reset();
  std::ofstream(path()) << "{\"dataVersion\":";
  restart();
  EXPECT_NE(topics_->find("T"), nullptr);
  EXPECT_FALSE(topics_->knowsAllTopics()) << "it is torn, the .bak is older";
  topics_.reset();
  std::ofstream(path()) << "{}";
  restart();
  EXPECT_FALSE(topics_->knowsAllTopics()) << "it names none";
}

TEST_F(TopicTableTest, ABrokerStartsWithRocketMqsSystemTopics) {
  struct Expected {
    std::string_view name;
    int32_t queues;
    int32_t perm;
  };
  for (const Expected& expected : std::vector<Expected>{{"SELF_TEST_TOPIC", 1, 6},
                                                        {"TBW102", 8, 7},
                                                        {"BenchmarkTest", 1024, 6},
                                                        {"DefaultCluster", 16, 7},
                                                        {"broker-a", 1, 7},
                                                        {"OFFSET_MOVED_EVENT", 1, 6},
                                                        {"SCHEDULE_TOPIC_XXXX", 18, 6},
                                                        {"DefaultCluster_REPLY_TOPIC", 1, 6},
                                                        {"RMQ_SYS_TRANS_HALF_TOPIC", 1, 6},
                                                        {"RMQ_SYS_TRANS_OP_HALF_TOPIC", 1, 6}}) {
    const TopicConfigPtr topic = topics_->find(expected.name);
    ASSERT_NE(topic, nullptr) << expected.name;
    EXPECT_EQ(topic->read_queue_nums, expected.queues) << expected.name;
    EXPECT_EQ(topic->write_queue_nums, expected.queues) << expected.name;
    EXPECT_EQ(topic->perm, expected.perm) << expected.name;
    EXPECT_TRUE(topics_->isSystem(expected.name)) << expected.name;
  }
  EXPECT_EQ(topics_->find("RMQ_SYS_TRACE_TOPIC"), nullptr);
  // In memory only until something changes.
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(TopicTableTest, ASendCreatesATopicAfterItsTemplate) {
  const TopicConfigPtr topic = topics_->createForSend(sendTo("T", 4));
  ASSERT_NE(topic, nullptr);
  EXPECT_EQ(topic->read_queue_nums, 4);
  EXPECT_EQ(topic->write_queue_nums, 4);
  EXPECT_EQ(topic->perm, 6);  // Without the template's inherit bit.
  EXPECT_EQ(changes_, 1);
  // The template's own number is the most.
  EXPECT_EQ(topics_->createForSend(sendTo("U", 100))->write_queue_nums, 8);
  EXPECT_EQ(topics_->createForSend(sendTo("V", -3))->write_queue_nums, 1);
}

TEST_F(TopicTableTest, WithoutAutoCreationOnlyOtherTemplatesCreateTopics) {
  configure([](BrokerSettings& settings) { settings.auto_create_topic = false; });
  EXPECT_FALSE(topics_->canCreateForSend(sendTo("T")));
  EXPECT_EQ(topics_->createForSend(sendTo("T")), nullptr);
  EXPECT_TRUE(topics_->canCreateForSend(sendTo("T", 4, "DefaultCluster")));
  EXPECT_EQ(topics_->createForSend(sendTo("U", 4, "no such topic")), nullptr);
  EXPECT_EQ(topics_->createForSend(sendTo("U", 4, "SELF_TEST_TOPIC")), nullptr);
  EXPECT_EQ(changes_, 0);
}

TEST_F(TopicTableTest, ChangesSurviveARestart) {
  createForSend("T");
  model::TopicConfig ordered = config("Ordered");
  ordered.order = true;
  ASSERT_TRUE(topics_->update(ordered).ok());
  const model::DataVersion version = topics_->dataVersion();

  restart();
  ASSERT_NE(topics_->find("T"), nullptr);
  EXPECT_EQ(topics_->find("T")->write_queue_nums, 4);
  EXPECT_TRUE(topics_->find("Ordered")->order);
  EXPECT_EQ(topics_->dataVersion(), version);
}

TEST_F(TopicTableTest, TheFileIsInRocketMqsForm) {
  clock_.advance(std::chrono::milliseconds(7));
  createForSend("TopicA");
  const std::string text = *readWholeFile(path());
  EXPECT_TRUE(
      text.starts_with("{\n\t\"dataVersion\":{\n\t\t\"counter\":1,\n\t\t\"timestamp\":"
                       "1700000000007\n\t},\n\t\"topicConfigTable\":{\n"))
      << text;
  EXPECT_NE(text.find("\t\t\"TopicA\":{\n"
                      "\t\t\t\"order\":false,\n"
                      "\t\t\t\"perm\":6,\n"
                      "\t\t\t\"readQueueNums\":4,\n"
                      "\t\t\t\"topicFilterType\":\"SINGLE_TAG\",\n"
                      "\t\t\t\"topicName\":\"TopicA\",\n"
                      "\t\t\t\"topicSysFlag\":0,\n"
                      "\t\t\t\"writeQueueNums\":4\n"
                      "\t\t}"),
            std::string::npos)
      << text;
}

TEST_F(TopicTableTest, ATornFileIsReplacedByItsBackup) {
  createForSend("T");
  createForSend("U");
  std::ofstream(path(), std::ios::trunc) << "{\"topicConfigTable\":{\"T\":{";
  restart();
  EXPECT_NE(topics_->find("T"), nullptr);
}

TEST_F(TopicTableTest, WithoutAnyReadableFileTheBrokerRefusesToStart) {
  std::ofstream(path()) << "{\"topicConf";
  std::ofstream(path() + ".bak") << "nonsense";
  EXPECT_EQ(TopicTable::open(path(), settings_, clock_).status().code(), StatusCode::kCorruption);
}

TEST_F(TopicTableTest, UpdatesAreCheckedAndCountOnlyWhenTheyChangeSomething) {
  EXPECT_FALSE(topics_->update(config("")).ok());
  EXPECT_FALSE(topics_->update(config("bad name")).ok());
  EXPECT_FALSE(topics_->update(config(std::string(128, 'x'))).ok());
  EXPECT_FALSE(topics_->update(config("TBW102")).ok());
  EXPECT_FALSE(topics_->update(config("broker-a")).ok());
  model::TopicConfig impossible = config("T");
  impossible.read_queue_nums = -1;
  EXPECT_FALSE(topics_->update(impossible).ok());
  impossible = config("T");
  impossible.perm = 8;
  EXPECT_FALSE(topics_->update(impossible).ok());
  EXPECT_EQ(changes_, 0);

  EXPECT_TRUE(*topics_->update(config("T")));
  EXPECT_FALSE(*topics_->update(config("T")));
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(topics_->dataVersion().counter, 1);
}

TEST_F(TopicTableTest, AnUpdateWithoutAttributesKeepsThem) {
  model::TopicConfig fifo = config("T");
  fifo.attributes = std::map<std::string, std::string>{{"message.type", "FIFO"}};
  ASSERT_TRUE(topics_->update(fifo).ok());
  model::TopicConfig wider = config("T");
  wider.write_queue_nums = 32;
  ASSERT_TRUE(topics_->update(wider).ok());
  EXPECT_EQ(topics_->find("T")->attributes, fifo.attributes);
}

TEST_F(TopicTableTest, ATopicWithAttributesOfAnyLengthIsRefused) {
  model::TopicConfig large = config("T");
  large.attributes = std::map<std::string, std::string>{{"a", std::string(64 << 10, 'x')}};
  EXPECT_EQ(topics_->update(large).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(topics_->find("T"), nullptr);
  large.attributes->at("a").resize(63 << 10);
  EXPECT_TRUE(topics_->update(large).ok());
}

TEST_F(TopicTableTest, ASlaveIsNotChangedByRequest) {
  createForSend("T");
  configure([](BrokerSettings& settings) { settings.broker_role = BrokerRole::kSlave; });
  EXPECT_FALSE(topics_->update(config("U")).ok());
  EXPECT_FALSE(topics_->remove("T").ok());
  EXPECT_NE(topics_->find("T"), nullptr);
}

TEST_F(TopicTableTest, SystemTopicsCannotBeRemoved) {
  EXPECT_FALSE(topics_->remove("").ok());
  EXPECT_FALSE(topics_->remove("SCHEDULE_TOPIC_XXXX").ok());
  EXPECT_FALSE(topics_->remove("DefaultCluster").ok());
  EXPECT_FALSE(*topics_->remove("unknown"));
  createForSend("T");
  EXPECT_TRUE(*topics_->remove("T"));
  EXPECT_EQ(topics_->find("T"), nullptr);
  EXPECT_EQ(changes_, 1) << "a removal is not told";
}

TEST_F(TopicTableTest, RetryTopicsMayBeLongerThanOthersButNotThanARecordAllows) {
  const std::string fits = "%RETRY%" + std::string(248, 'g');
  EXPECT_TRUE(topics_->createInternal(fits, 1).ok());
  EXPECT_FALSE(topics_->createInternal(fits + "g", 1).ok());
  EXPECT_FALSE(topics_->createInternal("%RETRY%g", 0).ok());
}

TEST_F(TopicTableTest, AnOldSnapshotStaysAsItWas) {
  const auto before = topics_->snapshot();
  createForSend("T");
  EXPECT_FALSE(before->topic_config_table.contains("T"));
  EXPECT_TRUE(topics_->snapshot()->topic_config_table.contains("T"));
}

}  // namespace
}  // namespace rocketmq::broker
