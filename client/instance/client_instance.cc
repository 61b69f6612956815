#include "client/instance/client_instance.h"

#include <unistd.h>

#include <atomic>
#include <future>
#include <utility>

#include "client/instance/retired_threads.h"
#include "client/instance/serialize_type.h"
#include "client/instance/tls.h"
#include "common/json/decode.h"
#include "common/log.h"
#include "common/message/message_id.h"
#include "common/per_process.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEndpointPollPeriod{120'000};
constexpr milliseconds kFirstRefreshDelay{10};
constexpr milliseconds kFirstHeartbeatDelay{1000};
// Brokers register within two seconds of a name server's return.
constexpr milliseconds kRecheckDelay{3000};

/// All instances of the process by client id, name servers and TLS.
struct InstanceTable {
  struct Entry {
    std::shared_ptr<ClientInstance> instance;
    int64_t users = 0;
  };

  Mutex mutex;
  std::map<std::string, Entry> entries ROCKETMQ_GUARDED_BY(mutex);
};

remoting::SessionCredentials credentialsOf(const ClientConfig& config) {
  return {.access_key = config.credentials.access_key,
          .secret_key = config.credentials.secret_key,
          .security_token = config.credentials.security_token};
}

ClientError groupInUse(const std::string& kind, const std::string& group) {
  return ClientError::client("The " + kind + " group[" + group +
                             "] has been created before, specify another name please.");
}

/// Waits for what `ask` gives to the callback that it gets.
template <class Ask>
Outcome<TopicRoutePtr> waitForRoute(Ask ask) {
  auto promise = std::make_shared<std::promise<Outcome<TopicRoutePtr>>>();
  auto future = promise->get_future();
  ask([promise](Outcome<TopicRoutePtr> outcome) { promise->set_value(std::move(outcome)); });
  return future.get();
}

/// Clients that share a connection have the same idea of what protects it, and of who they are.
std::string tableKey(const ClientConfig& config, const std::string& client_id,
                     const NameServerSource& source) {
  std::string key = client_id + "|" + source.addresses + source.url;
  if (config.use_tls) {
    key += "|TLS|" + config.tls.trust_cert_path + "|" + config.tls.cert_path + "|" +
           config.tls.key_path;
  }
  const SessionCredentials& own = config.credentials;
  if (!own.access_key.empty()) {
    key += "|ACL|" + own.access_key + "|" + own.secret_key + "|" + own.security_token;
  }
  return key;
}

std::string uniqueInstanceName() {
  static std::atomic<uint64_t> counter{0};
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  // The counter keeps two clients apart that start within one tick of the clock.
  return std::to_string(::getpid()) + "#" +
         std::to_string(static_cast<uint64_t>(nanoseconds) + counter.fetch_add(1));
}

}  // namespace

std::string makeClientId(const ClientConfig& config, bool keep_default_name) {
  std::string id = config.client_ip.empty() ? localAddress().ipString() : config.client_ip;
  id += '@';
  id += config.instance_name == "DEFAULT" && !keep_default_name ? uniqueInstanceName()
                                                                : config.instance_name;
  if (!config.unit_name.empty()) {
    id += '@' + config.unit_name;
  }
  return id;
}

Outcome<std::shared_ptr<ClientInstance>> ClientInstance::acquire(const ClientConfig& config,
                                                                 const std::string& client_id) {
  const auto noNameServer = [](const Status& status) {
    return ClientError::client(status.message(), ClientErrorCode::kNoNameServer);
  };
  const Result<NameServerSource> source = findNameServerSource(config);
  if (!source.ok()) {
    return noNameServer(source.status());
  }
  std::string text = source->addresses;
  if (!source->url.empty()) {
    Result<std::string> fetched = fetchNameServerAddresses(source->url);
    if (!fetched.ok()) {
      return noNameServer(fetched.status());
    }
    text = std::move(*fetched);
  }
  Result<std::vector<std::string>> addresses = parseAddressList(text);
  if (!addresses.ok()) {
    return noNameServer(addresses.status());
  }
  Result<std::shared_ptr<const remoting::TlsContext>> tls = tlsOf(config);
  if (!tls.ok()) {
    return ClientError::client(tls.status().message());
  }
  if (const Status status = credentialsOf(config).check(); !status.isOk()) {
    return ClientError::client("ClientConfig::credentials: " + status.message());
  }
  const auto serialize_type = wantedSerializeType();
  if (!serialize_type.ok()) {
    return ClientError::client(serialize_type.status().message());
  }

  InstanceTable& table = PerProcess<InstanceTable>::get();
  MutexLock lock(table.mutex);
  InstanceTable::Entry& entry = table.entries[tableKey(config, client_id, *source)];
  if (entry.instance == nullptr) {
    auto name_servers = std::make_shared<NameServers>();
    name_servers->set(std::move(*addresses));
    std::shared_ptr<ClientInstance> made(
        new ClientInstance(config, client_id, std::move(name_servers)));
    remoting::Client::Options options;
    options.serialize_type = *serialize_type;
    options.tls = std::move(*tls);
    made->start(source->url, std::move(options));
    entry.instance = std::move(made);
  }
  ++entry.users;
  return entry.instance;
}

