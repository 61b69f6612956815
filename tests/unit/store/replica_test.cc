#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A master's store, the fixture's own, and a slave's beside it that is fed from its log.
class ReplicaTest : public StoreTest {
 protected:
  ReplicaTest() { open(); }

  void openSlave() {
    StoreOptions options = options_;
    options.root_dir = dir_ / "slave";
    options.is_replica = !is_promoted_;
    auto opened = MessageStore::open(options, clock_, slave_listener_, files_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    slave_ = std::move(*opened);
  }

  /// Copies what the slave lacks in chunks that split records anywhere, as a master sends them.
  Status copy(uint64_t seed = 1) {
    std::mt19937_64 random(seed);
    std::string left;
    int64_t offset = slave_->commitLogMaxOffset();
    while (offset + static_cast<int64_t>(left.size()) < store_->commitLogMaxOffset()) {
      const auto bytes_max = std::uniform_int_distribution<int64_t>(1, 3000)(random);
      const LogPiece slice =
          store_->logBytes(offset + static_cast<int64_t>(left.size()), bytes_max).value();
      left += slice.bytes;
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t taken, slave_->appendReplicated(offset, left));
      left.erase(0, static_cast<size_t>(taken));
      offset += taken;
    }
    return Status::ok();
  }

  std::string logBytesOf(MessageStore& store) const {
    std::string all;
    int64_t offset = store.commitLogMinOffset();
    for (LogPiece slice = store.logBytes(offset, 4096).value(); !slice.bytes.empty();
         slice = store.logBytes(offset, 4096).value()) {
      all += slice.bytes;
      offset += static_cast<int64_t>(slice.bytes.size());
    }
    return all;
  }

  /// Deletes the topic on the master and sends messages of a new one.
  void makeAnew(const std::string& topic, int queue_id, int count) {
    ASSERT_EQ("", store_->deleteTopic(topic).message());
    send(topic, queue_id, count, "new");
  }

  /// Puts zeros over what the master's log has from `begin` to `end`, in one file.
  void damageMaster(int64_t begin, int64_t end) {
    const int64_t base = begin - begin % kLogFileBytes;
    patchFile(logFile(base), begin - base, std::string(static_cast<size_t>(end - begin), '\0'));
  }

  /// copy() over one connection after the other, as each of `gaps` pieces of damage has to come a
  /// second time.
  void copyAcross(int gaps) {
    for (int i = 0; i < gaps; ++i) {
      EXPECT_THAT(copy().message(), HasSubstr("do not continue this log"));
    }
    ASSERT_EQ("", copy().message());
    EXPECT_EQ(store_->commitLogMaxOffset(), slave_->commitLogMaxOffset());
    EXPECT_EQ(logBytesOf(*store_), logBytesOf(*slave_));
  }

  bool slaveFinds(const std::string& key) {
    return eventually(
        [&] { return slave_->queryByKey("A", key, 1, 0, int64_t{1} << 60).records.size() == 1; });
  }

  void crashSlave() {
    const std::string folder = dir_ / "crashed";
    copyFolder(dir_ / "slave", folder);
    ASSERT_TRUE(slave_->close().isOk());
    slave_.reset();
    std::filesystem::remove_all(dir_ / "slave");
    std::filesystem::rename(folder, dir_ / "slave");
    openSlave();
  }

  void expectSame(const std::string& topic, int queue_id) {
    EXPECT_EQ(store_->maxOffset(topic, queue_id), slave_->maxOffset(topic, queue_id));
    EXPECT_EQ(bodies(topic, queue_id), bodiesOf(readAll(*slave_, topic, queue_id)));
  }

  void fill() {
    for (int i = 0; i < 30; ++i) {
      send("A", i % 3, 7, std::string(static_cast<size_t>(i * 13), 'a'));
      put("B", 0, "b" + std::to_string(i), properties({{"KEYS", "key" + std::to_string(i)}}));
    }
    ASSERT_GT(store_->commitLogMaxOffset(), 3 * kLogFileBytes);
  }

  bool is_promoted_ = false;
  ArrivalListener slave_listener_;
  std::unique_ptr<MessageStore> slave_;
};

