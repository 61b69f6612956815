// mqadmin: RocketMQ's administration tool, by its names, options and columns.

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/admin/tools_credentials.h"
#include "rocketmq/client_config.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::unique_ptr<Command> findCommand(const std::string& name) {
  for (std::unique_ptr<Command>& command : allCommands()) {
    if (equalsIgnoringCase(command->name(), name) || equalsIgnoringCase(command->alias(), name)) {
      return std::move(command);
    }
  }
  return nullptr;
}

void printOverview() {
  fmt::print("The most commonly used mqadmin commands are:\n");
  for (const std::unique_ptr<Command>& command : allCommands()) {
    fmt::print("   {:<20} {}\n", command->name(), command->description());
  }
  fmt::print("\nSee 'mqadmin help <command>' for more information on a specific command.\n");
}

/// ` -b,--brokerAddr <arg>   text`, one line per option, sorted by letter.
std::string usageOf(const CLI::App& app, const Command& command) {
  std::string usage = fmt::format("usage: mqadmin {}", command.name());
  std::vector<const CLI::Option*> options = app.get_options();
  std::sort(options.begin(), options.end(), [](const CLI::Option* a, const CLI::Option* b) {
    return a->get_snames() < b->get_snames();
  });
  std::string lines;
  for (const CLI::Option* option : options) {
    const std::string value = option->get_items_expected_max() > 0 ? " <arg>" : "";
    const std::string letter = option->get_snames().empty() ? "" : option->get_snames()[0];
    const std::string longer = option->get_lnames().empty() ? "" : option->get_lnames()[0];
    const std::string shortest = letter.empty() ? "--" + longer : "-" + letter;
    usage += option->get_required() ? " " + shortest + value : " [" + shortest + value + "]";
    std::string names = letter.empty() ? "    --" + longer : " -" + letter + ",--" + longer;
    fmt::format_to(std::back_inserter(lines), "{:<36} {}\n", names + value,
                   option->get_description());
  }
  return usage + "\n" + lines;
}

/// The command line of one sub-command: its own options, -n and -h.
class CommandLine {
 public:
  explicit CommandLine(Command& command)
      : command_(command), app_(std::string(command.description())) {
    app_.set_help_flag();
    app_.add_flag("-h,--help", help_, "Print help");
    app_.add_option("-n,--namesrvAddr", namesrv_addr_,
                    "Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876");
    command_.addOptions(app_);
  }

  std::string usage() const { return usageOf(app_, command_); }

  int run(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      if (help_) {
        fmt::print("{}", usage());
        return 0;
      }
      fmt::print(stderr, "{}\n", error.what());
      fmt::print("{}", usage());
      return 1;
    }
    if (help_) {
      fmt::print("{}", usage());
      return 0;
    }
    return execute();
  }

 private:
  int execute() {
    const Status status = runCommand();
    std::fflush(stdout);
    if (!status.isOk()) {
      fmt::print(stderr, "mqadmin {}: {}\n", command_.name(), status.message());
      return 1;
    }
    return 0;
  }

  Status runCommand() {
    ROCKETMQ_ASSIGN_OR_RETURN(auto credentials, client::toolsCredentials());
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto admin, client::AdminClient::create({.name_servers = namesrv_addr_,
                                                       .language = command_.actsAsCppClient()
                                                                       ? remoting::Language::kCpp
                                                                       : remoting::Language::kJava,
                                                       .credentials = std::move(credentials)}));
    return command_.run(*admin);
  }

  Command& command_;
  CLI::App app_;
  bool help_ = false;
  std::string namesrv_addr_;
};

int runMain(std::vector<std::string> arguments) {
  if (arguments.empty() || (arguments[0] == "help" && arguments.size() == 1)) {
    printOverview();
    return 0;
  }
  const bool wants_help = arguments[0] == "help";
  if (wants_help) {
    arguments.erase(arguments.begin());
  }
  const std::unique_ptr<Command> command = findCommand(arguments[0]);
  if (command == nullptr) {
    fmt::print(stderr, "The sub command {} not exist. See 'mqadmin help' for those that do.\n",
               arguments[0]);
    return 1;
  }
  CommandLine line(*command);
  if (wants_help) {
    fmt::print("{}", line.usage());
    return 0;
  }
  return line.run({arguments.begin() + 1, arguments.end()});
}

}  // namespace
}  // namespace rocketmq::mqadmin

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  return rocketmq::mqadmin::runMain({argv + 1, argv + argc});
}
