// Files that the disk refuses to read are neither empty ones nor damaged ones.
#include <gmock/gmock.h>

#include "store/inspect/given_ends.h"
#include "store/inspect/index_check.h"
#include "store/inspect/read_only_files.h"
#include "store/inspect/summary.h"
#include "store/inspect/verify.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kReason = "Input/output error";

class BadFile final : public RandomFile {
 public:
  explicit BadFile(std::string path) : path_(std::move(path)) {}

  Result<std::string> read(int64_t, int64_t) const override {
    return Status::io("cannot read " + path_ + ": " + kReason);
  }
  Status write(int64_t, std::string_view) override { return Status::ok(); }
  Status sync() override { return Status::ok(); }

 private:
  const std::string path_;
};

/// Opens all files but reads none whose path contains a text.
class BadDisk final : public rocketmq::test::ForwardingFileSystem {
 public:
  explicit BadDisk(std::string bad)
      : ForwardingFileSystem(inspect::readOnlyFileSystem()), bad_(std::move(bad)) {}

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    return path.find(bad_) == std::string::npos
               ? ForwardingFileSystem::open(path)
               : Result<std::unique_ptr<RandomFile>>(std::make_unique<BadFile>(path));
  }

 private:
  const std::string bad_;
};

class UnreadableTest : public MqstoreTest {
 protected:
  inspect::StoreLayout layout() {
    auto read = inspect::readLayout(inspect::readOnlyFileSystem(), root(), {}, sink_);
    EXPECT_TRUE(read.ok()) << read.status().message();
    return std::move(*read);
  }
  /// What a check of a store says whose files at `bad` cannot be read.
  std::vector<std::string> findings(const std::string& bad) {
    BadDisk disk(bad);
    told_.clear();
    inspect::verify(disk, layout(), {.delay_level_ms = {1000, 5000}}, sink_, nullptr);
    return told_;
  }

  std::vector<std::string> told_;
  const inspect::FindingSink sink_ = [this](const inspect::Finding& finding) {
    told_.push_back(finding.file + ": " + finding.what);
  };
};

TEST_F(UnreadableTest, ACheckSaysThatAndNothingElseOfThem) {
  makeStore();
  EXPECT_THAT(findings("/no file of a store"), IsEmpty());
  EXPECT_THAT(findings("/consumequeue/Orders/0/"), Each(HasSubstr(kReason)));
  EXPECT_THAT(findings("/consumequeue/Orders/0/"), Not(IsEmpty()));
  EXPECT_THAT(findings("/index/"), Each(HasSubstr(kReason)));
  EXPECT_THAT(findings("/index/"), Not(IsEmpty()));
}

TEST_F(UnreadableTest, ASummarySaysSo) {
  makeStore();
  for (const char* const bad : {"/consumequeue/Orders/0/", "/index/"}) {
    BadDisk disk(bad);
    const auto summary = inspect::summarize(disk, layout(), true, nullptr);
    EXPECT_THAT(summary.unreadable, Each(HasSubstr(kReason)));
    EXPECT_THAT(summary.unreadable, Not(IsEmpty()));
  }
}

TEST_F(UnreadableTest, NoOffsetIsGivenAgainForThem) {
  makeStore();
  BadDisk disk("/consumequeue/Orders/0/");
  const auto refused = inspect::givenEnds(disk, layout());
  EXPECT_THAT(refused.status().message(), HasSubstr(kReason));
  EXPECT_THAT(refused.status().message(), HasSubstr(queueFile("Orders", 0)));

  const auto given = inspect::givenEnds(disk, layout(), &sink_);
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(kQueueFileBytes / 20, given->at({"Orders", 0})) << "where its last file ends";
  EXPECT_EQ(40, given->at({"Orders", 1}));
  ASSERT_EQ(1u, told_.size());
  EXPECT_THAT(told_[0], HasSubstr(kReason));

  BadDisk without_ends("/queueends");
  EXPECT_THAT(inspect::givenEnds(without_ends, layout()).status().message(), HasSubstr(kReason));
}

TEST_F(UnreadableTest, AnIndexIsNotTakenForOneWithoutALayout) {
  makeStore();
  BadDisk disk("/index/");
  EXPECT_THAT(inspect::findIndexLayout(disk, layout()).status().message(), HasSubstr(kReason));
}

}  // namespace
}  // namespace rocketmq::store::test
