// mqstore: looks into a store's folder without a broker, checks it and repairs it.

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/mqstore/command.h"

namespace rocketmq::mqstore {
namespace {

std::vector<std::unique_ptr<Command>> allCommands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(makeInspect());
  commands.push_back(makeVerify());
  commands.push_back(makeDump());
  commands.push_back(makeRebuild());
  commands.push_back(makeSalvage());
  commands.push_back(makeCompare());
  return commands;
}

/// Runs the command and brings what it prints to where it goes.
Result<Outcome> runAndFlush(Command& command) {
  try {
    const auto outcome = command.run();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return Status::io("cannot write the output", errno);
    }
    return outcome;
  } catch (const std::system_error& error) {
    return Status::io("cannot write the output", error.code().value());
  }
}

int run(Command& command) {
  const auto outcome = runAndFlush(command);
  if (!outcome) {
    const std::string line =
        fmt::format("mqstore {}: {}\n", command.name(), outcome.status().message());
    std::fputs(line.c_str(), stderr);
    return static_cast<int>(Outcome::kCannotRead);
  }
  return static_cast<int>(*outcome);
}

int runMain(int argc, char** argv) {
  // A limit on the size of files is then an error of the write, with a text.
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app(
      "Looks into a store's folder without a broker. inspect, verify, dump and compare only read.\n"
      "Exit status: 0 clean, 1 faults or differences found, 2 could not be done.",
      "mqstore");
  app.require_subcommand(1);
  const auto commands = allCommands();
  std::vector<CLI::App*> parsers;
  for (const auto& command : commands) {
    parsers.push_back(
        app.add_subcommand(std::string(command->name()), std::string(command->description())));
    command->addOptions(*parsers.back());
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.get_subcommands().empty() && argc > 1 && *argv[1] != '-') {
      fmt::print(stderr, "mqstore: there is no command {}; see mqstore --help\n", argv[1]);
      return static_cast<int>(Outcome::kCannotRead);
    }
    return app.exit(error) == 0 ? 0 : static_cast<int>(Outcome::kCannotRead);
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    if (parsers[i]->parsed()) {
      return run(*commands[i]);
    }
  }
  return static_cast<int>(Outcome::kCannotRead);
}

}  // namespace
}  // namespace rocketmq::mqstore

int main(int argc, char** argv) { return rocketmq::mqstore::runMain(argc, argv); }
