#include "broker/group/consumer_offsets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

class ConsumerOffsetsTest : public testing::Test {
 protected:
  ConsumerOffsetsTest() { restart(); }

  void restart() {
    auto opened = ConsumerOffsets::open(path());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    offsets_ = std::move(*opened);
  }

  std::string path() const { return dir_ / "consumerOffset.json"; }
  /// As a slave whose log has each message at a thousand times its offset.
  void markForMaster() {
    offsets_->markForMaster(
        [](std::string_view, int32_t, int64_t offset) { return (offset - 1) * 1000; });
  }

  test::TempDir dir_;
  std::unique_ptr<ConsumerOffsets> offsets_;
};

TEST_F(ConsumerOffsetsTest, PositionsAreKeptPerGroupTopicAndQueue) {
  offsets_->commit("G", "T", 0, 5);
  offsets_->commit("G", "T", 1, 6);
  offsets_->commit("G", "U", 0, 7);
  offsets_->commit("H", "T", 0, 8);
  EXPECT_EQ(offsets_->find("G", "T", 0), 5);
  EXPECT_EQ(offsets_->find("G", "T", 1), 6);
  EXPECT_EQ(offsets_->find("G", "U", 0), 7);
  EXPECT_EQ(offsets_->find("H", "T", 0), 8);
  EXPECT_EQ(offsets_->find("G", "T", 2), std::nullopt);
  EXPECT_EQ(offsets_->find("I", "T", 0), std::nullopt);
  EXPECT_EQ(offsets_->topicsOf("G"), (std::set<std::string>{"T", "U"}));
  EXPECT_EQ(offsets_->groupsOf("T"), (std::set<std::string>{"G", "H"}));
  EXPECT_EQ(offsets_->queues("G", "T"), (ConsumerOffsets::QueueOffsets{{0, 5}, {1, 6}}));
}

TEST_F(ConsumerOffsetsTest, APositionMayGoBackButIsNeverNegative) {
  offsets_->commit("G", "T", 0, -1);
  EXPECT_EQ(offsets_->find("G", "T", 0), std::nullopt);
  offsets_->commit("G", "T", 0, 9);
  offsets_->commit("G", "T", 0, 3);
  offsets_->commit("G", "T", 0, -1);
  EXPECT_EQ(offsets_->find("G", "T", 0), 3);
}

TEST_F(ConsumerOffsetsTest, WhatIsPersistedSurvivesARestartAndLooksLikeRocketMqs) {
  offsets_->commit("CG_A", "TopicA", 0, 3);
  offsets_->commit("CG_A", "TopicA", 1, 7);
  ASSERT_TRUE(offsets_->persist().isOk());
  EXPECT_EQ(*readWholeFile(path()),
            "{\n\t\"offsetTable\":{\n\t\t\"TopicA@CG_A\":{0:3,1:7\n\t\t}\n\t}\n}");
  EXPECT_EQ(offsets_->encode(),
            "{\"dataVersion\":{\"counter\":2,\"stateVersion\":0,\"timestamp\":0},"
            "\"offsetTable\":{\"TopicA@CG_A\":{0:3,1:7}}}");
  restart();
  EXPECT_EQ(offsets_->find("CG_A", "TopicA", 1), 7);
}

TEST_F(ConsumerOffsetsTest, NothingIsWrittenWhenNothingChanged) {
  offsets_->commit("G", "T", 0, 5);
  ASSERT_TRUE(offsets_->persist().isOk());
  std::filesystem::remove(path());
  offsets_->commit("G", "T", 0, 5);
  ASSERT_TRUE(offsets_->persist().isOk());
  EXPECT_FALSE(std::filesystem::exists(path()));
  offsets_->commit("G", "T", 0, 6);
  ASSERT_TRUE(offsets_->persist().isOk());
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ConsumerOffsetsTest, FilesOfBothReleasesAreReadTornOnesFromTheirBackup) {
  std::ofstream(path() + ".bak") << "{\"dataVersion\":{\"counter\":1,\"stateVersion\":0,"
                                    "\"timestamp\":2},\"groupTopicMap\":{\"G\":[\"T\"]},"
                                    "\"offsetTable\":{\"T@G\":{\"0\":4,1:5},\"bad\":{0:1},"
                                    "\"%RETRY%G@G\":{0:2}}}";
  std::ofstream(path()) << "{\"offsetTable\":{\"T@G\":{0:";
  restart();
  EXPECT_EQ(offsets_->find("G", "T", 0), 4);
  EXPECT_EQ(offsets_->find("G", "T", 1), 5);
  EXPECT_EQ(offsets_->find("G", "%RETRY%G", 0), 2);
}

