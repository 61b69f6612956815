#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/admin/admin_client.h"
#include "common/status.h"

namespace CLI {
class App;
}

namespace rocketmq::mqadmin {

/// One sub-command (RocketMQ: SubCommand): its name and options are RocketMQ's.
class Command {
 public:
  virtual ~Command() = default;

  virtual std::string_view name() const = 0;
  /// A second name that RocketMQ takes too; empty: none.
  virtual std::string_view alias() const { return {}; }
  virtual std::string_view description() const = 0;
  /// Adds the options besides -n and -h; parsed values are kept in the command.
  virtual void addOptions(CLI::App& app) = 0;
  /// Does the work and prints the result to standard output. The status's message says what to do.
  virtual Status run(client::AdminClient& admin) = 0;
  /// True when the request must look as if a C++ client made it (resetOffsetByTime -c).
  virtual bool actsAsCppClient() const { return false; }
};

using CommandFactory = std::function<std::unique_ptr<Command>()>;

/// Every sub-command, in the order in which the overview lists them.
std::vector<std::unique_ptr<Command>> allCommands();

// Each of these appends the commands of one file below commands/.
using CommandList = std::vector<std::unique_ptr<Command>>;
void addTopicCommands(CommandList& list);
void addTopicViewCommands(CommandList& list);
void addGroupCommands(CommandList& list);
void addConsumerCommands(CommandList& list);
void addConsumerStatusCommand(CommandList& list);
void addOffsetCommands(CommandList& list);
void addBrokerCommands(CommandList& list);
void addStatsCommands(CommandList& list);
void addCleanCommands(CommandList& list);
void addHaCommands(CommandList& list);
void addClusterCommands(CommandList& list);
void addNamesrvCommands(CommandList& list);
void addQueryMessageCommands(CommandList& list);
void addReadMessageCommands(CommandList& list);
void addTraceCommands(CommandList& list);
void addQueueEntryCommands(CommandList& list);
void addDeadLetterCommands(CommandList& list);
void addSendMessageCommands(CommandList& list);
void addAclCommands(CommandList& list);

/// The options -b and -e that bound a time; both texts are for parseTime().
void addTimeOptions(CLI::App& app, std::string& begin, std::string& end);

}  // namespace rocketmq::mqadmin
