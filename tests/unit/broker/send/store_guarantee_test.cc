#include "broker/send/store_guarantee.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "store/message_store.h"
#include "tests/support/eventually.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

/// The operating system's files; a sync of a mapped one waits while the disk hangs.
class HangingFileSystem final : public test::ForwardingFileSystem {
 public:
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                              ForwardingFileSystem::map(path, options));
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(real), *this));
  }

  void hang(bool hangs) {
    MutexLock lock(mutex_);
    hangs_ = hangs;
    changed_.notifyAll();
  }

 private:
  class File final : public test::ForwardingMappedFile {
   public:
    File(std::unique_ptr<MappedFile> real, HangingFileSystem& files)
        : ForwardingMappedFile(std::move(real)), files_(files) {}
    Status sync(int64_t offset, int64_t bytes) override {
      files_.waitWhileHanging();
      return ForwardingMappedFile::sync(offset, bytes);
    }

   private:
    HangingFileSystem& files_;
  };

  void waitWhileHanging() {
    MutexLock lock(mutex_);
    while (hangs_) {
      changed_.wait(mutex_);
    }
  }

  Mutex mutex_;
  CondVar changed_;
  bool hangs_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

class StoreGuaranteeTest : public ::testing::Test {
 protected:
  StoreGuaranteeTest() {
    BrokerSettings settings;
    settings.flush_disk_type = store::FlushMode::kSync;
    settings.sync_flush_timeout_ms = 100;
    settings_.store(std::make_shared<const BrokerSettings>(settings));
    store::StoreOptions options;
    options.root_dir = dir_ / "store";
    options.commit_log_file_bytes = 1 << 20;
    options.flush_mode = store::FlushMode::kSync;
    auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr, files_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }

  /// Stores a message and returns where it ends.
  int64_t put() {
    MessageRecord message;
    message.topic = "T";
    message.body = "hello";
    return store_->put(message).end_offset;
  }

  ResponseCode answerFor(int64_t end_offset) {
    std::promise<ResponseCode> answer;
    StoreGuarantee(settings_, *store_, nullptr)
        .whenSafe(end_offset,
                  [&](StoreGuarantee::Outcome outcome) { answer.set_value(outcome.code); });
    return answer.get_future().get();
  }

  test::TempDir dir_;
  HangingFileSystem files_;
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<store::MessageStore> store_;
};

TEST_F(StoreGuaranteeTest, ASlowDiskIsFlushDiskTimeoutAndTheMessageIsStored) {
  files_.hang(true);
  const int64_t end = put();
  EXPECT_EQ(ResponseCode::kFlushDiskTimeout, answerFor(end));
  files_.hang(false);
  EXPECT_TRUE(test::eventually([&] { return answerFor(end) == ResponseCode::kSuccess; }));
  EXPECT_EQ(1, store_->maxOffset("T", 0));
}

}  // namespace
}  // namespace rocketmq::broker
