// What the file of a table refuses to become.

#include "broker/table/table_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/atomic_file.h"
#include "common/mutex.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

constexpr size_t kBytesMax = 300'000;

class TableFileTest : public testing::Test {
 protected:
  TableFileTest() { setTable(std::string(TableFile::kSmallBytes + 1, 't')); }

  /// What the next whole write writes.
  void setTable(std::string table) {
    MutexLock lock(mutex_);
    table_ = std::move(table);
  }

  void save(const std::string& change) {
    file_.add(change);
    file_.awaitSaved();
  }

  std::string written() const { return *readWholeFile(path_); }
  size_t changesBytes() const {
    const std::string path = path_ + ".changes";
    return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
  }

  test::TempDir dir_;
  const std::string path_ = dir_ / "groups.json";
  Mutex mutex_;
  std::string table_ ROCKETMQ_GUARDED_BY(mutex_);
  TableFile file_{posixFileSystem(),
                  {.path = path_,
                   .what = "groups",
                   .encode =
                       [this] {
                         MutexLock lock(mutex_);
                         return table_;
                       },
                   .bytes_max = kBytesMax}};
};

TEST_F(TableFileTest, ATableThatNoStartWouldReadIsNotWritten) {
  save("first");
  const std::string first = written();
  save("second");
  ASSERT_GT(changesBytes(), 0u) << "a large table's changes are written alone";
  const size_t changes = changesBytes();

  setTable(std::string(kBytesMax + 1, 'x'));
  file_.addAll();
  file_.awaitSaved();
  EXPECT_EQ(written(), first);
  EXPECT_EQ(changesBytes(), changes) << "they belong to the table that is still there";

  setTable("{small again}");
  save("third");
  EXPECT_EQ(written(), "{small again}");
  EXPECT_EQ(changesBytes(), 0u);
}

TEST_F(TableFileTest, ChangesThatNoStartWouldReadAreWrittenWithTheTable) {
  save("first");
  const std::string change(kBytesMax / 4, 'c');
  for (int i = 0; i < 20; ++i) {
    save(change);
    ASSERT_LE(changesBytes(), kBytesMax);
  }
  save(std::string(kBytesMax, 'l'));  // With the end of its line too long alone.
  EXPECT_EQ(changesBytes(), 0u);
}

}  // namespace
}  // namespace rocketmq::broker
