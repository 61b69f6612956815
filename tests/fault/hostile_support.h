#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/support/daemon.h"

namespace rocketmq::test {

/// How long attacks of the hostile suite last: 2 s, or as many seconds as ROCKETMQ_HOSTILE_SECONDS
/// says.
std::chrono::milliseconds attackTime();

/// A number from the environment, for attacks whose full size takes too long for every run.
int64_t sizeFromEnvironment(const char* name, int64_t usual);

/// Where an attack goes for a while.
struct Target {
  uint16_t broker_port = 0;
  uint16_t namesrv_port = 0;
  /// Sinks in the daemons' place (tests/fault/sink.h): nothing of how daemons answer is to be
  /// expected.
  bool is_sink = false;
  /// The attack is to return soon after this has become true.
  std::function<bool()> over = {};
};
using Attack = std::function<void(const Target&)>;

/// Bounds of expectUnharmed().
struct HarmLimits {
  /// What a p99 may be in any case. Usually 40 ms, as other tests and other machines' work on the
  /// same processors come and go between the rounds that are compared; on a quiet machine
  /// ROCKETMQ_HOSTILE_FLOOR_MS=0 leaves the comparison alone.
  double p99_floor_ms = static_cast<double>(sizeFromEnvironment("ROCKETMQ_HOSTILE_FLOOR_MS", 40));
  /// Anonymous memory of broker and name server together.
  int64_t memory_growth_kib = 64 * 1024;
};

/// Runs `attack` while well-behaved clients (tests/fault/well_behaved.h) go on with their work:
/// first against sinks, then against the daemons. Fails the test when the clients are harmed, when
/// memory grows more than `limits` allow, or when a daemon is not there any more afterwards. Prints
/// what was seen.
///
/// Promise of every hostile test: nothing fails, nothing is lost, and the p99 of sending, of
/// delivery and of a route during the attack is under 5 times what it is without. Attackers that
/// run on the same machine take processors from the clients and the daemons, which no daemon can
/// prevent: what they take is measured by the attack on the sinks, and only when that by itself
/// comes near to 5 times the normal it raises the bound.
void expectUnharmed(Cluster& cluster, const Attack& attack, HarmLimits limits = {});

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
