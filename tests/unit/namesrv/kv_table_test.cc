#include "namesrv/kv_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace rocketmq::namesrv {
namespace {

using testing::ElementsAre;
using testing::Pair;

class KvTableTest : public testing::Test {
 protected:
  static constexpr size_t kBytesMax = 1000;

  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "kv_table_XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/namesrv/kvConfig.json";
    open();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Opens the table as a restarted name server does.
  void open(size_t bytes_max = kBytesMax) {
    auto table = KvTable::open(path_, bytes_max);
    ASSERT_TRUE(table.ok()) << table.status().message();
    table_ = std::move(*table);
  }

  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
  std::string path_;
  std::unique_ptr<KvTable> table_;
};

TEST_F(KvTableTest, WhatWasPutIsFoundUntilItIsRemoved) {
  EXPECT_EQ(table_->get("N", "k"), std::nullopt);
  ASSERT_TRUE(table_->put("N", "k", "v").isOk());
  ASSERT_TRUE(table_->put("N", "empty", "").isOk());
  EXPECT_EQ(table_->get("N", "k"), "v");
  EXPECT_EQ(table_->get("N", "empty"), "");
  EXPECT_EQ(table_->get("other", "k"), std::nullopt);
  EXPECT_THAT(table_->list("N").value(), ElementsAre(Pair("empty", ""), Pair("k", "v")));
  EXPECT_EQ(table_->list("other"), std::nullopt);
  ASSERT_TRUE(table_->remove("N", "k").isOk());
  ASSERT_TRUE(table_->remove("N", "never there").isOk());
  ASSERT_TRUE(table_->remove("nor this", "k").isOk());
  EXPECT_EQ(table_->get("N", "k"), std::nullopt);
}

TEST_F(KvTableTest, ANamespaceIsWrittenOnceForAllWhoAskForIt) {
  ASSERT_TRUE(table_->put("N", "k", "v").isOk());
  ASSERT_TRUE(table_->put("M", "k", "v").isOk());
  const auto body = table_->listBody("N");
  ASSERT_NE(body, nullptr);
  EXPECT_EQ(*body, R"({"table":{"k":"v"}})");
  ASSERT_TRUE(table_->put("M", "k", "w").isOk());
  EXPECT_EQ(table_->listBody("N"), body);
  ASSERT_TRUE(table_->remove("N", "k").isOk());
  EXPECT_EQ(*table_->listBody("N"), R"({"table":{}})");
  EXPECT_EQ(table_->listBody("other"), nullptr);
  open();
  EXPECT_EQ(*table_->listBody("M"), R"({"table":{"k":"w"}})");
}

TEST_F(KvTableTest, TheFileIsTheJavaNameServers) {
  ASSERT_TRUE(table_->put("ORDER_TOPIC_CONFIG", "T", "broker-a:4;broker-b:4").isOk());
  EXPECT_EQ(read(path_), R"({"configTable":{"ORDER_TOPIC_CONFIG":{"T":"broker-a:4;broker-b:4"}}})");
}

TEST_F(KvTableTest, ARestartFindsWhatWasPut) {
  ASSERT_TRUE(table_->put("N", "k", "line\nbreak \"quoted\" \xE4\xB8\xAD").isOk());
  open();
  EXPECT_EQ(table_->get("N", "k"), "line\nbreak \"quoted\" \xE4\xB8\xAD");
}

TEST_F(KvTableTest, ATornFileIsReplacedByItsBackup) {
  ASSERT_TRUE(table_->put("N", "k", "1").isOk());
  ASSERT_TRUE(table_->put("N", "k", "2").isOk());
  const std::string whole = read(path_);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    write(path_, whole.substr(0, bytes));
    open();
    EXPECT_EQ(table_->get("N", "k"), "1");
  }
}

TEST_F(KvTableTest, ATornFileWithoutBackupIsAnEmptyTable) {
  std::filesystem::create_directories(folder_ / "namesrv");
  write(path_, R"({"configTable":{"N":{"k)");
  open();
  EXPECT_EQ(table_->list("N"), std::nullopt);
  ASSERT_TRUE(table_->put("N", "k", "v").isOk());
  EXPECT_EQ(read(path_), R"({"configTable":{"N":{"k":"v"}}})");
}

TEST_F(KvTableTest, WhatCannotBeStoredDoesNotHappen) {
  ASSERT_TRUE(table_->put("N", "k", "v").isOk());
  // A folder in the place of the file cannot be replaced, not even by root.
  std::filesystem::remove_all(folder_ / "namesrv");
  std::filesystem::create_directories(path_ + "/occupied");
  EXPECT_EQ(table_->put("N", "k", "w").code(), StatusCode::kIo);
  EXPECT_EQ(table_->remove("N", "k").code(), StatusCode::kIo);
  EXPECT_EQ(table_->get("N", "k"), "v");
}

TEST_F(KvTableTest, TheFileStaysUnderItsBound) {
  ASSERT_TRUE(table_->put("N", "k", std::string(kBytesMax / 2, 'x')).isOk());
  const Status refused = table_->put("N", "more", std::string(kBytesMax / 2, 'x'));
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), testing::HasSubstr("raise kvConfigBytesMax"));
  EXPECT_EQ(table_->get("N", "more"), std::nullopt);
  EXPECT_TRUE(table_->put("N", "k", "short").isOk());
  EXPECT_TRUE(table_->put("N", "more", std::string(kBytesMax / 2, 'x')).isOk());
}

// Promise: with a smaller bound than before nothing is lost, and what is too much can be removed.
TEST_F(KvTableTest, ATableAboveItsBoundCanOnlyShrink) {
  ASSERT_TRUE(table_->put("N", "k", std::string(kBytesMax / 2, 'x')).isOk());
  ASSERT_TRUE(table_->put("N", "l", std::string(kBytesMax / 4, 'x')).isOk());
  open(100);
  EXPECT_EQ(table_->put("N", "m", "").code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(table_->remove("N", "l").isOk());
  EXPECT_NE(table_->get("N", "k"), std::nullopt);
  EXPECT_TRUE(table_->remove("N", "k").isOk());
  EXPECT_TRUE(table_->put("N", "m", "").isOk());
}

}  // namespace
}  // namespace rocketmq::namesrv
