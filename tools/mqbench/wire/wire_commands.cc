#include "tools/mqbench/wire/wire_commands.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include "common/json/encode.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/commands/client_membership.h"
#include "tools/mqbench/wire/wire_connections.h"
#include "tools/mqbench/wire/wire_producer.h"
#include "tools/mqbench/wire/wire_puller.h"

namespace rocketmq::bench {
namespace {

void throwUnlessOk(const Status& status) {
  if (!status.isOk()) {
    throw std::runtime_error(status.message());
  }
}

std::string describe(const Tally& tally, double elapsed) {
  return fmt::format("{:.0f} s  {} done  {:.0f} msg/s  {} failed", elapsed, tally.messages(),
                     static_cast<double>(tally.messages()) / elapsed, tally.failures());
}

Report reportOf(const char* command, const Workload& workload, const Tally& tally,
                std::chrono::nanoseconds elapsed) {
  if (tally.failures() > 0) {
    std::fprintf(stderr, "first failure: %s\n", tally.firstError().c_str());
  }
  Report report;
  report.command = command;
  report.settings = {{"connections", std::to_string(workload.connections)},
                     {"topic", workload.topic}};
  report.messages = tally.messages();
  report.failures = tally.failures();
  report.body_bytes = tally.bytes();
  report.elapsed = elapsed;
  report.intervals = tally.intervals();
  return report;
}

std::string heartbeatBody(const Workload& workload, size_t index) {
  remoting::HeartbeatData data;
  data.client_id = "127.0.0.1@mqbench-" + std::to_string(index);
  data.producer_data_set.push_back({workload.group + "_producer"});
  remoting::ConsumerData consumer;
  consumer.group_name =
      workload.group + "_" + std::to_string(index % static_cast<size_t>(workload.groups));
  model::SubscriptionData subscription;
  subscription.topic = workload.topic;
  subscription.sub_string = "*";
  consumer.subscription_data_set.push_back(subscription);
  data.consumer_data_set.push_back(consumer);
  return json::encode(data);
}

void sendHeartbeat(const Workload& workload, WireConnections& connections, size_t index,
                   Tally& tally) {
  const int64_t due_ns = nowNs();
  connections[index].call(
      remoting::Heartbeat{}, remoting::Payload(heartbeatBody(workload, index)),
      remoting::deadlineAfter(std::chrono::seconds(10)),
      [&tally, due_ns](const remoting::CallResult<remoting::Heartbeat>& answer) {
        if (!answer.ok()) {
          tally.failed(1, answer.status().message());
        } else if (!answer->success()) {
          tally.failed(1, answer->remark);
        } else {
          tally.succeeded(due_ns, 1, 0);
        }
      });
}

/// Waits until `operations` have ended; each does by its deadline at the latest.
void awaitDone(const Tally& tally, int64_t operations) {
  while (tally.messages() + tally.failures() < operations) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// The first heartbeat of each client, a bounded number at a time.
void registerClients(const Workload& workload, WireConnections& connections, Tally& tally) {
  constexpr int64_t kAtATime = 256;
  for (size_t i = 0; i < connections.size(); ++i) {
    awaitDone(tally, static_cast<int64_t>(i) + 1 - kAtATime);
    sendHeartbeat(workload, connections, i, tally);
  }
  awaitDone(tally, static_cast<int64_t>(connections.size()));
  if (tally.failures() > 0) {
    throw std::runtime_error("a client could not register: " + tally.firstError());
  }
  std::printf("registered\n");
  std::fflush(stdout);
}

}  // namespace

Report runWireProduce(const Workload& workload) {
  WireProducer producer(workload);
  throwUnlessOk(producer.open());
  const int64_t start = nowNs();
  {
    const ProgressLine progress(workload.progress, [&producer](double elapsed) {
      return describe(producer.tally(), elapsed);
    });
    throwUnlessOk(producer.run());
  }
  Report report =
      reportOf("produce", workload, producer.tally(), std::chrono::nanoseconds(nowNs() - start));
  report.settings.emplace_back("size", std::to_string(workload.body_bytes));
  report.settings.emplace_back("rate", std::to_string(workload.rate));
  if (workload.mode != SendMode::kOneway) {
    report.latencies.emplace_back("send", producer.tally().latency());
  }
  return report;
}

Report runPull(const Workload& workload) {
  WirePuller puller(workload);
  throwUnlessOk(puller.open());
  {
    const ProgressLine progress(
        workload.progress, [&puller](double elapsed) { return describe(puller.tally(), elapsed); });
    throwUnlessOk(puller.run());
  }
  Report report = reportOf("pull", workload, puller.tally(), puller.elapsed());
  report.settings.emplace_back("groups", std::to_string(workload.groups));
  if (workload.from_end) {
    report.latencies.emplace_back("end to end", puller.tally().latency());
  }
  return report;
}

Report runIdle(const Workload& workload) {
  Tally tally(workload.interval_ms);  // Outlives the connections, whose callbacks use it.
  WireConnections connections(workload);
  throwUnlessOk(connections.open());
  registerClients(workload, connections, tally);
  const int64_t start = nowNs();
  tally.restart(start);
  {
    const ProgressLine progress(workload.progress,
                                [&tally](double elapsed) { return describe(tally, elapsed); });
    const int64_t end =
        start + std::chrono::duration_cast<std::chrono::nanoseconds>(workload.duration).count();
    // Spread evenly over the interval, as those of clients that started one after the other are.
    Pacer pacer(start, static_cast<int64_t>(connections.size()) / workload.heartbeat_interval_s + 1,
                1, 0);
    int64_t sent = 0;
    for (; nowNs() < end; ++sent) {
      pacer.waitNext();
      sendHeartbeat(workload, connections, static_cast<size_t>(sent) % connections.size(), tally);
    }
    awaitDone(tally, sent);
  }
  const int64_t elapsed = nowNs() - start;
  connections.stop();
  Report report = reportOf("idle", workload, tally, std::chrono::nanoseconds(elapsed));
  report.latencies.emplace_back("heartbeat", tally.latency());
  return report;
}

}  // namespace rocketmq::bench