TEST_F(ReplicaTest, LogIsTheMastersByteForByteAndIsDispatched) {
  int arrivals = 0;
  slave_listener_ = [&](const Arrival&) { ++arrivals; };
  openSlave();
  fill();
  ASSERT_EQ("", copy().message());
  EXPECT_EQ(store_->commitLogMaxOffset(), slave_->commitLogMaxOffset());
  EXPECT_EQ(logBytesOf(*store_), logBytesOf(*slave_));
  EXPECT_EQ(30 * 7 + 30, arrivals);
  for (int queue = 0; queue < 3; ++queue) {
    EXPECT_EQ(bodiesOf(readAll(*store_, "A", queue)), bodiesOf(readAll(*slave_, "A", queue)));
  }
  EXPECT_EQ(bodiesOf(readAll(*store_, "B", 0)), bodiesOf(readAll(*slave_, "B", 0)));
  EXPECT_TRUE(eventually(
      [&] { return slave_->queryByKey("B", "key17", 32, 0, INT64_MAX).records.size() == 1; }));
}

TEST_F(ReplicaTest, GoesOnAfterRestartsOfBothKinds) {
  openSlave();
  for (int round = 0; round < 4; ++round) {
    fill();
    ASSERT_EQ("", copy(static_cast<uint64_t>(round)).message());
    if (round % 2 == 0) {
      ASSERT_TRUE(slave_->close().isOk());
      slave_.reset();
      openSlave();
    } else {
      crashSlave();
    }
    ASSERT_EQ(store_->commitLogMaxOffset(), slave_->commitLogMaxOffset());
  }
  EXPECT_EQ(logBytesOf(*store_), logBytesOf(*slave_));
  EXPECT_EQ(bodiesOf(readAll(*store_, "A", 1)), bodiesOf(readAll(*slave_, "A", 1)));
}

TEST_F(ReplicaTest, EmptyLogMayBeginAtAnyFile) {
  openSlave();
  fill();
  const int64_t begin = store_->commitLogMaxOffset() / kLogFileBytes * kLogFileBytes;
  const LogPiece slice = store_->logBytes(begin, kLogFileBytes).value();
  const auto taken = slave_->appendReplicated(begin, slice.bytes);
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  ASSERT_EQ("", copy().message());
  EXPECT_EQ(begin, slave_->commitLogMinOffset());
  EXPECT_EQ(store_->commitLogMaxOffset(), slave_->commitLogMaxOffset());
  EXPECT_EQ(store_->maxOffset("B", 0), slave_->maxOffset("B", 0));
  const auto newest = readAll(*slave_, "B", 0, slave_->minOffset("B", 0));
  EXPECT_EQ("b29", newest.back().body);
  ASSERT_TRUE(slave_->close().isOk());
  openSlave();
  EXPECT_EQ(begin, slave_->commitLogMinOffset());
  EXPECT_EQ(store_->commitLogMaxOffset(), slave_->commitLogMaxOffset());
}

TEST_F(ReplicaTest, TakesOnlyWholeRecords) {
  openSlave();
  send("A", 0, 3);
  const LogPiece log = store_->logBytes(0, kLogFileBytes).value();
  const auto taken = slave_->appendReplicated(0, log.bytes.substr(0, log.bytes.size() - 1));
  ASSERT_TRUE(taken.ok());
  EXPECT_LT(*taken, static_cast<int64_t>(log.bytes.size()) - 1);
  EXPECT_EQ(*taken, slave_->commitLogMaxOffset());
  EXPECT_THAT(bodiesOf(readAll(*slave_, "A", 0)), ElementsAre("m0", "m1"));
}

TEST_F(ReplicaTest, RefusesWhatDoesNotContinueTheLog) {
  openSlave();
  send("A", 0, 3);
  const LogPiece log = store_->logBytes(0, kLogFileBytes).value();
  ASSERT_TRUE(slave_->appendReplicated(0, log.bytes).ok());
  const int64_t end = slave_->commitLogMaxOffset();
  // Elsewhere; from elsewhere; no record at all.
  const auto gap = slave_->appendReplicated(end + 100, log.bytes);
  EXPECT_THAT(gap.status().message(), HasSubstr("it ends at log offset"));
  const auto foreign = slave_->appendReplicated(end, log.bytes);
  EXPECT_THAT(foreign.status().message(), HasSubstr("belongs at log offset 0"));
  const auto garbage = slave_->appendReplicated(end, std::string(100, 'x'));
  EXPECT_EQ(StatusCode::kCorruption, garbage.status().code());
  const auto unaligned = slave_->appendReplicated(0, "");
  EXPECT_EQ(StatusCode::kCorruption, unaligned.status().code());
  EXPECT_EQ(end, slave_->commitLogMaxOffset());
}

