#include "broker/handlers/relay_handlers.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/group/byte_budget.h"
#include "broker/handler_options.h"
#include "common/excerpt.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/message/message_id.h"
#include "common/mutex.h"
#include "remoting/acl/signature.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::CommandView;
using remoting::NoFields;
using remoting::OutgoingFrame;
using remoting::Payload;
using remoting::RequestContext;
using remoting::Responder;
using remoting::ResponseCode;

constexpr std::chrono::seconds kRelayTimeout{10};
constexpr std::chrono::seconds kStatusTimeout{5};
/// Thousands of queues. One that is decoded takes about ten times as much.
constexpr size_t kStatusBytesMax = 1u << 20;
constexpr ByteBudget::Options kStatusBudget{.each_max = 8u << 20, .total_max = 64u << 20};

/// The client a request is for, or why it cannot be asked.
struct Target {
  ClientInfo client;
  std::string problem;
};

Target findTarget(const ClientRegistry& clients, const std::string& group,
                  const std::string& client_id) {
  Target target;
  if (const auto client = clients.findConsumer(group, client_id)) {
    target.client = *client;
  }
  if (target.client.connection == nullptr) {
    target.problem =
        "The Consumer <" + excerpt(group) + "> <" + excerpt(client_id) + "> not online";
  } else if (target.client.version < remoting::kVersion3_1_8) {
    target.problem =
        "The Consumer <" + excerpt(client_id) +
        "> is of a version that cannot be asked: " + remoting::versionName(target.client.version);
  }
  return target;
}

/// The request with all its fields, also those we do not know, plus one of ours. Who has sent it
/// stays here: with its signature the client could send requests of its own in that name.
OutgoingFrame relayFrame(const RequestContext& context, int32_t opaque, std::string_view name,
                         std::string_view value, Payload body) {
  OutgoingFrame frame;
  remoting::HeaderWriter writer(frame.head,
                                {.code = context.command.code, .opaque = opaque, .remark = {}});
  for (const auto& [field, text] : context.command.ext_fields) {
    if (field != name && !remoting::isCredentialField(field)) {
      writer.add(field, text);
    }
  }
  if (!name.empty()) {
    writer.add(name, value);
  }
  if (writer.finish(body.size())) {
    frame.body = std::move(body);
  }
  return frame;
}

/// What the client said, or that it said nothing.
Answer<NoFields> relayedAnswer(const Result<const CommandView*>& raw, const std::string& group,
                               const std::string& client_id) {
  if (!raw.ok()) {
    const bool timeout = raw.status().code() == StatusCode::kTimeout;
    return {timeout ? ResponseCode::kConsumeMessageTimeout : ResponseCode::kSystemError,
            "consumer <" + excerpt(group) + "> <" + excerpt(client_id) +
                "> did not answer: " + raw.status().message()};
  }
  const CommandView& view = **raw;
  Answer<NoFields> answer = Answer<NoFields>::ofBody(std::string(view.body));
  answer.code = static_cast<ResponseCode>(view.code);
  answer.remark = view.remark;
  return answer;
}

class RelayHandlers {
 public:
  explicit RelayHandlers(const RelayParts& parts) : parts_(parts) {}

  void runningInfo(const remoting::GetConsumerRunningInfo& request, const RequestContext& context,
                   Responder<remoting::GetConsumerRunningInfo> responder) const {
    const Target target = findTarget(parts_.clients, request.consumer_group, request.client_id);
    if (!target.problem.empty()) {
      responder({ResponseCode::kSystemError, target.problem});
      return;
    }
    relay(target.client, context, request.consumer_group, {}, {}, Payload(), std::move(responder));
  }

  void consumeDirectly(const remoting::ConsumeMessageDirectly& request,
                       const RequestContext& context,
                       Responder<remoting::ConsumeMessageDirectly> responder) const {
    const std::string client_id = request.client_id.value_or(std::string());
    const Target target = findTarget(parts_.clients, request.consumer_group, client_id);
    if (!target.problem.empty()) {
      responder({ResponseCode::kSystemError, target.problem});
      return;
    }
    const auto id = OffsetMessageId::parse(request.message_id.value_or(std::string()));
    if (!id.ok()) {
      responder(Answer<NoFields>(id.status()));
      return;
    }
    const Result<store::LogSlice> record = parts_.store.recordAt(id->physical_offset);
    if (!record.ok()) {
      responder({ResponseCode::kSystemError, record.status().message()});
      return;
    }
    Payload body;
    body.add(record->bytes, record->owner);
    const std::string broker_name = parts_.settings.load()->broker_name;
    relay(target.client, context, request.consumer_group, "brokerName", broker_name,
          std::move(body), std::move(responder));
  }

  void consumerStatus(const remoting::InvokeBrokerToGetConsumerStatus& request,
                      Responder<remoting::InvokeBrokerToGetConsumerStatus> responder) const;

 private:
  template <class ResponderType>
  void relay(const ClientInfo& client, const RequestContext& context, const std::string& group,
             std::string_view name, std::string_view value, Payload body,
             ResponderType responder) const {
    const int32_t opaque = client.connection->nextOpaque();
    client.connection->callRaw(
        opaque, relayFrame(context, opaque, name, value, std::move(body)),
        remoting::deadlineAfter(kRelayTimeout),
        [responder = std::move(responder), group,
         client_id = client.client_id](Result<const CommandView*> raw) mutable {
          responder(relayedAnswer(raw, group, client_id));
        });
  }

  const RelayParts parts_;
  const ByteBudget status_budget_{kStatusBudget};
};

