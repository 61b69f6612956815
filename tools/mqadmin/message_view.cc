#include "tools/mqadmin/message_view.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

constexpr std::string_view kBodyFolder = "/tmp/rocketmq/msgbodys";

/// "{KEYS=k1, TAGS=TagA}", as Java prints a map.
std::string propertiesText(const MessageExt& message) {
  std::string text = "{";
  for (const auto& [name, value] : message.properties()) {
    text += fmt::format("{}{}={}", text.size() > 1 ? ", " : "", name, value);
  }
  return text + "}";
}

Result<std::string> writeBody(const MessageExt& message) {
  std::error_code error;
  std::filesystem::create_directories(kBodyFolder, error);
  std::string path = fmt::format("{}/{}", kBodyFolder, message.msgId());
  std::ofstream file(path, std::ios::binary);
  file << message.body();
  if (error || !file.flush()) {
    return Status::io("cannot write the body to " + path, error ? error.value() : errno);
  }
  return path;
}

void printLine(std::string_view name, const std::string& value) {
  fmt::print("{:<20} {}\n", name, value);
}

/// RocketMQ's words for what became of a message in a group (TrackType).
Result<std::string> trackType(client::AdminClient& admin, const std::string& address,
                              const std::string& group, const MessageExt& message) {
  const auto answer = admin.consumerConnection(address, group);
  if (!answer.ok()) {
    return std::string("UNKNOWN");
  }
  const std::optional<remoting::ConsumerConnection>& connection = *answer;
  if (!connection) {
    return std::string("NOT_ONLINE");
  }
  if (connection->consume_type == model::ConsumeType::kActively) {
    return std::string("PULL");
  }
  if (connection->message_model == model::MessageModel::kBroadcasting) {
    return std::string("CONSUME_BROADCASTING");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto stats, admin.consumeStats(address, group, message.topic()));
  bool consumed = false;
  for (const auto& [queue, offset] : stats.offset_table) {
    consumed = consumed || (queue.topic == message.topic() && queue.queue_id == message.queueId() &&
                            offset.consumer_offset > message.queueOffset());
  }
  if (!consumed) {
    return std::string("NOT_CONSUME_YET");
  }
  const auto subscription = connection->subscription_table.find(message.topic());
  const bool filtered = subscription != connection->subscription_table.end() &&
                        !subscription->second.tags_set.empty() &&
                        !subscription->second.tags_set.contains(message.tags());
  return std::string(filtered ? "CONSUMED_BUT_FILTERED" : "CONSUMED");
}

}  // namespace

Status printMessage(const MessageExt& message, bool with_offset_id, bool with_body) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string body_path, writeBody(message));
  if (with_offset_id) {
    printLine("OffsetID:", message.offsetMsgId());
  }
  printLine("Topic:", message.topic());
  printLine("Tags:", "[" + message.tags() + "]");
  printLine("Keys:", "[" + message.keys() + "]");
  printLine("Queue ID:", std::to_string(message.queueId()));
  printLine("Queue Offset:", std::to_string(message.queueOffset()));
  printLine("CommitLog Offset:", std::to_string(message.commitLogOffset()));
  printLine("Reconsume Times:", std::to_string(message.reconsumeTimes()));
  printLine("Born Timestamp:", formatMillis(message.bornTimestamp()));
  printLine("Store Timestamp:", formatMillis(message.storeTimestamp()));
  printLine("Born Host:", message.bornHost());
  printLine("Store Host:", message.storeHost());
  printLine("System Flag:", std::to_string(message.sysFlag()));
  printLine("Properties:", propertiesText(message));
  printLine("Message Body Path:", body_path);
  if (with_body) {
    printLine("Message Body:", message.body());
  }
  fmt::print("\n\n");
  return Status::ok();
}

Status printTrack(client::AdminClient& admin, const MessageExt& message) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(message.topic()));
  std::set<std::string> seen;
  for (const auto& [name, address] : brokers) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto groups, admin.groupsOfTopic(address, message.topic()));
    for (const std::string& group : groups) {
      if (seen.insert(group).second) {
        ROCKETMQ_ASSIGN_OR_RETURN(const std::string type,
                                  trackType(admin, address, group, message));
        fmt::print("MessageTrack [consumerGroup={}, trackType={}, exceptionDesc=null]\n", group,
                   type);
      }
    }
  }
  if (seen.empty()) {
    fmt::print("WARN: No Consumer\n");
  }
  return Status::ok();
}

std::string describeWithBody(const MessageExt& message, bool with_body) {
  return fmt::format(
      "MSGID: {} MessageExt [brokerName={}, queueId={}, storeSize={}, queueOffset={}, sysFlag={}, "
      "bornTimestamp={}, bornHost=/{}, storeTimestamp={}, storeHost=/{}, msgId={}, "
      "commitLogOffset={}, bodyCRC={}, reconsumeTimes={}, preparedTransactionOffset={}, "
      "topic={}, properties={}] BODY: {}",
      message.msgId(), message.brokerName(), message.queueId(), message.storeSize(),
      message.queueOffset(), message.sysFlag(), message.bornTimestamp(), message.bornHost(),
      message.storeTimestamp(), message.storeHost(), message.offsetMsgId(),
      message.commitLogOffset(), message.bodyCrc(), message.reconsumeTimes(),
      message.preparedTransactionOffset(), message.topic(), propertiesText(message),
      with_body ? message.body() : "NOT PRINT BODY");
}

}  // namespace rocketmq::mqadmin
