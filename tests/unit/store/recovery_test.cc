#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "common/message/sys_flag.h"
#include "store/log/segment.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> numbered(const std::string& prefix, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(prefix + std::to_string(i));
  }
  return names;
}

class StoreRecoveryTest : public StoreTest {
 protected:
  /// Two topics over several log files and queue files.
  void fill() {
    open();
    send("A", 0, 130, "a");
    send("B", 1, 40, "b");
    send("A", 0, 70, "c");
  }
  void expectFilled() {
    auto a = numbered("a", 130);
    for (const auto& body : numbered("c", 70)) {
      a.push_back(body);
    }
    EXPECT_EQ(a, bodies("A", 0));
    EXPECT_EQ(numbered("b", 40), bodies("B", 1));
    EXPECT_EQ(200, store_->maxOffset("A", 0));
    EXPECT_EQ(0, store_->dispatchBehindBytes());
  }
  /// What follows goes on where the store ended.
  void expectGoesOn() {
    const int64_t end = store_->commitLogMaxOffset();
    const PutResult result = put("A", 0, "more");
    ASSERT_TRUE(result.ok()) << result.detail;
    EXPECT_EQ(200, result.queue_offset);
    EXPECT_GE(result.physical_offsets.front(), end);
    restart();
    EXPECT_THAT(bodies("A", 0, 199), ElementsAre("c69", "more"));
  }
};

TEST_F(StoreRecoveryTest, CleanRestartKeepsEverything) {
  fill();
  const int64_t end = store_->commitLogMaxOffset();
  restart();
  EXPECT_EQ(end, store_->commitLogMaxOffset());
  EXPECT_EQ(end, store_->flushedOffset());
  expectFilled();
  expectGoesOn();
}

TEST_F(StoreRecoveryTest, EmptyStoreRestarts) {
  open();
  restart();
  EXPECT_EQ(0, store_->commitLogMaxOffset());
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  crash();
  send("A", 0, 1);
  EXPECT_THAT(bodies("A", 0), ElementsAre("m0"));
}

TEST_F(StoreRecoveryTest, CrashKeepsEverythingThatWasWritten) {
  fill();
  crash();
  expectFilled();
  crash();
  expectFilled();
  expectGoesOn();
}

TEST_F(StoreRecoveryTest, KilledProcessLosesNothingItHasAnswered) {
  int acknowledged[2];
  ASSERT_EQ(0, ::pipe(acknowledged));
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = MessageStore::open(options_, SystemClock::instance(), nullptr);
    for (int i = 0; store.ok(); ++i) {
      const std::string body = "k" + std::to_string(i);
      if (!(*store)->put(message("K", i % 3, body)).ok() ||
          ::write(acknowledged[1], &i, sizeof(i)) != sizeof(i)) {
        break;
      }
    }
    ::_exit(1);
  }
  int last = -1;
  while (last < 700) {
    ASSERT_EQ(ssize_t{sizeof(last)}, ::read(acknowledged[0], &last, sizeof(last)));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(child, ::waitpid(child, &status, 0));
  ASSERT_TRUE(WIFSIGNALED(status));
  ::close(acknowledged[1]);
  for (int more = 0; ::read(acknowledged[0], &more, sizeof(more)) == sizeof(more);) {
    last = more;
  }
  ::close(acknowledged[0]);

  open();
  const std::vector<std::string> found[] = {bodies("K", 0), bodies("K", 1), bodies("K", 2)};
  for (int i = 0; i <= last; ++i) {
    const auto at = static_cast<size_t>(i / 3);
    ASSERT_LT(at, found[i % 3].size()) << i;
    ASSERT_EQ("k" + std::to_string(i), found[i % 3][at]);
  }
}

TEST_F(StoreRecoveryTest, TornRecordInTheNewestFileEndsTheLogThere) {
  fill();
  const auto all = readAll(*store_, "A", 0);
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove(root() + "/queueends");
  const StoredMessage& torn = all[all.size() - 5];
  const int64_t base = torn.physical_offset / kLogFileBytes * kLogFileBytes;
  ASSERT_GT(torn.physical_offset, base);
  patchFile(logFile(base), torn.physical_offset - base + 4, "torn");
  open();
  EXPECT_EQ(torn.physical_offset, store_->commitLogMaxOffset());
  EXPECT_EQ(torn.queue_offset, store_->maxOffset("A", 0));
  EXPECT_EQ(torn.queue_offset, std::ssize(bodies("A", 0)));
  EXPECT_EQ(numbered("b", 40), bodies("B", 1));
  EXPECT_EQ(torn.queue_offset, put("A", 0, "on").queue_offset);
}