TEST_F(ConsumerOffsetsTest, APendingResetStopsCommitsUntilItIsTaken) {
  offsets_->commit("G", "T", 0, 50);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 50, 1), std::nullopt);
  offsets_->assignReset("G", "T", {{0, 10}});
  EXPECT_TRUE(offsets_->isResetPending("G", "T", 0));
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
  offsets_->commit("G", "T", 0, 51);
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
  offsets_->commit("G", "T", 1, 7);  // Other queues go on.
  EXPECT_EQ(offsets_->find("G", "T", 1), 7);

  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 1), 10);
  offsets_->commit("G", "T", 0, 51);
  EXPECT_EQ(offsets_->find("G", "T", 0), 10) << "what was under way when it was told";
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
  offsets_->commit("G", "T", 0, 11);
  EXPECT_EQ(offsets_->find("G", "T", 0), 11);
}

// Promise: an answer that is lost with its connection is given again on the next one.
TEST_F(ConsumerOffsetsTest, AResetIsToldOnEachConnection) {
  offsets_->assignReset("G", "T", {{0, 10}});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 1), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 2), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 2), std::nullopt);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 3), std::nullopt);
}

// Promise: a client that has heard of it and reads elsewhere all the same is left alone.
TEST_F(ConsumerOffsetsTest, AResetIsNotRepeatedForEver) {
  offsets_->assignReset("G", "T", {{0, 10}});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 1), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 1), std::nullopt);
  offsets_->commit("G", "T", 0, 52);
  EXPECT_EQ(offsets_->find("G", "T", 0), 52);
  offsets_->assignReset("G", "T", {{0, 20}});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 52, 1), 20) << "another one";
}

// What they take, in memory and in the file, is bounded by their number.
TEST_F(ConsumerOffsetsTest, LongNamesCountAsSeveralPositions) {
  constexpr size_t kPositionsMax = 100;
  const std::string name(128, 'n');
  const auto committed = [&](int32_t groups) {
    int32_t taken = 0;
    for (int32_t i = 0; i < groups; ++i) {
      taken += static_cast<int32_t>(
          offsets_->commit(name + std::to_string(i), name, 0, 1, 0, kPositionsMax));
    }
    return taken;
  };
  EXPECT_EQ(committed(100), 20);  // 5 for each.
  ASSERT_TRUE(offsets_->persist().isOk());
  EXPECT_EQ(committed(100), 20);
  EXPECT_FALSE(offsets_->commit(name + "0", name, 1, 1, 0, kPositionsMax));
  EXPECT_TRUE(offsets_->commit(name + "0", name, 1, 1, 0, kPositionsMax + 1)) << "counts as one";
  EXPECT_FALSE(offsets_->commit(name + "0", name, 2, 1, 0, kPositionsMax + 1));
}

// Promise: a reset makes no more positions than commits do, and is done whole or not at all.
TEST_F(ConsumerOffsetsTest, TheBoundOfPositionsHoldsForResets) {
  constexpr size_t kPositionsMax = 4;
  EXPECT_FALSE(
      offsets_->assignReset("G", "T", {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}}, {}, kPositionsMax));
  EXPECT_EQ(offsets_->groups(), std::set<std::string>{});
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));

  EXPECT_TRUE(offsets_->assignReset("G", "T", {{0, 1}, {1, 1}, {2, 1}}, {}, kPositionsMax));
  EXPECT_FALSE(offsets_->assignReset("G", "T", {{2, 9}, {3, 9}, {4, 9}}, {}, kPositionsMax));
  EXPECT_EQ(offsets_->queues("G", "T"), (ConsumerOffsets::QueueOffsets{{0, 1}, {1, 1}, {2, 1}}));

  EXPECT_TRUE(offsets_->assignReset("G", "T", {{2, 9}, {3, 9}}, {}, kPositionsMax)) << "one more";
  EXPECT_TRUE(offsets_->assignReset("G", "T", {{0, 5}, {1, 5}}, {}, kPositionsMax)) << "known ones";
  EXPECT_FALSE(offsets_->commit("H", "T", 0, 1, 0, kPositionsMax)) << "they count for commits";
  EXPECT_EQ(offsets_->queues("G", "T"),
            (ConsumerOffsets::QueueOffsets{{0, 5}, {1, 5}, {2, 9}, {3, 9}}));
}

