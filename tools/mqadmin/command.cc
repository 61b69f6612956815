#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {

std::vector<std::unique_ptr<Command>> allCommands() {
  CommandList list;
  addTopicCommands(list);
  addTopicViewCommands(list);
  addGroupCommands(list);
  addBrokerCommands(list);
  addStatsCommands(list);
  addHaCommands(list);
  addQueryMessageCommands(list);
  addReadMessageCommands(list);
  addTraceCommands(list);
  addDeadLetterCommands(list);
  addSendMessageCommand(list);
  addConsumerCommands(list);
  addClusterCommands(list);
  addNamesrvCommands(list);
  addOffsetCommands(list);
  return list;
}

}  // namespace rocketmq::mqadmin
