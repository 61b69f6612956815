// Starts on a store where a Java broker has deleted a topic: it takes the topic out of topics.json
// and removes its queues, and nothing else tells of it.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// How the store was left.
enum class State { kOfLastCheckpoint, kWentOn };

class DeletedElsewhereTest : public StoreTest, public ::testing::WithParamInterface<State> {
 protected:
  DeletedElsewhereTest() {
    options_.topic_exists = [this](std::string_view topic) { return topics_.contains(topic); };
  }

  void fill() {
    open();
    send("T", 0, 5, "old");
    send("T", 1, 70, "old");
    send("U", 0, 3, "u");
    close();
    const std::string known = readFile(endsFile());
    if (GetParam() == State::kWentOn) {
      clock_.advance(std::chrono::seconds(1));
      open();
      send("U", 0, 1, "v");
      close();
      writeFile(endsFile(), known);
    }
  }
  void deleteElsewhere(const std::string& topic = "T") {
    topics_.erase(topics_.find(topic));
    std::filesystem::remove_all(folderOf(topic));
  }
  std::string folderOf(const std::string& topic) const { return root() + "/consumequeue/" + topic; }
  std::string endsFile() const { return root() + "/queueends"; }
  /// What a whole log read makes of the topic.
  void readLogAgain() {
    close();
    std::filesystem::remove_all(folderOf("U"));
    open();
  }
  void expectComesBack() {
    open();
    readLogAgain();
    EXPECT_EQ(5, store_->maxOffset("T", 0));
    EXPECT_EQ(70, store_->maxOffset("T", 1));
    EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
  }

  std::set<std::string, std::less<>> topics_{"T", "U"};
};

INSTANTIATE_TEST_SUITE_P(WithAndWithoutKnownEnds, DeletedElsewhereTest,
                         ::testing::Values(State::kOfLastCheckpoint, State::kWentOn));

TEST_P(DeletedElsewhereTest, StaysDeletedAlsoWhenTheLogIsReadAgain) {
  fill();
  deleteElsewhere();
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("their messages stay out: T\n"));
  EXPECT_EQ(std::set<std::string>{"U"}, store_->topics());
  readLogAgain();
  EXPECT_EQ(std::set<std::string>{"U"}, store_->topics());
  EXPECT_FALSE(std::filesystem::exists(folderOf("T")));
  ::testing::internal::CaptureStderr();
  restart();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("stay out")));
}

// RocketMQ 4.9 leaves the topic's folder.
TEST_P(DeletedElsewhereTest, AnEmptyFolderIsNoQueue) {
  fill();
  deleteElsewhere();
  std::filesystem::create_directories(folderOf("T"));
  open();
  readLogAgain();
  EXPECT_EQ(std::set<std::string>{"U"}, store_->topics());
}

TEST_P(DeletedElsewhereTest, MadeAnewItKeepsItsMessagesWhenTheLogIsReadAgain) {
  fill();
  deleteElsewhere();
  open();
  topics_.insert("T");
  send("T", 0, 2, "new");
  readLogAgain();
  EXPECT_THAT(bodies("T", 0), ElementsAre("new0", "new1"));
  EXPECT_EQ(0, store_->maxOffset("T", 1));
}

TEST_P(DeletedElsewhereTest, ATopicInTheTableIsNotDeleted) {
  fill();
  std::filesystem::remove_all(folderOf("T"));
  expectComesBack();
}

TEST_P(DeletedElsewhereTest, WithoutATableNothingIsDeleted) {
  fill();
  deleteElsewhere();
  options_.topic_exists = nullptr;
  expectComesBack();
}

TEST_P(DeletedElsewhereTest, AfterAKillNothingIsDeleted) {
  fill();
  deleteElsewhere();
  writeFile(root() + "/abort", "");
  open();
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, ATopicWithAQueueIsNotDeleted) {
  fill();
  topics_.erase("T");
  std::filesystem::remove_all(folderOf("T/1"));
  open();
  EXPECT_EQ(5, store_->maxOffset("T", 0));
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, WhenAllQueuesAreGoneNothingIsDeleted) {
  fill();
  deleteElsewhere();
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, WithoutIntactEndsNothingIsDeleted) {
  fill();
  deleteElsewhere();
  const std::string ends = readFile(endsFile());
  patchFile(endsFile(), static_cast<int64_t>(ends.find("\"T\"")) + 1, "S");
  open();
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, WhatRocketMqNeverDeletesIsNotDeleted) {
  topics_.insert({"%LMQ%light", "SCHEDULE_TOPIC_XXXX"});
  fill();
  open();
  send("SCHEDULE_TOPIC_XXXX", 2, 2);
  close();
  deleteElsewhere("SCHEDULE_TOPIC_XXXX");
  open();
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, ASlaveLeavesItToItsMasterWhatTopicsThereAre) {
  fill();
  deleteElsewhere();
  options_.is_replica = true;
  open();
  EXPECT_FALSE(std::filesystem::exists(root() + "/deletedtopics"));
}

TEST_P(DeletedElsewhereTest, TheLineNamesNoMoreThanTwenty) {
  fill();
  open();
  for (int i = 10; i < 40; ++i) {
    const std::string topic = "T" + std::to_string(i);
    topics_.insert(topic);
    send(topic, 0, 1);
  }
  close();
  for (int i = 10; i < 40; ++i) {
    deleteElsewhere("T" + std::to_string(i));
  }
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("T28, T29 and 10 more\n"));
  EXPECT_EQ((std::set<std::string>{"T", "U"}), store_->topics());
}

}  // namespace
}  // namespace rocketmq::store::test
