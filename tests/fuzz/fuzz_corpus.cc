#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

// Every seed through its target: what the fuzzer has found stays found.

namespace rocketmq::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

/// For the names of the tests.
void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

namespace {

std::string seedFolder(std::string_view target) {
  return std::string(ROCKETMQ_FUZZ_SEEDS) + "/" + std::string(target);
}

/// At the end of memory of its own, so that a sanitizer sees a step beyond it.
std::vector<char> readSeed(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  bytes.shrink_to_fit();
  return bytes;
}

class FuzzCorpus : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, EverySeedIsHandled) {
  const Target& target = GetParam();
  target.run({});
  size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(seedFolder(target.name))) {
    SCOPED_TRACE(entry.path().string());
    const std::vector<char> bytes = readSeed(entry.path());
    target.run({bytes.data(), bytes.size()});
    ++seeds;
  }
  EXPECT_GT(seeds, 0u) << "add seeds to tests/fuzz/make_seeds.cc";
}

std::vector<Target> sortedTargets() {
  std::vector<Target> sorted = targets();
  std::ranges::sort(sorted, {}, &Target::name);
  return sorted;
}

// After all registrations: main() makes them at the latest.
INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, ::testing::ValuesIn(sortedTargets()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(FuzzSeeds, AreSmallAndBelongToATarget) {
  std::set<std::string, std::less<>> names;
  for (const Target& target : targets()) {
    names.emplace(target.name);
  }
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(ROCKETMQ_FUZZ_SEEDS)) {
    if (entry.is_directory()) {
      EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
    } else {
      bytes += entry.file_size();
    }
  }
  EXPECT_LT(bytes, 500u * 1024);
}

}  // namespace
}  // namespace rocketmq::fuzz