TEST_F(ConsumerOffsetsTest, RemovalAndCloning) {
  offsets_->commit("G", "T", 0, 1);
  offsets_->commit("G", "U", 0, 2);
  offsets_->commit("H", "T", 0, 3);
  offsets_->clone("G", "I", std::nullopt);
  offsets_->clone("G", "J", "U");
  EXPECT_EQ(offsets_->topicsOf("I"), (std::set<std::string>{"T", "U"}));
  EXPECT_EQ(offsets_->topicsOf("J"), (std::set<std::string>{"U"}));

  offsets_->removeTopic("T");
  EXPECT_EQ(offsets_->groupsOf("T"), std::set<std::string>{});
  EXPECT_EQ(offsets_->groups(), (std::set<std::string>{"G", "I", "J"}));
  offsets_->removeGroup("G");
  EXPECT_EQ(offsets_->find("G", "U", 0), std::nullopt);
}

TEST_F(ConsumerOffsetsTest, ACloneGoesOverAPendingReset) {
  offsets_->commit("G", "T", 0, 3);
  offsets_->commit("H", "T", 0, 5);
  offsets_->assignReset("H", "T", {{0, 0}});
  offsets_->clone("G", "H", "T");
  EXPECT_EQ(offsets_->find("H", "T", 0), 3);
  EXPECT_FALSE(offsets_->isResetPending("H", "T", 0));
}

// A member that was asked to go there, and reads from a slave, goes without a pull that would be
// told it.
TEST_F(ConsumerOffsetsTest, APendingResetIsDoneWhenAMemberCommitsItThatWasAsked) {
  offsets_->assignReset("G", "T", {{0, 10}}, {7});
  offsets_->commit("G", "T", 0, 51, 7);
  EXPECT_TRUE(offsets_->isResetPending("G", "T", 0));
  offsets_->commit("G", "T", 0, 10, 7);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
  offsets_->commit("G", "T", 0, 11, 7);
  EXPECT_EQ(offsets_->find("G", "T", 0), 11);
}

// Promise: a member that has pulled up to the new position, and still has older messages, does not
// take the group back with them.
TEST_F(ConsumerOffsetsTest, AResetIsToldToWhoPullsAtThatPosition) {
  offsets_->assignReset("G", "T", {{0, 10}});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1), 10);
  offsets_->commit("G", "T", 0, 3, 1);
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 2), 10) << "another member has the queue now";
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 2), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
}

// Promise: a member on its way past the new position is not taken for one that has gone there.
TEST_F(ConsumerOffsetsTest, ACommitOfThePositionAloneEndsNoReset) {
  offsets_->assignReset("G", "T", {{0, 10}});
  offsets_->commit("G", "T", 0, 10, 1);
  offsets_->commit("G", "T", 0, 11, 1);
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 1), 10);
}

// Promise: a member that has finished all before the new position, and pulls there, is not
// disturbed.
TEST_F(ConsumerOffsetsTest, AMemberThatIsThereAlreadyIsNotSentThere) {
  offsets_->assignReset("G", "T", {{0, 10}});
  offsets_->commit("G", "T", 0, 10, 1);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
}

// Promise: one member of a broadcasting group, each of which has its own place, does not cancel the
// reset for the others; one that has gone is not waited for.
TEST_F(ConsumerOffsetsTest, AResetOfABroadcastingGroupIsForAllItsMembers) {
  const std::set<uint64_t> all = {1, 2, 3};
  offsets_->assignReset("G", "T", {{0, 10}});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1, all), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1, all), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPendingFor("G", "T", 0, 1));
  EXPECT_TRUE(offsets_->isResetPendingFor("G", "T", 0, 2));
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 12, 1, all), std::nullopt) << "once each";
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 2, all), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 2, {1, 2}), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
}

// Promise: a member of a broadcasting group that has gone where it was asked to go is not sent
// there again; one that pulls elsewhere knows no such request, and is.
TEST_F(ConsumerOffsetsTest, AMemberOfABroadcastingGroupIsSentThereOnce) {
  const std::set<uint64_t> all = {1, 2, 3};
  offsets_->assignReset("G", "T", {{0, 10}}, {1, 2});
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 1, all), std::nullopt);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, 2, all), 10);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 2, all), std::nullopt);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 3, all), 10) << "nobody has asked it";
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 10, 3, all), std::nullopt);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0));
}

