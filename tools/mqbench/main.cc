#include <cstdio>
#include <exception>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "rocketmq/client_config.h"
#include "tools/mqbench/wire/wire_commands.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

/// Words for the values of an enumeration. By number: CLI11 would print those of one byte as they
/// are, in its help.
template <class Enum>
CLI::CheckedTransformer wordsFor(std::initializer_list<std::pair<const char*, Enum>> values) {
  std::map<std::string, int> numbers;
  for (const auto& [word, value] : values) {
    numbers.emplace(word, static_cast<int>(value));
  }
  return CLI::CheckedTransformer(numbers);
}

void addCommonOptions(CLI::App& app, Workload& workload) {
  app.add_option("-n,--namesrvAddr", workload.namesrv_addr,
                 "Name servers, host:port;host:port (else NAMESRV_ADDR)");
  app.add_option("--accessKey", workload.credentials.access_key,
                 "Access key, for brokers with ACL");
  app.add_option("--secretKey", workload.credentials.secret_key, "The access key's secret key");
  app.add_option("-t,--topic", workload.topic, "Topic")->capture_default_str();
  app.add_option("-g,--group", workload.group, "Group")->capture_default_str();
  app.add_option("-w,--threads", workload.threads, "Sending or listening threads")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("-m,--messages", workload.messages, "Stop after so many messages (0: by time)")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option_function<int64_t>(
         "-d,--duration",
         [&workload](int64_t seconds) { workload.duration = std::chrono::seconds(seconds); },
         "Stop after so many seconds (default 10)")
      ->check(CLI::Range(1, 86400));
  app.add_option("-f,--format", workload.format, "text, json or csv")
      ->transform(wordsFor<Format>(
          {{"text", Format::kText}, {"json", Format::kJson}, {"csv", Format::kCsv}}));
  app.add_flag("-p,--progress,!--no-progress", workload.progress,
               "A line a second on standard error (default)");
}

void addSendOptions(CLI::App& app, Workload& workload) {
  app.add_option("-s,--size", workload.body_bytes, "Body bytes")
      ->capture_default_str()
      ->check(CLI::Range(16, 4 * 1024 * 1024));
  app.add_option("-r,--rate", workload.rate,
                 "Messages per second over all threads; latency counts from when a message was "
                 "due (0: as fast as possible)")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--mode", workload.mode, "sync, async, oneway, batch or transaction")
      ->transform(wordsFor<SendMode>({{"sync", SendMode::kSync},
                                      {"async", SendMode::kAsync},
                                      {"oneway", SendMode::kOneway},
                                      {"batch", SendMode::kBatch},
                                      {"transaction", SendMode::kTransaction}}));
  app.add_option("--batch-size", workload.batch_size, "Messages in a batch, or per listener call")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--in-flight", workload.in_flight_max, "Asynchronous sends without an answer")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
}

/// Of the commands that drive connections themselves; `least` is 0 where they may also not.
void addConnectionOptions(CLI::App& app, Workload& workload, int least) {
  app.add_option("-c,--connections", workload.connections,
                 least == 0 ? "Connections of their own, driven without the client library "
                              "(0: through the client library)"
                            : "Connections")
      ->check(CLI::Range(least, 50'000));
  app.add_option("--io-threads", workload.io_threads, "Threads that drive the connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--header", workload.header, "json or rocketmq: how their requests are written")
      ->transform(
          wordsFor<remoting::SerializeType>({{"json", remoting::SerializeType::kJson},
                                             {"rocketmq", remoting::SerializeType::kBinary}}));
  app.add_option("--interval", workload.interval_ms,
                 "Latencies over time in steps of so many ms (JSON output)")
      ->check(CLI::Range(1, 60'000));
}

void addGroupOption(CLI::App& app, Workload& workload, const std::string& help) {
  app.add_option("--groups", workload.groups, help)
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
}

void addPullOptions(CLI::App& app, Workload& workload) {
  addGroupOption(app, workload, "Groups, each of which pulls everything");
  app.add_flag("--from-end", workload.from_end,
               "Wait for what is sent from now on, until the time is over (else: from the first "
               "message to the last that is there)");
  app.add_option("-r,--rate", workload.rate, "Most messages per second of all groups (0: no bound)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--batch-size", workload.batch_size, "Messages asked for in a pull")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
}

int runMain(int argc, char** argv) {
  takeProperties(argc, argv);
  Workload workload;
  workload.progress = true;
  Report (*run)(const Workload&) = nullptr;

  CLI::App app("Drives load against a RocketMQ cluster and prints what it measured.", "mqbench");
  app.require_subcommand(1);
  CLI::App* produce = app.add_subcommand("produce", "Sends messages");
  addCommonOptions(*produce, workload);
  addSendOptions(*produce, workload);
  addConnectionOptions(*produce, workload, 0);
  produce->add_option("--pipeline", workload.in_flight, "Requests out on each connection")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  produce->callback([&run, &workload] {
    if (workload.connections == 0) {
      run = runProduce;
    } else if (workload.mode == SendMode::kTransaction) {
      throw CLI::ValidationError("--mode transaction needs the client library: no --connections");
    } else {
      run = runWireProduce;
    }
  });
  CLI::App* consume =
      app.add_subcommand("consume", "Receives a topic from its beginning with a push consumer");
  addCommonOptions(*consume, workload);
  consume->add_option("--batch-size", workload.batch_size, "Messages per listener call")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  consume->callback([&run] { run = runConsume; });
  CLI::App* latency = app.add_subcommand(
      "latency", "Sends at a fixed rate while a push consumer waits, and measures both ways");
  addCommonOptions(*latency, workload);
  addSendOptions(*latency, workload);
  latency->callback([&run, &workload] {
    run = runLatency;
    workload.rate = workload.rate == 0 ? 1000 : workload.rate;
  });
  CLI::App* pull = app.add_subcommand("pull", "Pulls a topic without the client library");
  addCommonOptions(*pull, workload);
  addConnectionOptions(*pull, workload, 1);
  addPullOptions(*pull, workload);
  pull->callback([&run] { run = runPull; });
  CLI::App* idle = app.add_subcommand("idle", "Holds connections that send nothing but heartbeats");
  addCommonOptions(*idle, workload);
  addConnectionOptions(*idle, workload, 1);
  addGroupOption(*idle, workload, "Groups that the clients are members of, in turns");
  idle->add_option("--heartbeat-interval", workload.heartbeat_interval_s,
                   "Seconds between two heartbeats of a connection")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  idle->callback([&run] { run = runIdle; });
  CLI11_PARSE(app, argc, argv);

  const Report report = run(workload);
  std::fputs(report.format(workload.format).c_str(), stdout);
  return report.messages > 0 && report.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  try {
    return rocketmq::bench::runMain(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "mqbench: %s\n", failure.what());
    return 1;
  }
}
