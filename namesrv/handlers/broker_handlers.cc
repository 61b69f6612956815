#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/hash.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "namesrv/handlers/handlers.h"
#include "namesrv/names.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/commands/namesrv_registration.h"

namespace rocketmq::namesrv {

namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::QueryDataVersion;
using remoting::QueryDataVersionReply;
using remoting::RegisterBroker;
using remoting::RegisterBrokerBody;
using remoting::RegisterBrokerReply;
using remoting::RegisterTopicInNameServer;
using remoting::RequestContext;
using remoting::ResponseCode;
using remoting::UnregisterBroker;

using RegisterAnswer = Answer<RegisterBrokerReply>;

/// For lines that whoever can reach the port can cause.
LogLimiter& refusalLog() {
  static LogLimiter limiter(20);
  return limiter;
}

/// The part of a registration's body that says whether the rest has changed.
struct VersionOfTopics {
  model::DataVersion data_version;

  static constexpr auto fields() {
    return std::tuple{optional("dataVersion", &VersionOfTopics::data_version)};
  }
};
struct VersionOfBody {
  VersionOfTopics topics;

  static constexpr auto fields() {
    return std::tuple{optional("topicConfigSerializeWrapper", &VersionOfBody::topics)};
  }
};

/// A registration's body, decoded as far as it is needed.
///
/// A broker with 20,000 topics sends 3 MB every 30 s that hardly ever say anything new. So its
/// version is read first, and the topics only when the route table asks for them.
class RegistrationBody {
 public:
  RegistrationBody(const RegisterBroker& request, const RequestContext& context)
      : bytes_(context.body()),
        version_(context.command.version),
        // RocketMQ parity: brokers of 5.3 with compressedRegister compress the body and forget to
        // say so. JSON cannot begin with zlib's first byte.
        compressed_(request.compressed || bytes_.starts_with('\x78')) {}

  Result<model::DataVersion> dataVersion() {
    if (bytes_.empty()) {
      return model::DataVersion{};
    }
    if (compressed_) {
      ROCKETMQ_RETURN_IF_ERROR(decodeAll());
      return body_->topic_config_serialize_wrapper.data_version;
    }
    if (version_ < remoting::kVersion3_0_11) {
      ROCKETMQ_ASSIGN_OR_RETURN(const VersionOfTopics topics,
                                json::decode<VersionOfTopics>(bytes_));
      return topics.data_version;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const VersionOfBody body, json::decode<VersionOfBody>(bytes_));
    return body.topics.data_version;
  }

  /// The topics, whose names live as long as this object.
  Result<std::vector<TopicQueues>> topics() {
    std::vector<TopicQueues> topics;
    if (bytes_.empty()) {
      return topics;
    }
    ROCKETMQ_RETURN_IF_ERROR(decodeAll());
    const auto& table = body_->topic_config_serialize_wrapper.topic_config_table;
    topics.reserve(table.size());
    size_t unacceptable = 0;
    for (const auto& [name, config] : table) {
      if (!isAcceptableName(name)) {
        ++unacceptable;
        continue;
      }
      topics.push_back({name,
                        {.read_queue_nums = config.read_queue_nums,
                         .write_queue_nums = config.write_queue_nums,
                         .perm = config.perm,
                         .topic_sys_flag = config.topic_sys_flag}});
    }
    if (unacceptable > 0) {
      refusalLog().warn("{} topics of a registration have unacceptable names and were left out",
                        unacceptable);
    }
    return topics;
  }

 private:
  Status decodeAll() {
    if (!body_) {
      ROCKETMQ_ASSIGN_OR_RETURN(body_,
                                remoting::decodeRegisterBrokerBody(bytes_, compressed_, version_));
    }
    return Status::ok();
  }