void ClientInstance::release(std::shared_ptr<ClientInstance> instance) {
  if (instance->loop_->isCurrent()) {
    RetiredThreads::instance().run([instance] { release(instance); });
    return;
  }
  InstanceTable& table = PerProcess<InstanceTable>::get();
  {
    MutexLock lock(table.mutex);
    for (auto entry = table.entries.begin(); entry != table.entries.end(); ++entry) {
      if (entry->second.instance == instance) {
        if (--entry->second.users > 0) {
          return;
        }
        table.entries.erase(entry);
        break;
      }
    }
  }
  instance->stop();
}

ClientInstance::ClientInstance(ClientConfig config, std::string client_id,
                               std::shared_ptr<NameServers> name_servers)
    : config_(std::move(config)),
      client_id_(std::move(client_id)),
      name_servers_(std::move(name_servers)) {}

ClientInstance::~ClientInstance() = default;

void ClientInstance::start(const std::string& endpoint_url, remoting::Client::Options options) {
  // First, since it fails when the system has no thread for it.
  if (!endpoint_url.empty()) {
    poller_ = std::make_unique<NameServerPoller>(
        endpoint_url, kEndpointPollPeriod,
        [this](const std::string& text) { takeAddresses(text); });
  }
  registerServerRequests();
  options.language = remoting::Language::kCpp;
  options.signer = remoting::RequestSigner::of(credentialsOf(config_));
  options.on_closed = guard_.wrap([this](const remoting::ConnectionPtr&,
                                         const std::string& address) { forgetBroker(address); });
  remoting_ = std::make_unique<remoting::Client>(pool(), &router_, std::move(options));
  timers_ = std::make_unique<Timers>(pool());
  requests_.useTimers(*timers_);
  timers_->every(kFirstRefreshDelay, config_.poll_name_server_interval,
                 [this] { refreshAllRoutes(); });
  timers_->every(kFirstHeartbeatDelay, config_.heartbeat_broker_interval,
                 [this] { heartbeatToAll(); });
}

void ClientInstance::stop() {
  poller_.reset();
  timers_->stop();
  guard_.close();
  remoting_->stop();
  // Whoever still waits for a route waits no longer.
  std::map<std::string, std::vector<std::shared_ptr<RouteWaiter>>> waiting;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    waiting.swap(waiting_for_route_);
  }
  for (const auto& [topic, waiters] : waiting) {
    for (const auto& waiter : waiters) {
      answerOnce(waiter, ClientError::client("the client was shut down"));
    }
  }
}

void ClientInstance::takeAddresses(const std::string& text) {
  Result<std::vector<std::string>> addresses = parseAddressList(text);
  if (!addresses.ok()) {
    log::warn("the name server endpoint answered \"{}\", which is no address list", text);
    return;
  }
  name_servers_->set(std::move(*addresses));
}

// --- Routes.

void ClientInstance::fetchRoute(const std::string& topic, remoting::Deadline deadline,
                                RouteCallback callback) {
  auto waiter = std::make_shared<RouteWaiter>();
  waiter->callback = std::move(callback);
  bool is_first = false;
  bool stopped = false;
  {
    MutexLock lock(mutex_);
    stopped = stopped_;
    auto& waiters = waiting_for_route_[topic];
    is_first = waiters.empty();
    waiters.push_back(waiter);
  }
  if (stopped) {
    answerOnce(waiter, ClientError::client("the client was shut down"));
    return;
  }
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left < config_.api_timeout) {
    timers_->after(std::max(left, milliseconds(0)), guard_.wrap([this, waiter, topic] {
      answerOnce(waiter, ClientError{ClientError::Kind::kTimeout,
                                     ClientErrorCode::kAccessBrokerTimeout,
                                     "no name server of " + nameServers() +
                                         " answered in time about topic " + topic,
                                     {}});
    }));
  }
  if (is_first) {
    askRoute(topic);
  }
}

