#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "rocketmq/client_config.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

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
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{
          {"text", Format::kText}, {"json", Format::kJson}, {"csv", Format::kCsv}}));
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
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, SendMode>{{"sync", SendMode::kSync},
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
  produce->callback([&run] { run = runProduce; });
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