  const std::string_view bytes_;
  const int32_t version_;
  const bool compressed_;
  std::optional<RegisterBrokerBody> body_;
};

template <class Request>
BrokerIdentity identityOf(const Request& request) {
  return {.cluster = request.cluster_name,
          .name = request.broker_name,
          .address = request.broker_address,
          .id = request.broker_id};
}

Status checkIdentity(const BrokerIdentity& broker) {
  ROCKETMQ_RETURN_IF_ERROR(checkName("clusterName", broker.cluster));
  ROCKETMQ_RETURN_IF_ERROR(checkName("brokerName", broker.name));
  return checkName("brokerAddr", broker.address);
}

std::chrono::milliseconds liveTimeoutOf(const RegisterBroker& request,
                                        const LiveSettings& settings) {
  const int64_t wanted_ms = request.heartbeat_timeout_ms.value_or(0);
  if (wanted_ms <= 0) {
    return std::chrono::milliseconds(settings.current()->broker_live_timeout_ms);
  }
  // A day; also keeps the sum with a time from overflowing.
  constexpr int64_t kTimeoutMsMax = 86'400'000;
  return std::chrono::milliseconds(std::min(wanted_ms, kTimeoutMsMax));
}

Result<Registration> registrationOf(const RegisterBroker& request, const RequestContext& context,
                                    RegistrationBody& body, const LiveSettings& settings) {
  Registration registration;
  registration.broker = identityOf(request);
  ROCKETMQ_RETURN_IF_ERROR(checkIdentity(registration.broker));
  if (request.ha_server_address.size() > kNameBytesMax) {
    return Status::invalidArgument("haServerAddr must not have more than 255 bytes");
  }
  registration.ha_server_address = request.ha_server_address;
  const std::string_view* zone = context.command.ext_fields.find("__ZONE_NAME");
  if (zone != nullptr && isAcceptableName(*zone)) {
    registration.zone = *zone;
  }
  registration.enable_acting_master = request.enable_acting_master;
  registration.live_timeout = liveTimeoutOf(request, settings);
  registration.connection_id = context.connection->id();
  ROCKETMQ_ASSIGN_OR_RETURN(registration.data_version, body.dataVersion());
  return registration;
}

/// Applies a registration, decoding its topics if they matter.
Result<RegisterResult> apply(Routes& routes, const Registration& registration,
                             RegistrationBody& body) {
  const auto enroll = [&](const std::vector<TopicQueues>* topics) {
    return routes.change([&](RouteTable& table, RouteTime now) {
      return table.registerBroker(registration, topics, now);
    });
  };
  RegisterResult result = enroll(nullptr);
  if (result.outcome == RegisterResult::Outcome::kNeedsTopics) {
    ROCKETMQ_ASSIGN_OR_RETURN(const std::vector<TopicQueues> topics, body.topics());
    result = enroll(&topics);
  }
  return result;
}

std::string tooManyTopicsText(const NamesrvSettings& settings) {
  return fmt::format(
      "this name server keeps {} topics of one broker and {} of all; delete topics, or raise its "
      "registeredTopicsPerBrokerMax or registeredTopicsMax",
      settings.topics_per_broker_max, settings.topics_max);
}

/// Why a registration was not done, or not all of it; nullopt when it was.
std::optional<std::string> refusalOf(const RegisterResult& result, const LiveSettings& live) {
  if (result.outcome == RegisterResult::Outcome::kUnknownBroker) {
    return "register broker failed";
  }
  const auto settings = live.current();
  if (result.outcome == RegisterResult::Outcome::kTooManyBrokers) {
    return fmt::format(
        "this name server has {} brokers already and takes no new one: stop brokers that nobody "
        "needs, or raise its registeredBrokersMax",
        settings->brokers_max);
  }
  if (result.topics_left_out > 0) {
    return fmt::format("{} new topics were left out, the rest of the registration was taken: {}",
                       result.topics_left_out, tooManyTopicsText(*settings));
  }
  return std::nullopt;
}

RegisterAnswer answerOf(const RegisterResult& result, const KvTable& kv_table,
                        const LiveSettings& settings) {
  if (const auto refusal = refusalOf(result, settings)) {
    return {ResponseCode::kSystemError, *refusal};
  }
  RegisterBrokerReply reply{.takes_single_topics = true};
  if (!result.master_address.empty()) {
    reply.master_address = result.master_address;
    reply.ha_server_address = result.master_ha_address;
  }
  if (!settings.current()->return_order_config) {
    return reply;
  }
  // RocketMQ parity: no body at all while nobody has set an order.
  const auto order = kv_table.list(kOrderNamespace);
  return order ? RegisterAnswer(reply, json::encode(remoting::KvTable{.table = *order}))
               : RegisterAnswer(reply);
}

RegisterAnswer handleRegister(const RegisterBroker& request, const RequestContext& context,
                              Routes& routes, Liveness& liveness, const KvTable& kv_table,
                              const LiveSettings& settings) {
  const auto announced_crc = static_cast<uint32_t>(request.body_crc32);
  if (announced_crc != 0 && announced_crc != maskedCrc32(context.body())) {
    return {ResponseCode::kSystemError, "crc32 not match"};
  }
  RegistrationBody body(request, context);
  const auto registration = registrationOf(request, context, body, settings);
  if (!registration.ok()) {
    refusalLog().warn("a registration from {} was refused: {}",
                      context.connection->remote().toString(), registration.status().message());
    return registration.status();
  }
  liveness.watch(*context.connection);
  const auto result = apply(routes, *registration, body);
  liveness.settle(*context.connection);
  RegisterAnswer answer =
      result.ok() ? answerOf(*result, kv_table, settings) : RegisterAnswer(result.status());
  if (answer.code != ResponseCode::kSuccess) {
    refusalLog().warn("broker {} at {}: {}", registration->broker.name,
                      registration->broker.address, answer.remark);
  }
  return answer;
}

/// RocketMQ answers success also when it has not taken the topic; a broker that is told can
/// register with all of them.
Answer<NoFields> handleRegisterTopic(const RegisterTopicInNameServer& request,
                                     const RequestContext& context, Routes& routes,
                                     const LiveSettings& settings) {
  if (const Status status = checkName("topic", request.topic); !status.isOk()) {
    return status;
  }
  const auto route = json::decode<model::TopicRouteData>(context.body());
  if (!route.ok()) {
    return route.status();
  }
  const RegisterTopicResult result = routes.change([&](RouteTable& table, RouteTime) {
    return table.registerTopic(request.topic, route->queue_datas);
  });
  switch (result) {
    case RegisterTopicResult::kAccepted:
      return NoFields{};
    case RegisterTopicResult::kUnknownBroker:
      return {ResponseCode::kSystemError,
              "the broker is not registered at this name server: register it with all its topics"};
    case RegisterTopicResult::kTooManyTopics:
      break;
  }
  return {ResponseCode::kSystemError, tooManyTopicsText(*settings.current())};
}

Answer<QueryDataVersionReply> handleQueryVersion(const QueryDataVersion& request,
                                                 const RequestContext& context, Routes& routes) {
  const auto version = json::decode<model::DataVersion>(context.body());
  if (!version.ok()) {
    return version.status();
  }
  const DataVersionState state = routes.change([&](RouteTable& table, RouteTime now) {
    return table.queryDataVersion(identityOf(request), *version, now);
  });
  const QueryDataVersionReply reply{.changed = state.changed};
  return state.known ? Answer<QueryDataVersionReply>(reply, json::encode(*state.known))
                     : Answer<QueryDataVersionReply>(reply);
}

}  // namespace