TEST_F(StoreRecoveryTest, BlankAtTheEndIsWrittenAgain) {
  // The last file ends with a blank and the record that caused it was torn.
  open();
  send("A", 0, 2, std::string(kLogFileBytes / 3, 'x'));
  const int64_t blank_at = store_->commitLogMaxOffset();
  const PutResult next = put("A", 0, std::string(kLogFileBytes / 2, 'y'));
  ASSERT_EQ(kLogFileBytes, next.physical_offsets.front());
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove(logFile(kLogFileBytes));
  std::filesystem::remove(logFile(2 * kLogFileBytes));
  open();
  EXPECT_EQ(blank_at, store_->commitLogMaxOffset());
  EXPECT_EQ(2, store_->maxOffset("A", 0));
  EXPECT_EQ(kLogFileBytes, put("A", 0, std::string(kLogFileBytes / 2, 'y')).physical_offsets[0]);
  restart();
  EXPECT_EQ(3, store_->maxOffset("A", 0));
}

TEST_F(StoreRecoveryTest, PreparedFileAheadIsRemovedAfterACrash) {
  open();
  send("A", 0, 1);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(logFile(kLogFileBytes)); }));
  crash();
  EXPECT_EQ(0, store_->commitLogMinOffset());
  EXPECT_EQ(1, store_->maxOffset("A", 0));
  send("A", 0, 300);
  restart();
  EXPECT_EQ(301, store_->maxOffset("A", 0));
}

TEST_F(StoreRecoveryTest, DeletedConsumeQueuesAreRebuiltAfterACleanStop) {
  fill();
  close();
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  expectFilled();
  expectGoesOn();
}

TEST_F(StoreRecoveryTest, DeletedConsumeQueuesAreRebuiltAfterACrash) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  expectFilled();
  expectGoesOn();
}

TEST_F(StoreRecoveryTest, OneDeletedQueueIsRebuiltAfterACrashFromTheStartOfTheLog) {
  // A checkpoint and a second life, so that recovery begins in a late file.
  fill();
  clock_.advance(std::chrono::minutes(10));
  restart();
  send("A", 0, 100, "d");
  clock_.advance(std::chrono::minutes(10));
  restart();
  send("A", 0, 1, "e");
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove_all(root() + "/consumequeue/A");
  open();
  EXPECT_EQ(301, store_->maxOffset("A", 0));
  EXPECT_EQ(0, store_->minOffset("A", 0));
  EXPECT_EQ("a0", bodies("A", 0).front());
  EXPECT_EQ(301u, bodies("A", 0).size());
  EXPECT_EQ(numbered("b", 40), bodies("B", 1));
}

TEST_F(StoreRecoveryTest, DamagedQueueTailIsReplacedFromTheLog) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  // Power loss may keep a later page of a queue and lose an earlier one.
  patchFile(queueFile("A", 0, 3 * kQueueFileBytes), 0, std::string(200, '\0'));
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, FirstFileOfAQueueThatPowerLossTookIsMadeAgain) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  for (const int64_t base : {0, 1, 2}) {
    std::filesystem::remove(queueFile("A", 0, base * kQueueFileBytes));
  }
  open();
  EXPECT_EQ(0, store_->minOffset("A", 0));
  expectFilled();
}

TEST_F(StoreRecoveryTest, QueueWhoseRecordsTheLogHasLostDoesNotGiveItsOffsetsAgain) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove(root() + "/queueends");
  std::filesystem::remove(queueFile("A", 0, 0));
  for (int64_t base = 0; std::filesystem::exists(logFile(base)); base += kLogFileBytes) {
    patchFile(logFile(base), 4, "torn");
  }
  open();
  EXPECT_EQ(0, store_->commitLogMaxOffset());
  EXPECT_EQ(kQueueFileBytes / 20, put("A", 0, "on").queue_offset);
  crash();
  EXPECT_THAT(bodies("A", 0, kQueueFileBytes / 20), ElementsAre("on"));
}

TEST_F(StoreRecoveryTest, StaleEntriesBehindTheEndOfAQueueAreNotBelieved) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  const std::string stale = readFile(queueFile("B", 1)).substr(20, 20);
  patchFile(queueFile("B", 1), 40 * 20, stale);
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, DeletedIndexIsRebuiltFromTheLog) {
  open();
  ASSERT_TRUE(put("A", 0, "x", properties({{"KEYS", "k"}})).ok());
  close();
  std::filesystem::remove_all(root() + "/index");
  open();
  EXPECT_TRUE(eventually(
      [&] { return store_->queryByKey("A", "k", 10, 0, clock_.nowMs()).records.size() == 1; }));
}

