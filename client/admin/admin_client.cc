#include "client/admin/admin_client.h"

#include "client/admin/admin_client_impl.h"
#include "client/instance/tls.h"
#include "remoting/protocol/commands/namesrv_kv.h"
#include "remoting/protocol/commands/namesrv_route.h"

namespace rocketmq::client {
namespace {

// How a refusal looks to callers that only want to know whether it helps to try again.
StatusCode statusCodeOf(remoting::ResponseCode code) {
  using remoting::ResponseCode;
  switch (code) {
    case ResponseCode::kTopicNotExist:
    case ResponseCode::kQueryNotFound:
    case ResponseCode::kSubscriptionGroupNotExist:
    case ResponseCode::kConsumerNotOnline:
    case ResponseCode::kNoMessage:
      return StatusCode::kNotFound;
    case ResponseCode::kSystemBusy:
    case ResponseCode::kFlowControl:
      return StatusCode::kBusy;
    case ResponseCode::kConsumeMessageTimeout:
      return StatusCode::kTimeout;
    case ResponseCode::kRequestCodeNotSupported:
      return StatusCode::kUnsupported;
    default:
      return StatusCode::kInvalidArgument;
  }
}

std::map<std::string, std::string> brokersOf(const model::TopicRouteData& route) {
  std::map<std::string, std::string> addresses;
  for (const model::BrokerData& broker : route.broker_datas) {
    if (!broker.broker_addrs.empty()) {
      addresses[broker.broker_name] = broker.broker_addrs.begin()->second;
    }
  }
  return addresses;
}

}  // namespace

Result<std::unique_ptr<AdminClient>> AdminClient::create(Options options) {
  ClientConfig config;
  config.namesrv_addr = options.name_servers;
  std::vector<std::string> addresses;
  const auto source = findNameServerSource(config);
  if (source.ok()) {
    std::string text = source->addresses;
    if (!source->url.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(text, fetchNameServerAddresses(source->url));
    }
    ROCKETMQ_ASSIGN_OR_RETURN(addresses, parseAddressList(text));
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto tls, tlsOf(config));
  return std::unique_ptr<AdminClient>(new AdminClient(
      std::make_unique<Impl>(options, std::move(addresses), source.status(), std::move(tls))));
}

AdminClient::AdminClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminClient::~AdminClient() = default;

remoting::Client& AdminClient::remotingClient() { return impl_->client; }

remoting::Deadline AdminClient::deadline() const { return remoting::deadlineAfter(impl_->timeout); }

Status AdminClient::refused(remoting::ResponseCode code, const std::string& remark) {
  return {statusCodeOf(code),
          "CODE: " + std::to_string(static_cast<int32_t>(code)) + "  DESC: " + remark};
}

Result<std::vector<std::string>> AdminClient::nameServers() const {
  ROCKETMQ_RETURN_IF_ERROR(impl_->has_name_servers);
  return impl_->name_servers->inOrder();
}

Result<model::TopicRouteData> AdminClient::topicRoute(const std::string& topic) {
  return askNameServer<model::TopicRouteData>(
      remoting::GetRouteInfoByTopic{.topic = topic, .accept_standard_json_only = true});
}

Result<std::optional<model::TopicRouteData>> AdminClient::findTopicRoute(const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply, acceptedUnless(remoting::ResponseCode::kTopicNotExist,
                                       exchangeWithNameServer(remoting::GetRouteInfoByTopic{
                                           .topic = topic, .accept_standard_json_only = true})));
  if (!reply) {
    return std::optional<model::TopicRouteData>();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(auto route,
                            decodeBody<model::TopicRouteData>(reply->body, "a name server"));
  return std::optional(std::move(route));
}

Result<remoting::ClusterInfo> AdminClient::clusterInfo() {
  return askNameServer<remoting::ClusterInfo>(remoting::GetBrokerClusterInfo{});
}

Result<std::vector<std::string>> AdminClient::topicList() {
  ROCKETMQ_ASSIGN_OR_RETURN(
      remoting::TopicList list,
      askNameServer<remoting::TopicList>(remoting::GetAllTopicListFromNameServer{}));
  return std::move(list.topic_list);
}

Result<std::vector<std::string>> AdminClient::topicsOfCluster(const std::string& cluster) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      remoting::TopicList list,
      askNameServer<remoting::TopicList>(remoting::GetTopicsByCluster{.cluster = cluster}));
  return std::move(list.topic_list);
}

