#include "tests/fault/rounds.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace rocketmq::test {

uint64_t faultSeed() {
  const char* replay = std::getenv("ROCKETMQ_FAULT_SEED");
  const uint64_t seed = replay != nullptr ? std::stoull(replay) : std::random_device()();
  std::printf("ROCKETMQ_FAULT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

int faultRounds(int otherwise) {
  const char* rounds = std::getenv("ROCKETMQ_FAULT_ROUNDS");
  return rounds != nullptr ? std::stoi(rounds) : otherwise;
}

}  // namespace rocketmq::test
