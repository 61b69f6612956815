#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/daemon.h"

namespace rocketmq::test {

/// How long attacks of the hostile suite last: 2 s, or as many seconds as ROCKETMQ_HOSTILE_SECONDS
/// says.
std::chrono::milliseconds attackTime();

/// A number from the environment, for attacks whose full size takes too long for every run.
int64_t sizeFromEnvironment(const char* name, int64_t usual);

/// What a well-behaved producer, its consumer and a client that asks for routes saw.
struct PairReport {
  int64_t messages = 0;
  int64_t failures = 0;  ///< Sends that failed, messages lost, route requests without an answer.
  double send_p99_ms = 0;
  double delivery_p99_ms = 0;  ///< From before the send to the listener.
  double route_p99_ms = 0;
  int64_t memory_growth_kib = 0;  ///< Anonymous memory of broker and name server, at its highest.
};

/// Bounds of expectUnharmed().
struct HarmLimits {
  /// Besides 5 times the normal p99: two cores run the attackers, both daemons, the pair, and
  /// whatever else the machine does.
  double p99_floor_ms = 250;
  int64_t memory_growth_kib = 64 * 1024;
};

/// Runs `attack` while a producer and a consumer of our client library and somebody who asks for
/// routes go on with their work. `attack` is to return soon after its argument has become true.
/// Fails the test when one of them is disturbed more than `limits` allow, when memory grows more,
/// or when a daemon is not there any more afterwards. Prints what was seen.
///
/// Promise of every hostile test: the p99 of sending, of delivery and of a route during the attack
/// is under 5 times what it is without (or under the floor), nothing fails, nothing is lost.
void expectUnharmed(Cluster& cluster,
                    const std::function<void(const std::function<bool()>&)>& attack,
                    HarmLimits limits = {});

/// Stops both daemons: they must end well and have complained of nothing that a sanitizer reports.
void expectGoodEnd(Cluster& cluster);

/// A frame with a JSON header, made by hand.
std::string hostileFrame(int code, const std::string& ext_fields, std::string_view body = {},
                         int opaque = 1, int flag = 0);

/// Four bytes, big-endian.
std::string lengthWord(uint32_t value);

/// Anonymous memory of a process (RssAnon): without the log's mapped pages. KiB.
int64_t anonymousKib(const Daemon& daemon);

}  // namespace rocketmq::test