// Promise: resets of many queues, one after the other, take no more room for the members that are
// asked than one does.
TEST_F(ConsumerOffsetsTest, ResetsOfSeveralQueuesKeepTheAskedMembersOnce) {
  std::set<uint64_t> members;
  for (uint64_t id = 1; id < ResetSteps::kStepsMax / 2; ++id) {
    members.insert(members.end(), id);
  }
  for (int32_t queue_id = 0; queue_id < 3; ++queue_id) {
    offsets_->assignReset("G", "T", {{queue_id, 10}, {queue_id + 10, 10}}, members);
  }
  for (const auto& [queue_id, offset] : offsets_->queues("G", "T")) {
    offsets_->commit("G", "T", queue_id, 10, 7);
    EXPECT_FALSE(offsets_->isResetPending("G", "T", queue_id)) << queue_id;
  }
}

// Promise: however many connections come and go, what is kept of them is bounded, and those that
// have gone leave room for others.
TEST_F(ConsumerOffsetsTest, ConnectionsThatHaveHeardOfAResetAreBounded) {
  uint64_t next_id = 1;
  offsets_->assignReset("G", "U", {{0, 10}});
  for (size_t i = 1; i < ResetSteps::kStepsMax; ++i) {
    ASSERT_EQ(offsets_->resetFor("G", "U", 0, 51, next_id++), 10);
  }
  // There is room for one more.
  const auto reset = [&] { offsets_->assignReset("G", "T", {{0, 10}}); };
  /// Whether one more connection is remembered: if not, its being sent there ends the reset.
  const auto isRemembered = [&] {
    EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, next_id++), 10);
    return offsets_->isResetPending("G", "T", 0);
  };
  reset();
  EXPECT_TRUE(isRemembered());
  EXPECT_FALSE(isRemembered());

  // What ends a reset leaves its room to the next one.
  const std::vector<std::function<void()>> ends = {
      [&] { reset(); },
      [&] { offsets_->removeTopic("T"); },
      [&] { offsets_->resetFor("G", "T", 0, 10, next_id - 1); },
      [&] { offsets_->commit("G", "T", 0, 10, next_id - 1); },
      [&] {
        offsets_->commit("H", "T", 0, 5);
        offsets_->clone("H", "G", "T");
      },
      [&] { offsets_->removeGroup("G"); },
  };
  for (size_t i = 0; i < ends.size(); ++i) {
    SCOPED_TRACE(i);
    reset();
    EXPECT_TRUE(isRemembered());
    ends[i]();
    reset();
    EXPECT_TRUE(isRemembered());
  }
}

TEST_F(ConsumerOffsetsTest, AConnectionThatHasClosedLeavesItsRoomToOthers) {
  offsets_->assignReset("G", "T", {{0, 10}});
  for (uint64_t id = 1; id <= ResetSteps::kStepsMax; ++id) {
    ASSERT_EQ(offsets_->resetFor("G", "T", 0, 51, id), 10);
  }
  offsets_->forgetConnection(7);
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, ResetSteps::kStepsMax + 1), 10);
  EXPECT_TRUE(offsets_->isResetPending("G", "T", 0));
  EXPECT_EQ(offsets_->resetFor("G", "T", 0, 51, ResetSteps::kStepsMax + 2), 10);
  EXPECT_FALSE(offsets_->isResetPending("G", "T", 0)) << "nobody has left";
}

TEST_F(ConsumerOffsetsTest, ASlaveKeepsWhatWasCommittedToItUntilTheMasterHasIt) {
  markForMaster();
  offsets_->commit("G", "T", 0, 50);  // While the master is gone.
  offsets_->commit("G", "T", 1, 7);
  const model::ConsumerOffsetTable master{.offset_table = {{"T@G", {{0, 10}, {1, 8}, {2, 3}}}}};
  const auto takeOver = [&] {
    model::ConsumerOffsetTable table = master;
    auto ahead = offsets_->aheadOf(table);
    for (const auto& position : ahead) {
      ConsumerOffsets::raise(table, position);
    }
    offsets_->takeOver(table);
    return ahead;
  };
  const auto ahead = takeOver();
  ASSERT_EQ(ahead.size(), 1u);
  EXPECT_EQ(ahead[0].queue_id, 0);
  EXPECT_EQ(ahead[0].offset, 50);
  EXPECT_EQ(offsets_->find("G", "T", 0), 50);
  EXPECT_EQ(offsets_->find("G", "T", 1), 8);
  EXPECT_EQ(offsets_->find("G", "T", 2), 3);
  offsets_->commit("G", "T", 0, 60);
  offsets_->unmark(ahead[0]);  // The master has been told of 50 only.
  const auto again = takeOver();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].offset, 60);
  offsets_->unmark(again[0]);
  // Somebody has sent the group back at the master.
  EXPECT_TRUE(takeOver().empty());
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
}