TEST_F(StoreRecoveryTest, DeletedCheckpointOnlyMakesRecoveryReadMore) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  std::filesystem::remove(root() + "/checkpoint");
  open();
  expectFilled();
  close();
  std::filesystem::remove(root() + "/checkpoint");
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, QueuesGoWhenTheLogIsGoneAndNobodyKnowsOfMessages) {
  fill();
  close();
  std::filesystem::remove_all(root() + "/commitlog");
  const Status refused = tryOpen();
  EXPECT_EQ(StatusCode::kCorruption, refused.code());
  EXPECT_THAT(refused.message(), HasSubstr("is its disk mounted?"));
  EXPECT_THAT(refused.message(), HasSubstr("remove the file queueends"));
  std::filesystem::remove(root() + "/queueends");
  open();
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  EXPECT_EQ(0, put("A", 0, "new").queue_offset);
  EXPECT_THAT(bodies("A", 0), ElementsAre("new"));
}

TEST_F(StoreRecoveryTest, QueueThatPointsBeyondTheLogIsCut) {
  fill();
  const auto all = readAll(*store_, "A", 0);
  close();
  // The log lost its last file although the stop was clean.
  const int64_t last_base = all.back().physical_offset / kLogFileBytes * kLogFileBytes;
  std::filesystem::remove(logFile(last_base));
  std::filesystem::remove(root() + "/queueends");
  open();
  EXPECT_LE(store_->commitLogMaxOffset(), last_base);
  const auto kept = readAll(*store_, "A", 0);
  EXPECT_EQ(store_->maxOffset("A", 0), std::ssize(kept));
  EXPECT_LT(kept.back().physical_offset, last_base);
}

TEST_F(StoreRecoveryTest, RecordsOfHostileQueuesAreKeptOutOfTheFileSystem) {
  open();
  ASSERT_TRUE(put("abcdefgh", 0, "x").ok());
  close();
  const std::string log_path = logFile(0);
  const size_t topic_at = readFile(log_path).find("abcdefgh");
  patchFile(log_path, static_cast<int64_t>(topic_at), "../../oo");
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  EXPECT_TRUE(store_->topics().empty());
  EXPECT_EQ(0, store_->dispatchBehindBytes());
}

TEST_F(StoreRecoveryTest, StopWithUndispatchedTailIsFinishedByTheNextStart) {
  // What Java 5 would lose for good: the queue lacks the newest record although the stop was clean.
  open();
  send("A", 0, 5, "a");
  close();
  patchFile(queueFile("A", 0), 3 * 20, std::string(40, '\0'));
  open();
  EXPECT_EQ(numbered("a", 5), bodies("A", 0));
}

TEST_F(StoreRecoveryTest, SecondOwnerIsRefusedWithAClearText) {
  open();
  auto second = MessageStore::open(options_, clock_, nullptr, files_);
  EXPECT_EQ(StatusCode::kIo, second.status().code());
  EXPECT_THAT(second.status().message(), HasSubstr("Lock failed,MQ already started"));
  EXPECT_THAT(second.status().message(), HasSubstr(root()));
  // The first is not disturbed.
  send("A", 0, 1);
  close();
  EXPECT_TRUE(MessageStore::open(options_, clock_, nullptr, files_).ok());
}

TEST_F(StoreRecoveryTest, SecondOwnerIsRefusedWithoutTheLockFileToo) {
  open();
  std::filesystem::remove(root() + "/lock");
  auto second = MessageStore::open(options_, clock_, nullptr, files_);
  EXPECT_THAT(second.status().message(), HasSubstr("MQ already started: the store " + root()));
}

TEST_F(StoreRecoveryTest, SecondOwnerOfALogIsRefusedWhateverItsRootIs) {
  open();
  send("A", 0, 5, "a");
  StoreOptions other = options_;
  other.root_dir = dir_ / "other";
  other.commit_log_dir = root() + "/commitlog";
  const auto second = MessageStore::open(other, clock_, nullptr, files_);
  EXPECT_THAT(second.status().message(), HasSubstr("MQ already started: the commit log " +
                                                   other.commit_log_dir + " is in use"));
  EXPECT_THAT(second.status().message(), HasSubstr("storePathCommitLog"));
  EXPECT_EQ(numbered("a", 5), bodies("A", 0));
}

TEST_F(StoreRecoveryTest, ALogInTheRootItselfIsNoSecondOwner) {
  options_.commit_log_dir = root();
  open();
  send("A", 0, 5, "a");
  restart();
  EXPECT_EQ(numbered("a", 5), bodies("A", 0));
}

/// A disk without free inodes: what is not there cannot be made.
class NoInodes final : public rocketmq::test::ForwardingFileSystem {
 public:
  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    return std::filesystem::exists(path)
               ? ForwardingFileSystem::open(path)
               : Status::readOnly("cannot open " + path + ": No space left on device");
  }
};