/// Collects the answers of several clients, and answers the administrator after the last. Answers
/// come on the threads of their connections, where they are only kept.
class StatusCollector : public std::enable_shared_from_this<StatusCollector> {
 public:
  using Reply = Responder<remoting::InvokeBrokerToGetConsumerStatus>;

  StatusCollector(remoting::Lanes& lanes, const ByteBudget& budget, Reply responder,
                  size_t expected)
      : lanes_(lanes),
        responder_(std::move(responder)),
        expected_(expected),
        charge_(budget.open()) {}

  void take(const std::string& client_id, const Result<const CommandView*>& raw) {
    if (!note(client_id, raw)) {
      return;
    }
    const remoting::LaneLoad load{.bytes = 0, .source = responder_.connection().get()};
    const auto answer = [self = shared_from_this()] { self->responder_(self->answerOfAll()); };
    if (!lanes_.run(remoting::Lane::kAdmin, answer, load)) {
      responder_({ResponseCode::kSystemBusy,
                  "[OVERLOAD]system busy, start flow control for a while: too many requests of "
                  "administrators wait"});
    }
  }

 private:
  /// True: this was the last.
  bool note(const std::string& client_id, const Result<const CommandView*>& raw) {
    MutexLock lock(mutex_);
    if (const std::string problem = keep(client_id, raw); problem_.empty()) {
      problem_ = problem;
    }
    return --expected_ == 0;
  }

  /// What is wrong with the answer; empty: it is kept.
  std::string keep(const std::string& client_id, const Result<const CommandView*>& raw)
      ROCKETMQ_REQUIRES(mutex_) {
    if (!raw.ok()) {
      return raw.status().message();
    }
    const CommandView& view = **raw;
    if (view.code != static_cast<int32_t>(ResponseCode::kSuccess)) {
      return excerpt(view.remark);
    }
    if (view.body.size() > kStatusBytesMax || !charge_.grow(view.body.size())) {
      return "the answer of " + excerpt(client_id) + " has " + std::to_string(view.body.size()) +
             " bytes, of one at most " + std::to_string(kStatusBytesMax) + " are taken, of all " +
             std::to_string(kStatusBudget.each_max);
    }
    answers_.emplace_back(client_id, view.body);
    return {};
  }

  Answer<NoFields> answerOfAll() {
    MutexLock lock(mutex_);
    remoting::GetConsumerStatusBody body;
    for (const auto& [client_id, text] : answers_) {
      auto status = json::decode<remoting::GetConsumerStatusBody>(text);
      if (status.ok()) {
        body.consumer_table[client_id] = std::move(status->message_queue_table);
      } else if (problem_.empty()) {
        problem_ = status.status().message();
      }
    }
    if (body.consumer_table.empty()) {
      return {ResponseCode::kSystemError, "no consumer told its offsets: " + problem_};
    }
    return Answer<NoFields>::ofBody(json::encode(body));
  }

  remoting::Lanes& lanes_;
  Reply responder_;  ///< Of whoever brings the last answer.
  Mutex mutex_;
  size_t expected_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, std::string>> answers_ ROCKETMQ_GUARDED_BY(mutex_);
  ByteCharge charge_ ROCKETMQ_GUARDED_BY(mutex_);  ///< Of `answers_`.
  std::string problem_ ROCKETMQ_GUARDED_BY(mutex_);
};

void RelayHandlers::consumerStatus(
    const remoting::InvokeBrokerToGetConsumerStatus& request,
    Responder<remoting::InvokeBrokerToGetConsumerStatus> responder) const {
  const std::string wanted = request.client_address.value_or(std::string());
  std::vector<ClientInfo> members;
  if (const auto group = parts_.clients.consumerGroup(request.group)) {
    for (const ClientInfo& member : group->members) {
      if (wanted.empty() || member.client_id == wanted) {
        members.push_back(member);
      }
    }
  }
  if (members.empty()) {
    responder({ResponseCode::kSystemError, "No consumer of the group <" + excerpt(request.group) +
                                               "> " + excerpt(wanted) + " is online"});
    return;
  }
  const auto collector = std::make_shared<StatusCollector>(parts_.lanes, status_budget_,
                                                           std::move(responder), members.size());
  remoting::GetConsumerStatusFromClient question;
  question.topic = request.topic;
  question.group = request.group;
  for (const ClientInfo& member : members) {
    remoting::Connection& connection = *member.connection;
    const int32_t opaque = connection.nextOpaque();
    connection.callRaw(
        opaque, connection.encodeRequest(question, Payload(), opaque, 0),
        remoting::deadlineAfter(kStatusTimeout),
        [collector, client_id = member.client_id](const Result<const CommandView*>& raw) {
          collector->take(client_id, raw);
        });
  }
}

}  // namespace

void registerRelayHandlers(remoting::Router& router, const RelayParts& parts) {
  const auto handlers = std::make_shared<const RelayHandlers>(parts);
  router.handleLater<remoting::GetConsumerRunningInfo>(
      kAdmin, [handlers](const auto& request, const auto& context, auto responder) {
        handlers->runningInfo(request, context, std::move(responder));
      });
  router.handleLater<remoting::ConsumeMessageDirectly>(
      kAdmin, [handlers](const auto& request, const auto& context, auto responder) {
        handlers->consumeDirectly(request, context, std::move(responder));
      });
  router.handleLater<remoting::InvokeBrokerToGetConsumerStatus>(
      kAdmin, [handlers](const auto& request, const auto&, auto responder) {
        handlers->consumerStatus(request, std::move(responder));
      });
}

}  // namespace rocketmq::broker
