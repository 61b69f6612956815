// mqstore: looks into a store's folder without a broker, checks it and repairs it.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
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

int run(Command& command) {
  const auto outcome = command.run();
  std::fflush(stdout);
  if (!outcome) {
    fmt::print(stderr, "mqstore {}: {}\n", command.name(), outcome.status().message());
    return static_cast<int>(Outcome::kCannotRead);
  }
  return static_cast<int>(*outcome);
}

int runMain(int argc, char** argv) {
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
