// Small files that have been given a length that no memory holds.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class AbsurdLengthTest : public StoreTest {
 protected:
  void lengthen(const std::string& name) {
    std::filesystem::resize_file(root() + "/" + name, uintmax_t{1} << 42);
  }
  uintmax_t lengthOf(const std::string& name) const {
    return std::filesystem::file_size(root() + "/" + name);
  }
};

TEST_F(AbsurdLengthTest, EndsOfQueuesAreIgnoredAndWrittenAgain) {
  open();
  send("A", 0, 5, "a");
  close();
  lengthen("queueends");
  open();
  EXPECT_THAT(bodies("A", 0), SizeIs(5));
  ASSERT_EQ("", store_->deleteTopic("A").message());
  send("B", 0, 2, "b");
  restart();
  EXPECT_THAT(bodies("B", 0), SizeIs(2));
  EXPECT_GT(1u << 20, lengthOf("queueends"));
}

TEST_F(AbsurdLengthTest, DeletedTopicsAreThoseOfTheCopy) {
  open();
  send("A", 0, 5, "a");
  send("B", 0, 2, "b");
  ASSERT_EQ("", store_->deleteTopic("A").message());
  close();
  std::filesystem::remove_all(root() + "/consumequeue");
  std::filesystem::remove(root() + "/queueends");
  lengthen("deletedtopics");
  open();
  EXPECT_THAT(bodies("A", 0), IsEmpty());
  EXPECT_THAT(bodies("B", 0), SizeIs(2));
  ASSERT_EQ("", store_->deleteTopic("B").message());
  EXPECT_GT(1u << 20, lengthOf("deletedtopics"));
  close();
  lengthen("deletedtopics");
  lengthen("deletedtopics.bak");
  open();  // They may come back then, as when both files are damaged in another way.
  EXPECT_TRUE(put("C", 0, "c").ok());
}

}  // namespace
}  // namespace rocketmq::store::test
