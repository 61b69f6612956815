// Room ahead of the log's end: who makes it, and that it never costs a record.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// Notes what is asked of files of the commit log.
class WatchedFileSystem final : public rocketmq::test::ForwardingFileSystem {
 public:
  std::atomic<std::thread::id> sender;  ///< Whose calls count.
  std::atomic<int> calls_of_sender{0};  ///< That make, extend or sync something.
  std::atomic<int64_t> zeros_from{0};   ///< Where in the log the last zeros began.
  std::atomic<int> zeros_over_bytes{0};
  std::atomic<bool> fail_zeros{false};

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    auto real = ForwardingFileSystem::map(path, options);
    if (!real.ok() || path.find("/commitlog/") == std::string::npos) {
      return real;
    }
    noteCall();
    const int64_t base = std::stoll(path.substr(path.rfind('/') + 1));
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(*real), *this, base));
  }
  Status syncDirectory(const std::string& path) override {
    noteCall();
    return ForwardingFileSystem::syncDirectory(path);
  }

  void noteCall() { calls_of_sender += std::this_thread::get_id() == sender ? 1 : 0; }

 private:
  class File final : public rocketmq::test::ForwardingMappedFile {
   public:
    File(std::unique_ptr<MappedFile> real, WatchedFileSystem& files, int64_t base)
        : ForwardingMappedFile(std::move(real)), files_(files), base_(base) {}

    Status reserve(int64_t offset, int64_t bytes) override {
      files_.noteCall();
      return ForwardingMappedFile::reserve(offset, bytes);
    }
    Status writeZeros(int64_t offset, int64_t bytes, Zeros where) override {
      files_.noteCall();
      files_.zeros_from = base_ + offset;
      const std::string_view range(data() + offset, static_cast<size_t>(bytes));
      files_.zeros_over_bytes += isZero(range) ? 0 : 1;
      return files_.fail_zeros ? Status::io("cannot write: Input/output error")
                               : ForwardingMappedFile::writeZeros(offset, bytes, where);
    }

   private:
    WatchedFileSystem& files_;
    const int64_t base_;
  };
};

class LogRoomTest : public StoreTest, public ::testing::WithParamInterface<FlushMode> {
 protected:
  static constexpr int64_t kFileBytes = 4 << 20;
  static constexpr int kRollOvers = 3;

  LogRoomTest() {
    options_.commit_log_file_bytes = kFileBytes;
    options_.flush_mode = GetParam();
    openWatched();
  }

  ~LogRoomTest() override { store_.reset(); }  // It uses the files below.

  void openWatched() {
    store_.reset();
    auto opened = MessageStore::open(options_, clock_, nullptr, watched_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }

  int64_t putOne(const std::string& topic, const std::string& body) {
    const PutResult result = put(topic, 0, body);
    EXPECT_TRUE(result.ok()) << result.detail;
    return result.end_offset;
  }

  WatchedFileSystem watched_;
};

// A step of room is there for appends when the next one is begun, so a sender with two steps ahead
// of it finds room.
TEST_P(LogRoomTest, SenderThatIsNoFasterThanTheDiskMakesNoRoomAndNoFile) {
  constexpr int64_t kTwoSteps = 2 << 20;
  const std::string body(16 * 1024, 'b');
  int64_t end = putOne("T", body);
  watched_.sender = std::this_thread::get_id();
  while (end < kRollOvers * kFileBytes + kFileBytes / 2) {
    ASSERT_TRUE(eventually([&] { return watched_.zeros_from >= end + kTwoSteps; })) << end;
    end = putOne("T", body);
  }
  EXPECT_EQ(0, watched_.calls_of_sender);
}

TEST_P(LogRoomTest, ZerosAreNeverWrittenOverRecordsHoweverFastTheyCome) {
  constexpr int kThreads = 4;
  constexpr int kMessages = 1500;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, topic = "T" + std::to_string(i)] {
      for (int j = 0; j < kMessages; ++j) {
        putOne(topic, std::to_string(j) + std::string(static_cast<size_t>(j % 5) * 1000, 'x'));
      }
    });
  }
  std::for_each(threads.begin(), threads.end(), [](std::thread& thread) { thread.join(); });
  EXPECT_EQ(0, watched_.zeros_over_bytes);
  openWatched();
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_EQ(static_cast<size_t>(kMessages), bodies("T" + std::to_string(i), 0).size());
  }
}

TEST_P(LogRoomTest, FailedZerosOnlyCostTime) {
  watched_.fail_zeros = true;
  const std::string body(16 * 1024, 'b');
  const int64_t before = putOne("T", body);
  int count = 1;
  for (int64_t end = before; end < kFileBytes + kFileBytes / 2; ++count) {
    end = putOne("T", body);
  }
  openWatched();
  EXPECT_EQ(static_cast<size_t>(count), bodies("T", 0).size());
}

INSTANTIATE_TEST_SUITE_P(FlushModes, LogRoomTest,
                         ::testing::Values(FlushMode::kAsync, FlushMode::kSync),
                         [](const auto& test) {
                           return test.param == FlushMode::kAsync ? "Async" : "Sync";
                         });

}  // namespace
}  // namespace rocketmq::store::test
