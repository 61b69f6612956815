// Starts that know nothing of the queues' ends, as on a store that a Java broker had.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MissingEntriesTest : public StoreTest {
 protected:
  /// Two topics over several files of log and queues, with no known ends.
  void fill() {
    open();
    send("A", 0, 130, "a");
    send("B", 1, 140, "b");
    send("A", 0, 70, "c");
    all_a_ = bodies("A", 0);
    all_b_ = bodies("B", 1);
  }
  void forgetEnds() { std::filesystem::remove(root() + "/queueends"); }
  void expectFilled() {
    EXPECT_EQ(all_a_, bodies("A", 0));
    EXPECT_EQ(all_b_, bodies("B", 1));
    EXPECT_EQ(0, store_->minOffset("A", 0));
    EXPECT_EQ(0, store_->minOffset("B", 1));
    EXPECT_EQ(0, store_->dispatchBehindBytes());
  }
  void expectGoesOn() {
    EXPECT_EQ(200, put("A", 0, "more").queue_offset);
    EXPECT_EQ(140, put("B", 1, "more").queue_offset);
  }
  std::string folderOf(const std::string& queue) const { return root() + "/consumequeue/" + queue; }

  std::vector<std::string> all_a_;
  std::vector<std::string> all_b_;
};

TEST_F(MissingEntriesTest, QueueThatIsGoneIsMadeAnew) {
  for (const std::string gone : {"A", "B", "B/1"}) {
    SCOPED_TRACE(gone);
    options_.root_dir = dir_ / ("store" + gone.substr(0, 1) + std::to_string(gone.size()));
    fill();
    close();
    forgetEnds();
    std::filesystem::remove_all(folderOf(gone));
    open();
    expectFilled();
    expectGoesOn();
    close();
  }
}

TEST_F(MissingEntriesTest, QueueThatIsGoneIsMadeAnewAfterACrashBehindTheCheckpoint) {
  fill();
  clock_.advance(std::chrono::minutes(10));
  restart();
  send("A", 0, 100, "d");
  clock_.advance(std::chrono::minutes(10));
  send("A", 0, 10, "e");
  all_a_ = bodies("A", 0);
  restart();
  options_.root_dir = crashedCopy();
  store_.reset();
  forgetEnds();
  std::filesystem::remove_all(folderOf("B"));
  open();
  expectFilled();
}

TEST_F(MissingEntriesTest, FilesThatAreGoneAtEitherEndAreMadeAgain) {
  constexpr int64_t kLastBase = 2 * kQueueFileBytes;
  for (const int64_t base : {int64_t{0}, kLastBase}) {
    SCOPED_TRACE(base);
    options_.root_dir = dir_ / ("store" + std::to_string(base));
    fill();
    close();
    forgetEnds();
    ASSERT_TRUE(std::filesystem::remove(queueFile("B", 1, base)));
    open();
    expectFilled();
    expectGoesOn();
    close();
  }
}

TEST_F(MissingEntriesTest, FirstFileThatIsGoneIsMissedThoughTheNextOneSaysNothing) {
  constexpr int64_t kSecondBase = kQueueFileBytes;
  for (const int entries : {1, 50}) {
    SCOPED_TRACE(entries);
    options_.root_dir = dir_ / ("store" + std::to_string(entries));
    fill();
    close();
    forgetEnds();
    ASSERT_TRUE(std::filesystem::remove(queueFile("B", 1)));
    // All there is, when the last file has gone too.
    std::filesystem::remove(queueFile("B", 1, 2 * kQueueFileBytes));
    patchFile(queueFile("B", 1, kSecondBase), 0,
              std::string(static_cast<size_t>(entries) * 20, '\0'));
    open();
    expectFilled();
    expectGoesOn();
    close();
  }
}

TEST_F(MissingEntriesTest, DeletedTopicOfAnotherBrokerStaysDeleted) {
  fill();
  close();
  forgetEnds();
  std::filesystem::remove_all(folderOf("B"));
  options_.topic_exists = [](std::string_view topic) { return topic == "A"; };
  open();
  EXPECT_EQ(all_a_, bodies("A", 0));
  EXPECT_EQ(0, store_->maxOffset("B", 1));
  EXPECT_FALSE(std::filesystem::exists(folderOf("B")));
}

TEST_F(MissingEntriesTest, LogIsNotReadWhenTheQueuesAccountForIt) {
  fill();
  close();
  forgetEnds();
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("account")));
  expectFilled();
  close();
  forgetEnds();
  std::filesystem::remove_all(folderOf("B"));
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("account"));
}

/// So many calls that open or change a file succeed, then none does, as if the process had died.
class DyingFiles final : public rocketmq::test::ForwardingFileSystem {
 public:
  explicit DyingFiles(int calls) : left_(calls) {}

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    return isDead() ? Result<std::unique_ptr<RandomFile>>(dead(path))
                    : ForwardingFileSystem::open(path);
  }
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    return isDead() ? Result<std::unique_ptr<MappedFile>>(dead(path))
                    : ForwardingFileSystem::map(path, options);
  }
  Status remove(const std::string& path) override {
    return isDead() ? dead(path) : ForwardingFileSystem::remove(path);
  }
  Status replace(const std::string& path, std::string_view content) override {
    return isDead() ? dead(path) : ForwardingFileSystem::replace(path, content);
  }

 private:
  bool isDead() { return left_.fetch_sub(1) <= 0; }
  static Status dead(const std::string& path) { return Status::io("cannot use " + path); }

  std::atomic<int> left_;
};

TEST_F(MissingEntriesTest, StartThatDiesAnywhereInARepairIsRepeatedByTheNext) {
  for (const bool known : {true, false}) {
    options_.root_dir = dir_ / (known ? "known" : "unknown");
    fill();
    close();
    const std::string damaged = root();
    if (!known) {
      forgetEnds();
    }
    std::filesystem::resize_file(queueFile("B", 1), 33);
    bool is_through = false;
    for (int calls = 1; !is_through; ++calls) {
      SCOPED_TRACE(calls);
      options_.root_dir = damaged + std::to_string(calls);
      copyFolder(damaged, root());
      {
        DyingFiles dying(calls);
        is_through = MessageStore::open(options_, clock_, nullptr, dying).ok();
      }
      open();
      expectFilled();
      close();
      ASSERT_FALSE(HasFailure());
    }
  }
}

}  // namespace
}  // namespace rocketmq::store::test
