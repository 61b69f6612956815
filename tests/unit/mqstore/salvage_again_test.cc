#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;

using SalvageAgainTest = MqstoreTest;

// It died between the two renames with which it tries the way into place.
TEST_F(SalvageAgainTest, ARunThatDiedWhileItTriedTheWayHidesNothing) {
  makeStore(3);
  writeFile(dir_ / "out/unfinished-salvage", "");
  const Outcome outcome = run({"salvage", root(), dir_ / "out"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out/unfinished-salvage"));
  EXPECT_EQ(0, verify(dir_ / "out").status);
}

TEST_F(SalvageAgainTest, AWholeStoreWithTheMarkIsSaidToBeWhole) {
  makeStore(3);
  ASSERT_EQ(0, run({"salvage", root(), dir_ / "out"}).status);
  const auto whole = filesOf(dir_ / "out");
  writeFile(dir_ / "out/unfinished-salvage", "");
  const Outcome marked = run({"salvage", root(), dir_ / "out"});
  EXPECT_EQ(2, marked.status);
  EXPECT_THAT(marked.output, HasSubstr("out is a whole store already"));
  EXPECT_TRUE(whole == filesOf(dir_ / "out"));
  EXPECT_THAT(run({"salvage", root(), dir_ / "out"}).output, HasSubstr("is not empty"));
}

}  // namespace
}  // namespace rocketmq::store::test