TEST_F(StoreRecoveryTest, WithoutInodesTheStoreComesUpForReaders) {
  open();
  send("A", 0, 5, "a");
  close();
  NoInodes files;
  auto opened = MessageStore::open(options_, clock_, nullptr, files);
  ASSERT_EQ("", opened.status().message());
  store_ = std::move(*opened);
  EXPECT_EQ(numbered("a", 5), bodies("A", 0));
  EXPECT_FALSE(put("A", 0, "refused").ok());
  EXPECT_THAT(store_->readOnlyReason(), HasSubstr("/abort: No space left on device"));
  EXPECT_FALSE(store_->close().isOk());
  store_.reset();
  open();
  EXPECT_EQ(numbered("a", 5), bodies("A", 0));
  EXPECT_TRUE(put("A", 0, "taken").ok());
}

TEST_F(StoreRecoveryTest, FilesOfAnotherSizeAreRefusedWithTheSettingsName) {
  fill();
  close();
  StoreOptions good = options_;
  options_.commit_log_file_bytes = 2 * kLogFileBytes;
  EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
  EXPECT_THAT(tryOpen().message(), HasSubstr("commitlog/00000000000000000000 has 16384 bytes"));
  EXPECT_THAT(tryOpen().message(), HasSubstr("mappedFileSizeCommitLog"));
  options_ = good;
  options_.consume_queue_file_bytes = 4000;
  EXPECT_THAT(tryOpen().message(), HasSubstr("mappedFileSizeConsumeQueue"));
  options_ = good;
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, QueueFileSizeIsRoundedUpToWholeEntries) {
  options_.consume_queue_file_bytes = kQueueFileBytes - 19;
  fill();
  EXPECT_EQ(kQueueFileBytes, std::ssize(readFile(queueFile("A", 0))));
  restart();
  expectFilled();
}

TEST_F(StoreRecoveryTest, EmptyLastFileIsToleratedAndOtherThingsAreLeftAlone) {
  fill();
  const int64_t end = store_->commitLogMaxOffset();
  close();
  const int64_t next_base = (end / kLogFileBytes + 1) * kLogFileBytes;
  writeFile(logFile(next_base), "");
  writeFile(root() + "/commitlog/notes.txt", "not ours");
  std::filesystem::create_directories(root() + "/commitlog/folder");
  writeFile(root() + "/consumequeue/A/x1/00000000000000000000", "not ours");
  open();
  expectFilled();
  close();
  EXPECT_EQ("not ours", readFile(root() + "/commitlog/notes.txt"));
  EXPECT_TRUE(std::filesystem::exists(root() + "/consumequeue/A/x1"));
}

TEST_F(StoreRecoveryTest, AFileOfAnotherStreamInAQueueDoesNotRefuseTheStart) {
  fill();
  close();
  writeFile(queueFile("A", 0, 7777), "other");
  writeFile(queueFile("B", 1, 40 * kQueueFileBytes), "gap");
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, MissingFileInTheMiddleIsNamed) {
  fill();
  send("A", 0, 200);
  close();
  std::filesystem::remove(logFile(kLogFileBytes));
  EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
  EXPECT_THAT(tryOpen().message(), HasSubstr(segmentFileName(kLogFileBytes) + " is missing"));
  EXPECT_THAT(tryOpen().message(), HasSubstr("mqstore salvage"));
}

TEST_F(StoreRecoveryTest, FailedStartLeavesTheMarkOfTheCrash) {
  fill();
  options_.root_dir = crashedCopy();
  store_.reset();
  options_.commit_log_file_bytes *= 2;
  EXPECT_FALSE(tryOpen().isOk());
  EXPECT_TRUE(std::filesystem::exists(root() + "/abort"));
  options_.commit_log_file_bytes /= 2;
  open();
  expectFilled();
}

TEST_F(StoreRecoveryTest, ImpossibleSettingsAreRefused) {
  options_.root_dir = "";
  EXPECT_EQ(StatusCode::kInvalidArgument, tryOpen().code());
  options_.root_dir = dir_ / "store";
  options_.commit_log_file_bytes = 0;
  EXPECT_EQ(StatusCode::kInvalidArgument, tryOpen().code());
  options_.commit_log_file_bytes = kLogFileBytes;
  options_.index_hash_slots = 0;
  EXPECT_EQ(StatusCode::kInvalidArgument, tryOpen().code());
}

TEST_F(StoreRecoveryTest, ClosedStoreRefusesPutsAndCloseMayBeRepeated) {
  open();
  send("A", 0, 1);
  EXPECT_TRUE(store_->close().isOk());
  EXPECT_TRUE(store_->close().isOk());
  const PutResult refused = put("A", 0, "late");
  EXPECT_EQ(PutStatus::kServiceNotAvailable, refused.status);
  EXPECT_EQ("store is closed", refused.detail);
  EXPECT_FALSE(store_->readOnlyReason().empty());
}

}  // namespace
}  // namespace rocketmq::store::test
