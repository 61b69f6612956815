// More queues than files that a process may map.

#include <gmock/gmock.h>

#include <filesystem>

#include "store/queue/queue_mappings.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Counts the mapped files of consume queues, and refuses more when told to.
class MappingFiles final : public rocketmq::test::ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::atomic<bool> is_out_of_mappings{false};
  std::atomic<int> mapped{0};
  std::atomic<int> mapped_max{0};

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    if (is_out_of_mappings) {
      return Status::busy("cannot map " + path + "; see vm.max_map_count");
    }
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                              ForwardingFileSystem::map(path, options));
    if (path.find("/consumequeue") == std::string::npos) {
      return real;
    }
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(real), *this));
  }

 private:
  class File final : public rocketmq::test::ForwardingMappedFile {
   public:
    File(std::unique_ptr<MappedFile> real, MappingFiles& files)
        : ForwardingMappedFile(std::move(real)), files_(files) {
      files_.mapped_max = std::max(files_.mapped_max.load(), ++files_.mapped);
    }
    ~File() override { --files_.mapped; }

   private:
    MappingFiles& files_;
  };
};

class StoreMappingsTest : public StoreTest, public ::testing::WithParamInterface<FlushMode> {
 protected:
  static constexpr int kQueues = 100;
  static constexpr int kMappedMax = 16;

  StoreMappingsTest() {
    options_.flush_mode = GetParam();
    options_.queue_extension = true;
    options_.queue_extension_file_bytes = 4096;
    options_.queue_files_mapped_max = kMappedMax;
  }

  ~StoreMappingsTest() override { store_.reset(); }  // It uses the files below.

  void openCounted() {
    auto opened = MessageStore::open(options_, clock_, nullptr, mapping_files_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }

  void sendToAll(int round) {
    for (int queue = 0; queue < kQueues; ++queue) {
      ASSERT_TRUE(put("A", queue, "m" + std::to_string(round), properties({{"TAGS", "t"}})).ok());
    }
  }

  void expectInAll(const std::vector<std::string>& expected) {
    for (int queue = 0; queue < kQueues; ++queue) {
      ASSERT_TRUE(rocketmq::test::eventually(
          [&] { return store_->maxOffset("A", queue) == static_cast<int64_t>(expected.size()); }));
      EXPECT_EQ(bodies("A", queue), expected) << queue;
    }
  }

  MappingFiles mapping_files_{files_};
};

TEST_P(StoreMappingsTest, QueuesShareTheMappingsThereAre) {
  openCounted();
  for (int round = 0; round < 3; ++round) {
    sendToAll(round);
  }
  expectInAll({"m0", "m1", "m2"});
  // Those who read map too.
  sendToAll(3);
  EXPECT_TRUE(rocketmq::test::eventually([&] {
    return mapping_files_.mapped <= kMappedMax + kMappedMax / 4 + 4;
  })) << mapping_files_.mapped;
  expectInAll({"m0", "m1", "m2", "m3"});
}

TEST_P(StoreMappingsTest, RecoveryNeedsNoMoreThanTheRest) {
  openCounted();
  for (int round = 0; round < 3; ++round) {
    sendToAll(round);
  }
  expectInAll({"m0", "m1", "m2"});
  const std::string copy = crashedCopy();
  store_.reset();
  options_.root_dir = copy;
  for (const bool are_queues_lost : {false, true}) {
    writeFile(copy + "/abort", "");
    if (are_queues_lost) {
      std::filesystem::remove_all(copy + "/consumequeue");
    }
    mapping_files_.mapped_max = 0;
    openCounted();
    EXPECT_LE(mapping_files_.mapped_max, kMappedMax + 8);
    expectInAll({"m0", "m1", "m2"});
    store_.reset();
  }
}

/// Promise: what cannot be mapped is refused with a reason, nothing that was acknowledged is lost,
/// and all goes on when there are mappings again.
TEST_P(StoreMappingsTest, WithoutMappingsSendsAreRefusedAndNothingIsLost) {
  openCounted();
  ASSERT_TRUE(put("A", 0, "first").ok());
  ASSERT_TRUE(rocketmq::test::eventually([&] { return store_->maxOffset("A", 0) == 1; }));
  mapping_files_.is_out_of_mappings = true;
  const PutResult refused = put("B", 0, "no queue to be had");
  EXPECT_EQ(refused.status, PutStatus::kServiceNotAvailable);
  EXPECT_THAT(refused.detail, HasSubstr("vm.max_map_count"));
  EXPECT_TRUE(put("A", 0, "second").ok());
  EXPECT_EQ(store_->readOnlyReason(), "");
  EXPECT_EQ(store_->maxOffset("B", 0), 0);

  mapping_files_.is_out_of_mappings = false;
  EXPECT_TRUE(put("B", 0, "there").ok());
  ASSERT_TRUE(rocketmq::test::eventually([&] { return store_->maxOffset("B", 0) == 1; }));
  EXPECT_THAT(bodies("A", 0), ElementsAre("first", "second"));
  EXPECT_TRUE(store_->close().isOk());
  openCounted();
  EXPECT_THAT(bodies("A", 0), ElementsAre("first", "second"));
  EXPECT_THAT(bodies("B", 0), ElementsAre("there"));
}

INSTANTIATE_TEST_SUITE_P(FlushModes, StoreMappingsTest,
                         ::testing::Values(FlushMode::kAsync, FlushMode::kSync),
                         [](const auto& flush) {
                           return flush.param == FlushMode::kSync ? "sync" : "async";
                         });

/// A queue whose mapping cannot be made anew is flushed all the same.
TEST(QueueFlushTest, AFlushNeedsNoMapping) {
  rocketmq::test::TempDir dir;
  ManualClock clock;
  MappingFiles files;
  StoreOptions options;
  options.root_dir = dir / "store";
  options.flush_queue_interval_ms = 3'600'000;
  options.queue_files_mapped_max = 1;
  auto opened = MessageStore::open(options, clock, nullptr, files);
  ASSERT_TRUE(opened.ok());
  for (int queue = 0; queue < 3; ++queue) {
    MessageRecord message;
    message.topic = "A";
    message.queue_id = queue;
    message.body = "b";
    ASSERT_TRUE((*opened)->put(message).ok());
  }
  files.is_out_of_mappings = true;
  EXPECT_TRUE((*opened)->close().isOk());
}

}  // namespace
}  // namespace rocketmq::store::test