void ClientInstance::askRoute(const std::string& topic) {
  remoting::GetRouteInfoByTopic request;
  request.topic = topic;
  request.accept_standard_json_only = true;
  NameServers::call(
      name_servers_, *remoting_, std::move(request), remoting::deadlineAfter(config_.api_timeout),
      guard_.wrap([this, topic](const RouteResult& result, const std::string& name_server) {
        takeRouteAnswer(topic, result, name_server);
      }));
}

void ClientInstance::takeRouteAnswer(const std::string& topic, const RouteResult& result,
                                     const std::string& name_server) {
  Outcome<TopicRoutePtr> outcome = routeFrom(topic, result, name_server);
  if (outcome.ok()) {
    storeRoute(outcome.value());
    outcome = routes_.find(topic);
  }
  std::vector<std::shared_ptr<RouteWaiter>> waiters;
  {
    MutexLock lock(mutex_);
    waiters.swap(waiting_for_route_[topic]);
    waiting_for_route_.erase(topic);
  }
  for (const auto& waiter : waiters) {
    answerOnce(waiter, outcome);
  }
}

Outcome<TopicRoutePtr> ClientInstance::routeFrom(const std::string& topic,
                                                 const RouteResult& result,
                                                 const std::string& name_server) const {
  if (!result.ok()) {
    const std::string text = "route of topic " + topic + ": no name server of " + nameServers() +
                             " can be asked: " + result.status().message();
    if (result.status().code() == StatusCode::kTimeout) {
      return ClientError{
          ClientError::Kind::kTimeout, ClientErrorCode::kAccessBrokerTimeout, text, {}};
    }
    return ClientError{ClientError::Kind::kRemoting, ClientErrorCode::kConnectBroker, text, {}};
  }
  if (result->code == remoting::ResponseCode::kTopicNotExist) {
    return ClientError::client("No route info of this topic: " + topic + " (name server " +
                                   name_server + ": " + result->remark + ")",
                               ClientErrorCode::kNotFoundTopic);
  }
  if (!result->success()) {
    return ClientError::broker(result->code, result->remark, name_server);
  }
  Result<model::TopicRouteData> data = json::decode<model::TopicRouteData>(result->body);
  if (!data.ok()) {
    return ClientError::client("route of topic " + topic + " from name server " + name_server +
                               " cannot be read: " + data.status().message());
  }
  return TopicRoutePtr(
      std::make_shared<const TopicRoute>(topic, std::move(*data), false, name_server));
}

void ClientInstance::answerOnce(const std::shared_ptr<RouteWaiter>& waiter,
                                const Outcome<TopicRoutePtr>& outcome) {
  RouteCallback callback;
  {
    MutexLock lock(mutex_);
    callback.swap(waiter->callback);
  }
  if (callback) {
    callback(outcome);
  }
}

// A route that has lost queues is asked for once more soon: a name server that has just started
// learns of one broker after the other.
void ClientInstance::storeRoute(const TopicRoutePtr& route) {
  const TopicRoutePtr before = routes_.find(route->topic);
  if (routes_.update(route)) {
    if (before != nullptr && before->data.broker_datas.size() > route->data.broker_datas.size()) {
      timers_->after(kRecheckDelay, [this, topic = route->topic] { refreshRoutes({topic}); });
    }
    log::debug("route of topic {} changed: {} queues to send to, {} to read", route->topic,
               route->publish_queues.size(), route->subscribe_queues.size());
    heartbeatToNewBrokers();
    rebalanceAllSoon();
  }
}

TopicRoutePtr ClientInstance::knownPublishRoute(const std::string& topic) const {
  TopicRoutePtr known = routes_.find(topic);
  return known != nullptr && !known->publish_queues.empty() ? known : nullptr;
}

void ClientInstance::findPublishRoute(const std::string& topic, const TopicTemplate& topic_template,
                                      remoting::Deadline deadline, RouteCallback callback) {
  if (TopicRoutePtr known = knownPublishRoute(topic); known != nullptr) {
    callback(std::move(known));
    return;
  }
  fetchRoute(topic, deadline,
             [this, topic, topic_template, deadline,
              callback = std::move(callback)](Outcome<TopicRoutePtr> outcome) {
               if (!outcome.ok() && outcome.error().code == ClientErrorCode::kNotFoundTopic &&
                   !topic_template.topic.empty()) {
                 fetchTemplateRoute(topic, topic_template, deadline, callback);
               } else {
                 callback(std::move(outcome));
               }
             });
}

