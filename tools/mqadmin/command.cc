#include "tools/mqadmin/command.h"

#include <CLI/CLI.hpp>

namespace rocketmq::mqadmin {

std::vector<std::unique_ptr<Command>> allCommands() {
  CommandList list;
  addTopicCommands(list);
  addTopicViewCommands(list);
  addGroupCommands(list);
  addBrokerCommands(list);
  addStatsCommands(list);
  addCleanCommands(list);
  addHaCommands(list);
  addAclCommands(list);
  addQueryMessageCommands(list);
  addReadMessageCommands(list);
  addTraceCommands(list);
  addQueueEntryCommands(list);
  addDeadLetterCommands(list);
  addSendMessageCommands(list);
  addConsumerCommands(list);
  addConsumerStatusCommand(list);
  addClusterCommands(list);
  addNamesrvCommands(list);
  addOffsetCommands(list);
  return list;
}

void addTimeOptions(CLI::App& app, std::string& begin, std::string& end) {
  app.add_option("-b,--beginTimestamp", begin,
                 "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
  app.add_option("-e,--endTimestamp", end,
                 "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
}

}  // namespace rocketmq::mqadmin