void addBrokerHandlers(remoting::Router& router, Routes& routes, Liveness& liveness,
                       const KvTable& kv_table, const LiveSettings& settings) {
  // A broker tells of all its topics at once.
  router.handle<RegisterBroker>({.lane = kBrokersLane, .body_max = remoting::kAnyBodyBytes},
                                [&](const RegisterBroker& request, const RequestContext& context) {
                                  return handleRegister(request, context, routes, liveness,
                                                        kv_table, settings);
                                });
  router.handle<RegisterTopicInNameServer>(
      {.lane = kBrokersLane, .body_max = 1u << 20},
      [&](const RegisterTopicInNameServer& request, const RequestContext& context) {
        return handleRegisterTopic(request, context, routes, settings);
      });
  router.handle<UnregisterBroker>({.lane = kBrokersLane},
                                  [&](const UnregisterBroker& request, const RequestContext&) {
                                    routes.change([&](RouteTable& table, RouteTime) {
                                      return table.unregisterBroker(identityOf(request));
                                    });
                                    return Answer<NoFields>();
                                  });
  router.handle<QueryDataVersion>(
      {.lane = kBrokersLane}, [&](const QueryDataVersion& request, const RequestContext& context) {
        return handleQueryVersion(request, context, routes);
      });
}

}  // namespace rocketmq::namesrv