Status AdminClient::deleteTopicInNameServers(const std::string& topic,
                                             const std::optional<std::string>& cluster) {
  return tellNameServers(
      remoting::DeleteTopicInNameServer{.topic = topic, .cluster_name = cluster});
}

Status AdminClient::putKvConfig(const std::string& name_space, const std::string& key,
                                const std::string& value) {
  return tellNameServers(
      remoting::PutKvConfig{.name_space = name_space, .key = key, .value = value});
}

Status AdminClient::deleteKvConfig(const std::string& name_space, const std::string& key) {
  return tellNameServers(remoting::DeleteKvConfig{.name_space = name_space, .key = key});
}

Result<std::map<std::string, std::string>> AdminClient::namesrvConfig() {
  std::map<std::string, std::string> texts;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto name_servers, nameServers());
  for (const std::string& address : name_servers) {
    ROCKETMQ_ASSIGN_OR_RETURN(auto reply, call(address, remoting::GetNamesrvConfig{}));
    texts[address] = std::move(reply.body);
  }
  return texts;
}

Result<int32_t> AdminClient::wipeWritePerm(const std::string& address,
                                           const std::string& broker_name) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply, call(address, remoting::WipeWritePermOfBroker{.broker_name = broker_name}));
  return reply.header.wipe_topic_count;
}

Result<int32_t> AdminClient::addWritePerm(const std::string& address,
                                          const std::string& broker_name) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply, call(address, remoting::AddWritePermOfBroker{.broker_name = broker_name}));
  return reply.header.add_topic_count;
}

Result<std::vector<model::BrokerData>> AdminClient::brokersIn(const std::string& cluster) {
  ROCKETMQ_ASSIGN_OR_RETURN(remoting::ClusterInfo info, clusterInfo());
  const auto names = info.cluster_addr_table.find(cluster);
  if (names == info.cluster_addr_table.end()) {
    return Status::notFound("the cluster " + cluster + " is not known to the name server");
  }
  std::vector<model::BrokerData> brokers;
  for (const std::string& name : names->second) {
    const auto broker = info.broker_addr_table.find(name);
    if (broker != info.broker_addr_table.end()) {
      brokers.push_back(std::move(broker->second));
      brokers.back().broker_name = name;
    }
  }
  return brokers;
}

Result<std::map<std::string, std::string>> AdminClient::mastersOfCluster(
    const std::string& cluster) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersIn(cluster));
  std::map<std::string, std::string> masters;
  for (const model::BrokerData& broker : brokers) {
    if (broker.broker_addrs.contains(0)) {
      masters[broker.broker_name] = broker.broker_addrs.at(0);
    }
  }
  return masters;
}

Result<std::vector<std::string>> AdminClient::brokersOfCluster(const std::string& cluster) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersIn(cluster));
  std::vector<std::string> addresses;
  for (const model::BrokerData& broker : brokers) {
    for (const auto& [id, address] : broker.broker_addrs) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

Result<std::map<std::string, std::string>> AdminClient::brokersOfTopic(const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(const model::TopicRouteData route, topicRoute(topic));
  return brokersOf(route);
}

Result<std::optional<std::map<std::string, std::string>>> AdminClient::findBrokersOfTopic(
    const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto route, findTopicRoute(topic));
  return route ? std::optional(brokersOf(*route)) : std::nullopt;
}

}  // namespace rocketmq::client
