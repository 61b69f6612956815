#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "remoting/protocol/command.h"
#include "rocketmq/client_config.h"
#include "tools/mqbench/report.h"

namespace rocketmq::bench {

enum class SendMode : uint8_t { kSync, kAsync, kOneway, kBatch, kTransaction };

/// What the command line asked for; see main.cc for the help of each.
struct Workload {
  std::string namesrv_addr;
  SessionCredentials credentials;
  std::string topic = "BenchmarkTest";
  std::string group = "mqbench";
  int32_t body_bytes = 1024;
  int32_t threads = 1;
  SendMode mode = SendMode::kSync;
  int32_t batch_size = 16;
  int32_t in_flight_max = 1024;  ///< Asynchronous sends.
  /// Connections of their own, driven without the client library; 0: through the client library.
  int32_t connections = 0;
  int32_t in_flight = 1;   ///< Requests out on each of the connections.
  int32_t io_threads = 1;  ///< That drive the connections.
  remoting::SerializeType header = remoting::SerializeType::kJson;  ///< Of their requests.
  int32_t groups = 1;     ///< That pull everything, or that idle clients are in.
  bool from_end = false;  ///< Pulls begin with what is sent from now on.
  int64_t heartbeat_interval_s = 30;
  int64_t interval_ms = 0;  ///< Latencies over time, in steps of so long; 0: not kept.
  int64_t rate = 0;         ///< Messages per second over all threads; 0: as fast as possible.
  int64_t messages = 0;     ///< 0: no bound.
  std::chrono::seconds duration{10};
  Format format = Format::kText;
  bool progress = false;
};

Report runProduce(const Workload& workload);
Report runConsume(const Workload& workload);
Report runLatency(const Workload& workload);

/// Nanoseconds of the machine-wide monotonic clock: comparable between processes of one machine.
int64_t nowNs();

/// Bytes of a body's mark and send time; no body is shorter.
inline constexpr size_t kBodyHeadBytes = 16;

/// A body of `bytes` that starts with a send time, which readSendTime() finds again.
std::string makeBody(int32_t bytes);
void stampSendTime(std::string& body, int64_t at_ns);
/// nullopt when the body was not made by makeBody().
std::optional<int64_t> readSendTime(std::string_view body);

/// When the i-th message of a thread is due under a fixed rate. Latency is counted from that
/// moment, also when the sender is late, so that a stall is seen by every message it delays.
class Pacer {
 public:
  Pacer(int64_t start_ns, int64_t rate, int32_t threads, int32_t thread_index);

  /// Waits until the next message is due and returns that moment; now, without a rate.
  int64_t waitNext();

 private:
  int64_t next_ns_;
  int64_t interval_ns_;
};

/// A line on standard error once a second while it lives, rewritten in place on a terminal.
class ProgressLine {
 public:
  /// `describe(elapsed_seconds)` makes the text; called on the line's own thread.
  ProgressLine(bool enabled, std::function<std::string(double)> describe);
  ~ProgressLine();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace rocketmq::bench
