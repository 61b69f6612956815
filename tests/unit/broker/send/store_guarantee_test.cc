#include "broker/send/store_guarantee.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "store/message_store.h"
#include "tests/support/eventually.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/ha/java_peers.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;
using ::testing::HasSubstr;

/// The operating system's files; a sync of a mapped one waits while the disk hangs, and fails on a
/// broken one.
class SickFileSystem final : public test::ForwardingFileSystem {
 public:
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                              ForwardingFileSystem::map(path, options));
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(real), *this));
  }

  void breakDown() { broken_ = true; }
  void hang(bool hangs) {
    MutexLock lock(mutex_);
    hangs_ = hangs;
    changed_.notifyAll();
  }

 private:
  class File final : public test::ForwardingMappedFile {
   public:
    File(std::unique_ptr<MappedFile> real, SickFileSystem& files)
        : ForwardingMappedFile(std::move(real)), files_(files) {}
    Status sync(int64_t offset, int64_t bytes) override {
      files_.waitWhileHanging();
      if (files_.broken_) {
        return Status::io("cannot sync", EIO);
      }
      return ForwardingMappedFile::sync(offset, bytes);
    }

   private:
    SickFileSystem& files_;
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
  std::atomic<bool> broken_{false};
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

  /// Asks for safety; the answer comes later.
  std::future<StoreGuarantee::Outcome> ask(int64_t end_offset) {
    const auto answer = std::make_shared<std::promise<StoreGuarantee::Outcome>>();
    StoreGuarantee(settings_, *store_, ha_.get())
        .whenSafe(end_offset,
                  [answer](StoreGuarantee::Outcome outcome) { answer->set_value(outcome); });
    return answer->get_future();
  }
  ResponseCode answerFor(int64_t end_offset) { return ask(end_offset).get().code; }

  test::TempDir dir_;
  SickFileSystem files_;
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<store::MessageStore> store_;
  std::unique_ptr<HaServer> ha_;
};

TEST_F(StoreGuaranteeTest, ASlowDiskIsFlushDiskTimeoutAndTheMessageIsStored) {
  files_.hang(true);
  const int64_t end = put();
  EXPECT_EQ(ResponseCode::kFlushDiskTimeout, answerFor(end));
  files_.hang(false);
  EXPECT_TRUE(test::eventually([&] { return answerFor(end) == ResponseCode::kSuccess; }));
  EXPECT_EQ(1, store_->maxOffset("T", 0));
}

// Nobody knows what of it is on the disk: sent again it may be there twice, called stored it may be
// lost.
TEST_F(StoreGuaranteeTest, AFailedDiskIsServiceNotAvailableForThoseWhoWait) {
  files_.hang(true);
  std::vector<std::future<StoreGuarantee::Outcome>> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(ask(put()));
  }
  files_.breakDown();
  files_.hang(false);
  for (auto& answer : waiting) {
    const StoreGuarantee::Outcome outcome = answer.get();
    EXPECT_EQ(ResponseCode::kServiceNotAvailable, outcome.code);
    EXPECT_THAT(outcome.remark, HasSubstr("Input/output error"));
    EXPECT_FALSE(outcome.isStored());
  }
}

/// A master under SYNC_FLUSH and SYNC_MASTER; its slaves report what the test says.
class BothGuaranteesTest : public StoreGuaranteeTest {
 protected:
  BothGuaranteesTest() {
    configure([](BrokerSettings& settings) {
      settings.broker_role = BrokerRole::kSyncMaster;
      settings.bind_address = "127.0.0.1";
    });
    auto started = HaServer::start(pool_, *store_, settings_);
    EXPECT_TRUE(started.ok()) << started.status().message();
    ha_ = std::move(*started);
    store_->setAppendListener([this] { ha_->onAppended(); });
  }
  ~BothGuaranteesTest() override { ha_.reset(); }

  void configure(const std::function<void(BrokerSettings&)>& change) {
    BrokerSettings settings = *settings_.load();
    change(settings);
    settings_.store(std::make_shared<const BrokerSettings>(settings));
  }
  void connectSlave() {
    slaves_.push_back(test::RawSocket::connectTo(ha_->port()));
    report(slaves_.size() - 1, 0);
    ASSERT_TRUE(
        test::eventually([&] { return std::cmp_equal(ha_->inSyncSlaves(), slaves_.size()); }));
  }
  void report(size_t slave, int64_t end) {
    ASSERT_TRUE(slaves_[slave].write(bigEndian(static_cast<uint64_t>(end), 8)));
  }
  static bool isOpen(const std::future<StoreGuarantee::Outcome>& answer) {
    return answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  }

  remoting::IoPool pool_{"ha", 1};
  std::vector<test::RawSocket> slaves_;
};

TEST_F(BothGuaranteesTest, SuccessNeedsTheDiskAndTheSlave) {
  configure([](BrokerSettings& settings) { settings.sync_flush_timeout_ms = 60'000; });
  connectSlave();
  files_.hang(true);
  const int64_t first_end = put();
  auto first = ask(first_end);
  report(0, first_end);
  ASSERT_TRUE(test::eventually([&] { return ha_->slaves().at(0).ack_offset == first_end; }));
  EXPECT_TRUE(isOpen(first)) << "the disk does not have it";
  files_.hang(false);
  EXPECT_EQ(ResponseCode::kSuccess, first.get().code);

  const int64_t second_end = put();
  auto second = ask(second_end);
  ASSERT_TRUE(test::eventually([&] { return store_->flushedOffset() == second_end; }));
  EXPECT_TRUE(isOpen(second)) << "the slave does not have it";
  report(0, second_end);
  EXPECT_EQ(ResponseCode::kSuccess, second.get().code);
}

TEST_F(BothGuaranteesTest, ASlavesFailureCountsMoreThanASlowDisk) {
  files_.hang(true);
  EXPECT_EQ(ResponseCode::kSlaveNotAvailable, answerFor(put()));
  connectSlave();
  const int64_t end = put();
  auto answer = ask(end);
  report(0, end);
  EXPECT_EQ(ResponseCode::kFlushDiskTimeout, answer.get().code);
  files_.hang(false);
}

TEST_F(BothGuaranteesTest, AFailedDiskCountsMoreThanSlaves) {
  connectSlave();
  files_.breakDown();
  const int64_t end = put();
  auto answer = ask(end);
  report(0, end);
  EXPECT_EQ(ResponseCode::kServiceNotAvailable, answer.get().code);
  slaves_.clear();
  ASSERT_TRUE(test::eventually([&] { return ha_->slaves().empty(); }));
  EXPECT_EQ(ResponseCode::kServiceNotAvailable, answerFor(end + 1)) << "nor has a slave it";
}

TEST_F(BothGuaranteesTest, RemarksSayHowManySlavesMustHaveItAndHowManyThereAre) {
  configure([](BrokerSettings& settings) {
    settings.in_sync_replicas = 3;
    settings.slave_timeout_ms = 100;
  });
  connectSlave();
  const auto unavailable = ask(put()).get();
  EXPECT_EQ(ResponseCode::kSlaveNotAvailable, unavailable.code);
  EXPECT_THAT(unavailable.remark, HasSubstr("must have it: 2, connected and near enough"));
  EXPECT_THAT(unavailable.remark, HasSubstr("to get it: 1;"));
  connectSlave();
  const int64_t end = put();
  report(1, end);
  const auto late = ask(end).get();
  EXPECT_EQ(ResponseCode::kFlushSlaveTimeout, late.code);
  EXPECT_THAT(late.remark, HasSubstr("must have it: 2, that have it: 1"));
}

}  // namespace
}  // namespace rocketmq::broker
