#include "broker/table/versioned_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/atomic_file.h"
#include "common/model/config_tables.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

using Groups = VersionedTable<model::SubscriptionGroupTable, model::SubscriptionGroupConfig,
                              &model::SubscriptionGroupTable::subscription_group_table>;

/// Enough for a file that is not written with each change.
constexpr int kMany = 500;

/// Counts what is written, fails or waits where a test wants it.
class WatchedFiles final : public test::ForwardingFileSystem {
 public:
  std::atomic<bool> is_full{false};
  std::atomic<int> whole_writes{0};
  std::atomic<int> appends{0};
  /// Each append waits until this is ready.
  std::shared_future<void> gate = readyGate();
  std::promise<void> at_gate;

  Status replace(const std::string& path, std::string_view content) override {
    if (is_full) {
      return Status::io("no space", ENOSPC);
    }
    ++whole_writes;
    return ForwardingFileSystem::replace(path, content);
  }

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    ROCKETMQ_ASSIGN_OR_RETURN(auto real, ForwardingFileSystem::open(path));
    return std::unique_ptr<RandomFile>(std::make_unique<File>(std::move(real), *this));
  }

 private:
  class File final : public test::ForwardingRandomFile {
   public:
    File(std::unique_ptr<RandomFile> real, WatchedFiles& files)
        : ForwardingRandomFile(std::move(real)), files_(files) {}
    Status write(int64_t offset, std::string_view content) override {
      if (files_.is_full) {
        return Status::io("no space", ENOSPC);
      }
      if (++files_.appends == 1) {
        files_.at_gate.set_value();
      }
      files_.gate.wait();
      return ForwardingRandomFile::write(offset, content);
    }

   private:
    WatchedFiles& files_;
  };

  static std::shared_future<void> readyGate() {
    std::promise<void> open;
    open.set_value();
    return open.get_future().share();
  }
};

class VersionedTableTest : public testing::Test {
 protected:
  VersionedTableTest() { groups_ = open(path()); }

  std::unique_ptr<Groups> open(const std::string& path) {
    auto opened =
        Groups::open({.path = path, .what = "groups", .complete = [](auto&) {}}, clock_, files_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return std::move(*opened);
  }

  /// What another process finds when this one is killed now.
  std::unique_ptr<Groups> openAfterKill() {
    const std::string copy = dir_ / ("killed-" + std::to_string(++kills_));
    std::filesystem::copy(dir_ / "config", copy);
    return open(copy + "/groups.json");
  }

  std::string path() const { return dir_ / "config/groups.json"; }
  std::string changesPath() const { return path() + ".changes"; }
  bool hasChangesFile() const { return std::filesystem::exists(changesPath()); }

  void put(const std::string& name, int32_t retries = 16) {
    groups_->change(name, [&](const model::SubscriptionGroupConfig*) {
      model::SubscriptionGroupConfig config;
      config.group_name = name;
      config.retry_max_times = retries;
      return std::optional(config);
    });
  }

  void putMany() {
    for (int i = 0; i < kMany; ++i) {
      put("many-" + std::to_string(i));
    }
    groups_.reset();
    groups_ = open(path());
    // The first write is whole and finds the table large, so that the next is an append.
    put("last of many");
    groups_->awaitSaved();
    files_.appends = 0;
    files_.at_gate = {};
  }

  test::TempDir dir_;
  ManualClock clock_;
  WatchedFiles files_;
  std::unique_ptr<Groups> groups_;
  int kills_ = 0;
};

TEST_F(VersionedTableTest, ASmallTableIsWrittenWholeWithEachChange) {
  put("A");
  groups_->awaitSaved();
  put("B");
  groups_->awaitSaved();
  EXPECT_EQ(files_.whole_writes, 2);
  EXPECT_FALSE(hasChangesFile());
  EXPECT_EQ(*openAfterKill()->snapshot(), *groups_->snapshot());
}

TEST_F(VersionedTableTest, AChangeOfALargeTableIsWrittenAloneAndSurvivesAKill) {
  putMany();
  put("A", 3);
  groups_->remove("many-7");
  put("A", 5);
  groups_->bumpDataVersion();
  groups_->awaitSaved();
  EXPECT_GE(files_.appends, 1);

  const auto found = openAfterKill();
  EXPECT_EQ(*found->snapshot(), *groups_->snapshot());
  EXPECT_EQ(found->find("A")->retry_max_times, 5);
  EXPECT_EQ(found->find("many-7"), nullptr);
  EXPECT_EQ(found->dataVersion(), groups_->dataVersion());
}

TEST_F(VersionedTableTest, AfterAStopTheFileHasAllAndNothingIsBesideIt) {
  putMany();
  put("A");
  const auto last = groups_->snapshot();
  groups_.reset();
  EXPECT_FALSE(hasChangesFile());
  EXPECT_EQ(*loadConfigFile<model::SubscriptionGroupTable>(path()), *last);
}

TEST_F(VersionedTableTest, ChangesThatAreCutOffEndWhereTheyAreWhole) {
  putMany();
  const auto change = [](int64_t counter, const std::string& name) {
    return R"({"dataVersion":{"counter":)" + std::to_string(counter) +
           R"(,"timestamp":9},"name":")" + name + R"(","put":{"groupName":")" + name + "\"}}";
  };
  const int64_t counter = groups_->dataVersion().counter;
  groups_.reset();
  const std::string text = change(counter, "known already") + "\n" + change(counter + 1, "A") +
                           "\n" + change(counter + 2, "B") + "\n";
  constexpr size_t kStep = 11;  // Each costs some syncs.
  for (size_t at = 0; at < text.size() + kStep; at += kStep) {
    const size_t length = std::min(at, text.size());
    std::ofstream(changesPath(), std::ios::trunc) << text.substr(0, length);
    const auto found = openAfterKill();
    const auto lines = std::count(text.begin(), text.begin() + static_cast<int64_t>(length), '\n');
    EXPECT_EQ(found->find("known already"), nullptr) << length;
    EXPECT_EQ(found->find("A") != nullptr, lines >= 2) << length;
    EXPECT_EQ(found->find("B") != nullptr, lines >= 3) << length;
    EXPECT_EQ(found->dataVersion().counter, counter + std::max<int64_t>(0, lines - 1)) << length;
  }
}

