// What this machine can do without a broker: the measures that bin/bench divides by.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/bench/limits/bytes.h"
#include "tests/bench/limits/echo.h"

namespace rocketmq::bench {
namespace {

struct Options {
  EchoLoad echo;
  int threads = 1;
  int32_t answer_bytes = 128;
  std::string folder = ".";
  int32_t record_bytes = 1024;
  int32_t callers = 0;  ///< Threads that wait for each answer; 0: none waits.
  int32_t records = 32;
  int32_t connections = 1;
  double seconds = 3;
};

void print(const Report& report) { std::fputs(report.format(Format::kJson).c_str(), stdout); }

void addEcho(CLI::App& app, Options& options) {
  CLI::App* server = app.add_subcommand("echo-server", "Answers frames until standard input ends");
  server->add_option("--threads", options.threads);
  server->add_option("--answer-bytes", options.answer_bytes);
  server->callback([&options] { serveEcho(options.threads, options.answer_bytes); });
  CLI::App* echo = app.add_subcommand("echo", "Sends frames to an echo-server");
  echo->add_option("--port", options.echo.port)->required();
  echo->add_option("--connections", options.echo.connections);
  echo->add_option("--pipeline", options.echo.in_flight);
  echo->add_option("--size", options.echo.frame_bytes)->check(CLI::Range(16, 4 << 20));
  echo->add_option("--rate", options.echo.rate);
  echo->add_option("--seconds", options.echo.seconds);
  echo->add_option("--interval", options.echo.interval_ms);
  echo->add_option("--callers", options.callers)->check(CLI::Range(0, 1024));
  echo->callback([&options] {
    print(options.callers > 0 ? runEchoCallers(options.echo, options.callers)
                              : runEcho(options.echo));
  });
}

CLI::App* addBytes(CLI::App& app, Options& options, const char* name, const char* help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("--folder", options.folder);
  command->add_option("--size", options.record_bytes)->check(CLI::Range(16, 1 << 24));
  command->add_option("--seconds", options.seconds);
  return command;
}

void addStreams(CLI::App& app, Options& options) {
  CLI::App* gather = addBytes(app, options, "gather", "Gather writes of a mapping over loopback");
  CLI::App* sendfile = addBytes(app, options, "sendfile", "sendfile over loopback");
  for (CLI::App* command : {gather, sendfile}) {
    command->add_option("--records", options.records)->check(CLI::Range(1, 1024));
    command->add_option("--connections", options.connections)->check(CLI::Range(1, 64));
  }
  gather->callback([&options] {
    print(runGatherStream(options.folder, options.record_bytes, options.records,
                          options.connections, options.seconds));
  });
  sendfile->callback([&options] {
    print(runSendfile(options.folder, options.record_bytes, options.records, options.connections,
                      options.seconds));
  });
}

int runMain(int argc, char** argv) {
  Options options;
  CLI::App app("What this machine can do without a broker.", "bench_limits");
  app.require_subcommand(1);
  addEcho(app, options);
  addStreams(app, options);
  addBytes(app, options, "memcpy", "Copies into a mapped file")->callback([&options] {
    print(runMemcpy(options.folder, options.record_bytes, options.seconds));
  });
  addBytes(app, options, "fdatasync", "Writes, each followed by fdatasync")->callback([&options] {
    print(runFdatasync(options.folder, options.record_bytes, options.seconds));
  });
  CLI11_PARSE(app, argc, argv);
  return 0;
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  try {
    return rocketmq::bench::runMain(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_limits: %s\n", failure.what());
    return 1;
  }
}
