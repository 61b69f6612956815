// Records of the wider kinds on their whole way: V2, for topics above 127 bytes, and with IPv6
// hosts.
#include <gmock/gmock.h>

#include <filesystem>

#include "common/message/record.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

class WideRecordTest : public MqstoreTest {
 protected:
  static constexpr int kRounds = 60;

  void fill() {
    for (int i = 0; i < kRounds; ++i) {
      const std::string body = "wide" + std::to_string(i);
      const std::string keys = properties({{"KEYS", "w" + std::to_string(i)}});
      MessageRecord wide = message(topic_, 0, body, keys);
      wide.born_host = *HostAddress::parse("[2001:db8::1]:4567");
      wide.store_host = *HostAddress::parse("[fe80::2]:10911");
      ASSERT_TRUE(store_->put(wide).ok());
      ASSERT_TRUE(put("Usual", 0, "usual" + std::to_string(i)).ok());
    }
  }
  void expectAll(int rounds) {
    const auto found = readAll(*store_, topic_, 0);
    ASSERT_EQ(static_cast<size_t>(rounds), found.size());
    for (int i = 0; i < rounds; ++i) {
      const StoredMessage& message = found[static_cast<size_t>(i)];
      ASSERT_EQ("wide" + std::to_string(i % kRounds), message.body);
      ASSERT_EQ(topic_, message.topic);
      const auto slice = store_->recordAt(message.physical_offset);
      ASSERT_TRUE(slice.ok());
      EXPECT_EQ(kMessageMagicV2, decodeRecordHead(slice->bytes.data()).magic);
      const auto record = decodeRecord(slice->bytes, CrcCheck::kVerify);
      ASSERT_TRUE(record.ok());
      EXPECT_EQ(*HostAddress::parse("[2001:db8::1]:4567"), record->born_host);
      EXPECT_EQ(*HostAddress::parse("[fe80::2]:10911"), record->store_host);
    }
    EXPECT_EQ(static_cast<size_t>(rounds), readAll(*store_, "Usual", 0).size());
  }
  bool isFoundByKey(const std::string& key) {
    return eventually(
        [&] { return !store_->queryByKey(topic_, key, 1, 0, int64_t{1} << 60).records.empty(); });
  }

  const std::string topic_ = std::string(199, 't') + "T";
};

TEST_F(WideRecordTest, SurviveRestartKillVerifyAndRebuild) {
  open();
  fill();
  expectAll(kRounds);
  restart();
  expectAll(kRounds);
  fill();
  crash();
  expectAll(2 * kRounds);
  EXPECT_TRUE(isFoundByKey("w59"));
  close();
  Outcome outcome = verify(root());
  EXPECT_EQ(0, outcome.status) << outcome.output;

  std::filesystem::remove_all(root() + "/consumequeue");
  outcome = run({"rebuild", root(), "--mappedFileSizeConsumeQueue", "1000"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  outcome = verify(root());
  EXPECT_EQ(0, outcome.status) << outcome.output;
  open();
  expectAll(2 * kRounds);
  EXPECT_TRUE(isFoundByKey("w0"));
}

// The last record has no other behind it that would show where it ends.
TEST_F(WideRecordTest, LastRecordOfAKilledStoreIsNotTakenForTorn) {
  open();
  MessageRecord wide = message(topic_, 0, "last");
  wide.born_host = *HostAddress::parse("[::1]:0");
  wide.store_host = *HostAddress::parse("[::1]:0");
  ASSERT_TRUE(store_->put(wide).ok());
  crash();
  EXPECT_EQ(1u, readAll(*store_, topic_, 0).size());
}

}  // namespace
}  // namespace rocketmq::store::test
