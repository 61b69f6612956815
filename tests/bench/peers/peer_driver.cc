#include "tests/bench/peers/peer_driver.h"

#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/mqbench/report.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

void addOptions(CLI::App& app, PeerOptions& options) {
  app.add_option("--port", options.port)->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 1024));
  app.add_option("--pipeline", options.in_flight)->check(CLI::Range(1, 65536));
  app.add_option("--size", options.body_bytes)->check(CLI::Range(16, 4 << 20));
  app.add_option("--seconds", options.seconds);
  app.add_option("--messages", options.messages);
  app.add_option("--queues", options.queues)->check(CLI::Range(1, 1024));
}

/// One thread for each connection; what one of them throws is counted as a failure.
Report runThreads(const std::string& command, const PeerOptions& options,
                  const std::function<void(PeerRun&)>& work) {
  Tally tally;
  const int64_t start = nowNs();
  tally.restart(start);
  {
    std::vector<std::jthread> threads;
    for (int32_t i = 0; i < options.connections; ++i) {
      threads.emplace_back([&, i] {
        PeerRun run{options, i, tally, start + options.seconds * 1'000'000'000};
        try {
          work(run);
        } catch (const std::exception& failure) {
          tally.failed(1, failure.what());
        }
      });
    }
  }
  if (tally.failures() > 0) {
    std::fprintf(stderr, "first failure: %s\n", tally.firstError().c_str());
  }
  Report report;
  report.command = command;
  report.settings = {{"connections", std::to_string(options.connections)}};
  report.messages = tally.messages();
  report.failures = tally.failures();
  report.body_bytes = tally.bytes();
  report.elapsed = std::chrono::nanoseconds(nowNs() - start);
  if (command == "produce") {
    report.latencies.emplace_back("send", tally.latency());
  }
  return report;
}

}  // namespace

bool PeerRun::isOver() const {
  return nowNs() >= end_ns || (options.messages > 0 && tally.messages() >= options.messages);
}

int runPeerDriver(int argc, char** argv, const PeerDriver& driver) {
  PeerOptions options;
  CLI::App app(std::string("Drives ") + driver.name + " and prints what it measured.");
  app.require_subcommand(1);
  const auto addRun = [&](const char* name, const char* help,
                          const std::function<void(PeerRun&)>& work) {
    CLI::App* command = app.add_subcommand(name, help);
    addOptions(*command, options);
    command->callback([&options, name, work] {
      const Report report = runThreads(name, options, work);
      std::fputs(report.format(Format::kJson).c_str(), stdout);
    });
  };
  CLI::App* prepare = app.add_subcommand("prepare", "Makes the durable place for the messages");
  addOptions(*prepare, options);
  prepare->callback([&] { driver.prepare(options); });
  addRun("produce", "Sends until the time is over", driver.produce);
  addRun("consume", "Receives --messages messages", driver.consume);
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", driver.name, failure.what());
    return 1;
  }
  return 0;
}

}  // namespace rocketmq::bench