// Promise: damage in the master's log costs the slave what is damaged and nothing in front of it or
// behind, and is the same damage there, through restarts of the slave.
TEST_F(ReplicaTest, DamageInTheMastersLogIsCopiedAsItIs) {
  for (const FlushMode mode : {FlushMode::kAsync, FlushMode::kSync}) {
    SCOPED_TRACE(static_cast<int>(mode));
    options_.flush_mode = mode;
    const std::string topic = mode == FlushMode::kSync ? "S" : "A";
    openSlave();
    send(topic, 0, 2);
    const int64_t first = put(topic, 0, "damaged").physical_offsets.front();
    const int64_t second = put(topic, 0, "whole").physical_offsets.front();
    damageMaster(first, first + 36);
    send(topic, 0, 2, "behind");
    // What comes in front of the damage is taken at once.
    const LogPiece piece = store_->logBytes(slave_->commitLogMaxOffset(), kLogFileBytes).value();
    EXPECT_FALSE(slave_->appendReplicated(slave_->commitLogMaxOffset(), piece.bytes).ok());
    EXPECT_EQ(first, slave_->commitLogMaxOffset());
    // Not before something whole has come behind it.
    const auto waits =
        slave_->appendReplicated(first, store_->logBytes(first, second - first + 10).value().bytes);
    ASSERT_TRUE(waits.ok()) << waits.status().message();
    EXPECT_EQ(0, *waits);
    copyAcross(0);
    const auto slaveHas = [&](auto... names) {
      EXPECT_TRUE(eventually([&] { return slave_->dispatchBehindBytes() == 0; }));
      EXPECT_THAT(bodiesOf(readAll(*slave_, topic, 0)), ElementsAre(names...));
      EXPECT_EQ(store_->maxOffset(topic, 0), slave_->maxOffset(topic, 0));
    };
    slaveHas("m0", "m1", "whole", "behind0", "behind1");
    // A crash may cut the log in front of what no checkpoint has seen. It is copied again.
    crashSlave();
    static_cast<void>(copy());
    copyAcross(0);
    slaveHas("m0", "m1", "whole", "behind0", "behind1");
    ASSERT_TRUE(slave_->close().isOk());
    openSlave();
    copyAcross(0);
    slaveHas("m0", "m1", "whole", "behind0", "behind1");
    ASSERT_TRUE(slave_->close().isOk());
  }
}

TEST_F(ReplicaTest, DamageInTheMastersLogMayReachIntoTheNextFile) {
  openSlave();
  send("A", 0, 2);
  std::vector<int64_t> begins;
  do {
    begins.push_back(put("A", 0, std::string(1000, 'x')).physical_offsets.front());
  } while (begins.back() < kLogFileBytes);
  send("A", 0, 2, "behind");
  const int64_t last_in_file = begins[begins.size() - 2];
  damageMaster(last_in_file, kLogFileBytes);
  damageMaster(kLogFileBytes, kLogFileBytes + 200);
  copyAcross(2);
  EXPECT_EQ(store_->maxOffset("A", 0), slave_->maxOffset("A", 0));
  EXPECT_THAT(bodiesOf(readAll(*slave_, "A", 0)).back(), "behind1");
  crashSlave();
  static_cast<void>(copy());
  static_cast<void>(copy());
  copyAcross(0);
}

TEST_F(ReplicaTest, WhatTheLinkSpoiltIsNoDamageOfTheMasters) {
  openSlave();
  send("A", 0, 3);
  std::string bytes(store_->logBytes(0, kLogFileBytes).value().bytes);
  bytes[5] = '\0';
  EXPECT_FALSE(slave_->appendReplicated(0, bytes).ok());
  copyAcross(0);
  EXPECT_THAT(bodiesOf(readAll(*slave_, "A", 0)), ElementsAre("m0", "m1", "m2"));
}

