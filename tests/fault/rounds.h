#pragma once

#include <cstdint>

namespace rocketmq::test {

/// A seed for this run: that of ROCKETMQ_FAULT_SEED, else a new one. Printed.
uint64_t faultSeed();
/// A count from the environment variable ROCKETMQ_FAULT_ROUNDS.
int faultRounds(int otherwise);

}  // namespace rocketmq::test