void ClientInstance::fetchTemplateRoute(const std::string& topic,
                                        const TopicTemplate& topic_template,
                                        remoting::Deadline deadline, RouteCallback callback) {
  fetchRoute(topic_template.topic, deadline,
             [this, topic, queue_nums = topic_template.queue_nums,
              callback = std::move(callback)](const Outcome<TopicRoutePtr>& outcome) {
               if (!outcome.ok()) {
                 callback(ClientError(outcome.error())
                              .withContext("No route info of this topic: " + topic +
                                           ", and it cannot be created by sending"));
                 return;
               }
               const TopicRoute& source = *outcome.value();
               storeRoute(std::make_shared<const TopicRoute>(
                   topic, routeFromTemplate(source.data, queue_nums), true, source.name_server));
               callback(routes_.find(topic));
             });
}

Outcome<TopicRoutePtr> ClientInstance::fetchRouteSync(const std::string& topic,
                                                      remoting::Deadline deadline) {
  return waitForRoute(
      [&](RouteCallback callback) { fetchRoute(topic, deadline, std::move(callback)); });
}

Outcome<TopicRoutePtr> ClientInstance::findPublishRouteSync(const std::string& topic,
                                                            const TopicTemplate& topic_template,
                                                            remoting::Deadline deadline) {
  return waitForRoute([&](RouteCallback callback) {
    findPublishRoute(topic, topic_template, deadline, std::move(callback));
  });
}

void ClientInstance::refreshAllRoutes() {
  std::set<std::string> topics;
  for (std::string& topic : routes_.topics()) {
    topics.insert(std::move(topic));
  }
  forEachConsumer([&topics](GroupMember& member) {
    for (std::string& topic : member.topics()) {
      topics.insert(std::move(topic));
    }
  });
  refreshRoutes(topics);
}

void ClientInstance::refreshRoutes(const std::set<std::string>& topics) {
  for (const std::string& topic : topics) {
    fetchRoute(topic, remoting::deadlineAfter(config_.api_timeout),
               [topic](const Outcome<TopicRoutePtr>& outcome) {
                 if (!outcome.ok()) {
                   log::debug("route of topic {} not refreshed: {}", topic,
                              outcome.error().message);
                 }
               });
  }
}

// --- Groups.

std::optional<ClientError> ClientInstance::addProducer(const std::string& group,
                                                       TransactionCheckHandler on_check) {
  MutexLock lock(mutex_);
  return producers_.try_emplace(group, std::move(on_check)).second
             ? std::nullopt
             : std::optional(groupInUse("producer", group));
}

std::optional<ClientError> ClientInstance::addConsumer(const std::string& group,
                                                       GroupMember& member) {
  MutexLock lock(mutex_);
  return consumers_.try_emplace(group, Consumer{member.guard(), &member}).second
             ? std::nullopt
             : std::optional(groupInUse("consumer", group));
}

void ClientInstance::removeProducer(const std::string& group, remoting::Deadline deadline) {
  {
    MutexLock lock(mutex_);
    producers_.erase(group);
  }
  remoting::UnregisterClient request;
  request.client_id = client_id_;
  request.producer_group = group;
  unregister(request, deadline);
}

void ClientInstance::removeConsumer(const std::string& group, remoting::Deadline deadline) {
  {
    MutexLock lock(mutex_);
    consumers_.erase(group);
  }
  remoting::UnregisterClient request;
  request.client_id = client_id_;
  request.consumer_group = group;
  unregister(request, deadline);
}

void ClientInstance::rebalanceAllSoon() {
  forEachConsumer([](GroupMember& member) { member.rebalanceSoon(); });
}

bool ClientInstance::withConsumer(const std::string& group,
                                  const std::function<void(GroupMember&)>& use) const {
  Consumer consumer;
  {
    MutexLock lock(mutex_);
    const auto found = consumers_.find(group);
    if (found == consumers_.end()) {
      return false;
    }
    consumer = found->second;
  }
  consumer.guard.run([&] { use(*consumer.member); });
  return true;
}

void ClientInstance::forEachConsumer(const std::function<void(GroupMember&)>& use) const {
  std::vector<Consumer> consumers;
  {
    MutexLock lock(mutex_);
    for (const auto& [group, consumer] : consumers_) {
      consumers.push_back(consumer);
    }
  }
  for (const Consumer& consumer : consumers) {
    consumer.guard.run([&] { use(*consumer.member); });
  }
}

ClientError ClientInstance::describe(const Status& status, const std::string& address) const {
  const std::string origin = routes_.originOf(address);
  if (origin.empty() || status.code() != StatusCode::kIo) {
    return ClientError::remoting(status, address);
  }
  return {ClientError::Kind::kRemoting,
          ClientErrorCode::kConnectBroker,
          "cannot reach the broker at " + address + " (" + origin + "): " + status.message() +
              ". If this machine cannot reach that address, set brokerIP1 in the broker's "
              "configuration to one that it can reach",
          {}};
}

}  // namespace rocketmq::client