TEST_F(ReplicaTest, WhatIsNeverARecordIsNeverTaken) {
  openSlave();
  send("A", 0, 3);
  ASSERT_EQ("", copy().message());
  const int64_t end = slave_->commitLogMaxOffset();
  const std::string foreign(store_->logBytes(0, kLogFileBytes).value().bytes);
  EXPECT_FALSE(slave_->appendReplicated(end, foreign).ok());
  const auto again = slave_->appendReplicated(end, foreign);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(0, *again) << "what follows may show what it is";
  std::string much = foreign;
  much.resize((64 << 20) + 1);
  const auto taken = slave_->appendReplicated(end, much);
  EXPECT_THAT(taken.status().message(), HasSubstr("mqstore verify"));
  EXPECT_EQ(end, slave_->commitLogMaxOffset());
}

TEST_F(ReplicaTest, NamesTheSettingWhenItsFilesAreSmallerThanTheMasters) {
  options_.commit_log_file_bytes = kLogFileBytes / 2;
  openSlave();
  do {
    send("A", 0, 1);
  } while (store_->commitLogMaxOffset() <= kLogFileBytes / 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(copy().message(), HasSubstr("mappedFileSizeCommitLog must be the same on both"));
  }
}

TEST_F(ReplicaTest, RefusesPuts) {
  openSlave();
  const PutResult put = slave_->put(message("A", 0, "x"));
  EXPECT_EQ(PutStatus::kServiceNotAvailable, put.status);
  EXPECT_THAT(put.detail, HasSubstr("send to the master"));
}

TEST_F(ReplicaTest, UnderSyncFlushRecordsAreVisibleOnceFlushed) {
  options_.flush_mode = FlushMode::kSync;
  openSlave();
  fill();
  ASSERT_EQ("", copy().message());
  EXPECT_TRUE(eventually([&] { return slave_->maxOffset("B", 0) == store_->maxOffset("B", 0); }));
  EXPECT_EQ(slave_->commitLogMaxOffset(), slave_->flushedOffset());
}

TEST_F(ReplicaTest, UnderSyncFlushKeysAreIndexedOnceFlushed) {
  put("A", 0, "x", properties({{"KEYS", "k"}}));
  options_.flush_mode = FlushMode::kSync;
  files_.setFaultPath("slave/commitlog");
  files_.holdSync();
  openSlave();
  ASSERT_EQ("", copy().message());
  ASSERT_TRUE(indexSleeps());
  files_.letSync();
  EXPECT_TRUE(slaveFinds("k"));
}

// The call that brings the queues up to the log need not bring the log anything itself.
TEST_F(ReplicaTest, KeysAreIndexedWhenTheQueuesHaveRoomAgain) {
  put("A", 0, "x", properties({{"KEYS", "k"}}));
  openSlave();
  files_.setFaultPath("slave/consumequeue");
  files_.disk_is_full = true;
  EXPECT_FALSE(copy().isOk());
  ASSERT_LT(0, slave_->dispatchBehindBytes());
  ASSERT_TRUE(indexSleeps());
  files_.disk_is_full = false;
  ASSERT_TRUE(slave_->appendReplicated(slave_->commitLogMaxOffset(), "").ok());
  EXPECT_TRUE(slaveFinds("k"));
}

TEST_F(ReplicaTest, AppendListenerHearsOfEveryAppend) {
  int heard = 0;
  store_->setAppendListener([&] { ++heard; });
  send("A", 0, 3);
  EXPECT_EQ(3, heard);
}

// Promise: what a topic held before it was deleted and made again on the master does not hide what
// it holds now, whether that is less or more, in one of its queues or in all.
TEST_F(ReplicaTest, TopicThatWasMadeAnewIsMadeAnew) {
  std::vector<std::string> arrived;
  slave_listener_ = [&](const Arrival& arrival) {
    arrived.push_back(std::string(arrival.topic) + std::to_string(arrival.queue_offset));
  };
  openSlave();
  send("A", 0, 10, "old");
  send("A", 1, 3, "old");
  send("B", 0, 3);
  ASSERT_EQ("", copy().message());
  arrived.clear();
  makeAnew("A", 2, 1);
  send("A", 0, 5, "new");
  send("A", 1, 7, "new");
  send("B", 0, 3);
  ASSERT_EQ("", copy().message());
  EXPECT_THAT(arrived, ElementsAre("A0", "A0", "A1", "A2", "A3", "A4", "A0", "A1", "A2", "A3", "A4",
                                   "A5", "A6", "B3", "B4", "B5"));
  const auto expectAllSame = [&] {
    for (int queue = 0; queue < 3; ++queue) {
      expectSame("A", queue);
    }
    expectSame("B", 0);
  };
  expectAllSame();
  crashSlave();
  expectAllSame();
  ASSERT_TRUE(slave_->close().isOk());
  is_promoted_ = true;
  openSlave();
  expectAllSame();
  EXPECT_EQ(5, slave_->put(message("A", 0, "next")).queue_offset);
  crashSlave();
  EXPECT_EQ(6, slave_->maxOffset("A", 0));
}