TEST_F(VersionedTableTest, ChangesThatMakeNoSenseAreLeftOut) {
  putMany();
  const size_t size = groups_->size();
  groups_.reset();
  std::ofstream(changesPath()) << std::string(100, '\0') << "\n{}\n";
  EXPECT_EQ(openAfterKill()->size(), size);
}

TEST_F(VersionedTableTest, AnotherTableDoesNotGetTheChangesOfTheOneBefore) {
  putMany();
  put("A");
  groups_->awaitSaved();
  model::SubscriptionGroupTable masters;
  masters.data_version = {.counter = 1, .timestamp = 1};
  masters.subscription_group_table["M"].group_name = "M";
  EXPECT_TRUE(groups_->takeOver(masters));
  EXPECT_FALSE(groups_->takeOver(masters));
  groups_->awaitSaved();
  EXPECT_EQ(*groups_->snapshot(), masters);
  EXPECT_EQ(*openAfterKill()->snapshot(), masters);
}

TEST_F(VersionedTableTest, ChangesThatWaitAtOnceShareOneWrite) {
  putMany();
  std::promise<void> gate;
  files_.gate = gate.get_future().share();

  put("first");
  files_.at_gate.get_future().wait();
  std::vector<std::future<void>> saved;
  for (int i = 0; i < 100; ++i) {
    put("B" + std::to_string(i));
    auto is_saved = std::make_shared<std::promise<void>>();
    saved.push_back(is_saved->get_future());
    groups_->whenSaved([is_saved] { is_saved->set_value(); });
  }
  gate.set_value();
  for (auto& each : saved) {
    each.wait();
  }
  EXPECT_LE(files_.appends, 2);
  EXPECT_NE(openAfterKill()->find("B99"), nullptr);
}

TEST_F(VersionedTableTest, WhatCouldNotBeWrittenIsInForceAndWrittenWithTheNextChange) {
  putMany();
  files_.is_full = true;
  put("A");
  groups_->awaitSaved();
  EXPECT_NE(groups_->find("A"), nullptr);
  EXPECT_EQ(openAfterKill()->find("A"), nullptr);
  files_.is_full = false;
  put("B");
  groups_->awaitSaved();
  const auto found = openAfterKill();
  EXPECT_NE(found->find("A"), nullptr);
  EXPECT_NE(found->find("B"), nullptr);
}

}  // namespace
}  // namespace rocketmq::broker