TEST_F(ConsumerOffsetsTest, AMarkKnowsTheMessageInFrontOfIt) {
  markForMaster();
  offsets_->commit("G", "T", 0, 50);
  offsets_->commit("G", "T", 0, 51);
  const auto ahead = offsets_->aheadOf({});
  ASSERT_EQ(ahead.size(), 1u);
  EXPECT_EQ(ahead[0].last_consumed, 50'000);
}

TEST_F(ConsumerOffsetsTest, AGroupThatTheMasterHasDeletedLosesItsMarks) {
  markForMaster();
  offsets_->commit("G", "T", 0, 50);
  offsets_->commit("H", "T", 0, 50);
  offsets_->unmarkGroup("G");
  offsets_->unmarkGroup("none");
  const auto ahead = offsets_->aheadOf({});
  ASSERT_EQ(ahead.size(), 1u);
  EXPECT_EQ(ahead[0].group, "H");
  offsets_->takeOver({});
  EXPECT_EQ(offsets_->groups(), std::set<std::string>{"H"});
}

TEST_F(ConsumerOffsetsTest, AMasterTakesOverWithoutMarks) {
  offsets_->commit("G", "T", 0, 50);
  model::ConsumerOffsetTable master{.offset_table = {{"T@G", {{0, 10}}}}};
  EXPECT_TRUE(offsets_->aheadOf(master).empty());
  offsets_->takeOver(master);
  EXPECT_EQ(offsets_->find("G", "T", 0), 10);
}

TEST_F(ConsumerOffsetsTest, ATableThatIsTakenOverLateSetsNothingBackThatTheMasterWasTold) {
  markForMaster();
  offsets_->commit("G", "T", 0, 50);
  model::ConsumerOffsetTable master{.offset_table = {{"T@G", {{0, 10}}}}};
  const auto ahead = offsets_->aheadOf(master);
  ASSERT_EQ(ahead.size(), 1u);
  ConsumerOffsets::raise(master, ahead[0]);
  offsets_->unmark(ahead[0]);
  offsets_->takeOver(master);
  EXPECT_EQ(offsets_->find("G", "T", 0), 50);
}

TEST_F(ConsumerOffsetsTest, ASlaveForgetsWhatTheMasterNoLongerHas) {
  offsets_->takeOver({.offset_table = {{"T@G", {{0, 10}, {1, 20}}}, {"T@H", {{0, 5}}}}});
  markForMaster();
  offsets_->commit("I", "T", 0, 7);  // The master has not been told yet.
  offsets_->takeOver({.offset_table = {{"T@G", {{1, 21}}}}});
  EXPECT_EQ(offsets_->find("G", "T", 0), std::nullopt);
  EXPECT_EQ(offsets_->find("G", "T", 1), 21);
  EXPECT_EQ(offsets_->find("I", "T", 0), 7);
  EXPECT_EQ(offsets_->groups(), (std::set<std::string>{"G", "I"}));
}

TEST_F(ConsumerOffsetsTest, PositionsBeyondTheEndOfTheirQueueAreSetBackToIt) {
  offsets_->commit("G", "T", 0, 10);
  offsets_->commit("G", "T", 1, 10);
  offsets_->commit("H", "Gone", 0, 3);
  const auto end = [](std::string_view topic, int32_t queue_id) -> int64_t {
    return topic == "T" ? 5 + 5 * queue_id : 0;
  };
  EXPECT_EQ(offsets_->cutToEnds(end), 2u);
  EXPECT_EQ(offsets_->find("G", "T", 0), 5);
  EXPECT_EQ(offsets_->find("G", "T", 1), 10);
  EXPECT_EQ(offsets_->find("H", "Gone", 0), 0);
  EXPECT_EQ(offsets_->cutToEnds(end), 0u);
}

}  // namespace
}  // namespace rocketmq::broker
