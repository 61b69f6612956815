#include "common/message/message_id.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "common/thread.h"

namespace rocketmq {
namespace {

struct IdExample {
  const char* text;
  const char* host;
  int64_t offset;
};

constexpr IdExample kExamples[] = {
    {"0A00000900002A9F0000000000001000", "10.0.0.9:10911", 4096},
    {"20010DB800000000000000000000000200002A9F0000000000000000", "[2001:db8::2]:10911", 0},
};

TEST(OffsetMessageIdTest, PrintsTheStoreHostAndTheOffsetAsHex) {
  for (const IdExample& example : kExamples) {
    const auto store_host = HostAddress::parse(example.host);
    ASSERT_TRUE(store_host.ok());
    const OffsetMessageId id{.store_host = *store_host, .physical_offset = example.offset};
    EXPECT_EQ(id.toString(), example.text);
  }
}

TEST(OffsetMessageIdTest, ParsesWhatItPrints) {
  for (const IdExample& example : kExamples) {
    const auto id = OffsetMessageId::parse(example.text);
    ASSERT_TRUE(id.ok()) << id.status().message();
    EXPECT_EQ(id->store_host.toString(), example.host);
    EXPECT_EQ(id->physical_offset, example.offset);
  }
  EXPECT_TRUE(OffsetMessageId::parse("0a00000900002a9f0000000000001000").ok()) << "lower case";
}

TEST(OffsetMessageIdTest, RefusesOtherLengthsAndOtherCharacters) {
  const std::string valid = kExamples[0].text;
  for (size_t size = 0; size < 80; ++size) {
    EXPECT_EQ(OffsetMessageId::parse(std::string(size, '0')).ok(), size == 32 || size == 56)
        << size;
  }
  for (size_t at = 0; at < valid.size(); ++at) {
    for (const char c : {'G', 'g', ' ', '/', ':', '@', '`', '\0', '\xFF'}) {
      std::string damaged = valid;
      damaged[at] = c;
      EXPECT_EQ(OffsetMessageId::parse(damaged).status().code(), StatusCode::kInvalidArgument);
    }
  }
}

TEST(UniqueIdTest, IsUpperCaseHexThatBeginsWithTheLocalAddress) {
  const std::string id = newUniqueId().toString();
  EXPECT_EQ(id.size(), localAddress().is_ipv6 ? 56u : 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789ABCDEF"), std::string::npos) << id;
  const OffsetMessageId same_address{.store_host = localAddress()};
  const size_t address_digits = localAddress().is_ipv6 ? 32 : 8;
  EXPECT_EQ(id.substr(0, address_digits), same_address.toString().substr(0, address_digits));
}

TEST(UniqueIdTest, HoldsTheTimeSinceTheMonthBegan) {
  const std::string id = newUniqueId().toString();
  const time_t now = time(nullptr);
  const auto since_month_ms = std::stoull(id.substr(id.size() - 12, 8), nullptr, 16);
  tm month{};
  localtime_r(&now, &month);
  const int64_t expected_s =
      ((month.tm_mday - 1) * 24 + month.tm_hour) * 3600 + month.tm_min * 60 + month.tm_sec;
  // A month may hold one change of daylight saving time; at midnight between two months the two
  // clocks of this test may see different ones.
  constexpr int64_t kSlackSeconds = 3600 + 60;
  if (expected_s > kSlackSeconds) {
    EXPECT_NEAR(static_cast<double>(since_month_ms / 1000), static_cast<double>(expected_s),
                static_cast<double>(kSlackSeconds));
  }
}

TEST(UniqueIdTest, IsNeverGivenTwiceToConcurrentThreads) {
  constexpr size_t kThreads = 4;
  constexpr size_t kIdsPerThread = 100'000;
  std::vector<std::vector<std::string>> ids(kThreads);
  {
    std::vector<NamedThread> threads;
    for (auto& own : ids) {
      threads.emplace_back("ids", [&own] {
        own.reserve(kIdsPerThread);
        for (size_t i = 0; i < kIdsPerThread; ++i) {
          own.push_back(newUniqueId().toString());
        }
      });
    }
  }
  std::unordered_set<std::string> all;
  for (const auto& own : ids) {
    all.insert(own.begin(), own.end());
  }
  EXPECT_EQ(all.size(), kThreads * kIdsPerThread);
}

TEST(UniqueIdTest, DiffersInAForkedProcess) {
  const std::string mine = newUniqueId().toString();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string id = newUniqueId().toString();
    const bool written =
        write(pipe_ends[1], id.data(), id.size()) == static_cast<ssize_t>(id.size());
    _exit(written ? 0 : 1);
  }
  std::string theirs(mine.size(), '\0');
  ASSERT_EQ(read(pipe_ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // The parts before the time are the address, the process id and a random number.
  const size_t prefix = mine.size() - 12;
  EXPECT_NE(mine.substr(0, prefix), theirs.substr(0, prefix));
}

}  // namespace
}  // namespace rocketmq