TEST_F(ReplicaTest, UnderSyncFlushTopicThatWasMadeAnewIsMadeAnew) {
  options_.flush_mode = FlushMode::kSync;
  openSlave();
  send("A", 0, 10, "old");
  ASSERT_EQ("", copy().message());
  makeAnew("A", 0, 5);
  ASSERT_EQ("", copy().message());
  EXPECT_TRUE(eventually([&] { return slave_->dispatchBehindBytes() == 0; }));
  expectSame("A", 0);
}

TEST_F(ReplicaTest, NewSlaveSeesOnlyTheTopicThatWasMadeAnew) {
  send("A", 0, 10, "old");
  makeAnew("A", 0, 12);
  openSlave();
  ASSERT_EQ("", copy().message());
  expectSame("A", 0);
  // A third life of the topic, and all of the queues made anew from the log.
  makeAnew("A", 0, 2);
  ASSERT_EQ("", copy().message());
  ASSERT_TRUE(slave_->close().isOk());
  std::filesystem::remove_all(dir_ / "slave/consumequeue");
  writeFile(dir_ / "slave/abort", "");
  openSlave();
  expectSame("A", 0);
}

// Promise: when the slave's process ends between the append of a topic's new messages and their
// dispatch, the next start finds the topic made anew, as master if that has two of them.
TEST_F(ReplicaTest, CrashBeforeANewTopicIsDispatchedKeepsItsMessages) {
  for (const bool is_promoted : {false, true}) {
    SCOPED_TRACE(is_promoted);
    const std::string topic = is_promoted ? "P" : "S";
    openSlave();
    send(topic, 0, 10, "old");
    ASSERT_EQ("", copy().message());
    copyFolder(dir_ / "slave/consumequeue", dir_ / "before");
    makeAnew(topic, 0, is_promoted ? 2 : 1);
    ASSERT_EQ("", copy().message());
    ASSERT_TRUE(slave_->close().isOk());
    std::filesystem::remove_all(dir_ / "slave/consumequeue");
    std::filesystem::remove(dir_ / "slave/deletedtopics");
    std::filesystem::remove(dir_ / "slave/deletedtopics.bak");
    std::filesystem::remove(dir_ / "slave/queueends");
    std::filesystem::rename(dir_ / "before", dir_ / "slave/consumequeue");
    writeFile(dir_ / "slave/abort", "");
    is_promoted_ = is_promoted;
    openSlave();
    expectSame(topic, 0);
    ASSERT_TRUE(slave_->close().isOk());
    slave_.reset();
    is_promoted_ = false;
  }
}

TEST_F(ReplicaTest, DeletionThatACrashCutsShortIsFinished) {
  openSlave();
  send("A", 0, 10, "old");
  ASSERT_EQ("", copy().message());
  copyFolder(dir_ / "slave/consumequeue", dir_ / "before");
  makeAnew("A", 0, 1);
  ASSERT_EQ("", copy().message());
  ASSERT_TRUE(slave_->close().isOk());
  std::filesystem::remove_all(dir_ / "slave/consumequeue");
  std::filesystem::rename(dir_ / "before", dir_ / "slave/consumequeue");
  writeFile(dir_ / "slave/abort", "");
  openSlave();
  expectSame("A", 0);
}

// Promise: a damaged queue offset costs its own message and not those in front of it.
TEST_F(ReplicaTest, DamagedOffsetInTheLogBeginsNoQueueAnew) {
  send("A", 0, 5);
  const int64_t at = put("A", 0, "damaged").physical_offsets.front();
  send("A", 0, 3, "behind");
  close();
  patchFile(logFile(0), at + 20, std::string(8, '\0'));
  std::filesystem::remove_all(root() + "/consumequeue");
  std::filesystem::remove(root() + "/queueends");
  writeFile(root() + "/abort", "");
  open();
  EXPECT_THAT(bodies("A", 0),
              ElementsAre("m0", "m1", "m2", "m3", "m4", "behind0", "behind1", "behind2"));
}

}  // namespace
}  // namespace rocketmq::store::test
