#include "tools/mqbench/wire/wire_connections.h"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <utility>

#include "common/json/decode.h"
#include "common/model/topic_route.h"
#include "common/text.h"
#include "remoting/protocol/commands/namesrv_route.h"
#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::bench {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr int64_t kMasterId = 0;

template <class Reply>
Status refusal(const Reply& reply) {
  return Status::io("refused with code " + std::to_string(static_cast<int>(reply->code)) + ": " +
                    reply->remark);
}

}  // namespace

WireConnections::WireConnections(const Workload& workload)
    : workload_(workload),
      pool_("mqbench-io", static_cast<size_t>(workload.io_threads)),
      admin_(pool_, nullptr, {.signer = remoting::RequestSigner::of(credentials())}) {}

remoting::SessionCredentials WireConnections::credentials() const {
  return {.access_key = workload_.credentials.access_key,
          .secret_key = workload_.credentials.secret_key,
          .security_token = workload_.credentials.security_token};
}

remoting::Client::Options WireConnections::clientOptions() const {
  remoting::Client::Options options;
  options.serialize_type = workload_.header;
  options.signer = remoting::RequestSigner::of(credentials());
  // Long polls and idle clients are silent for long, and that is what is measured.
  options.limits.idle_timeout = std::chrono::milliseconds(0);
  options.limits.silence_max = std::chrono::milliseconds(0);
  options.limits.unsent_bytes_max = 1 << 20;
  return options;
}

Status WireConnections::open() {
  ROCKETMQ_RETURN_IF_ERROR(credentials().check());
  ROCKETMQ_RETURN_IF_ERROR(findQueues());
  const size_t wanted = std::max(static_cast<size_t>(workload_.connections), brokers());
  for (size_t i = 0; i < wanted; ++i) {
    clients_.push_back(std::make_unique<remoting::Client>(pool_, nullptr, clientOptions()));
    const std::string& address = queuesOf(i).front().broker_addr;
    auto promise = std::make_shared<std::promise<Result<remoting::ConnectionPtr>>>();
    auto future = promise->get_future();
    clients_.back()->connect(address, remoting::deadlineAfter(kPatience),
                             [promise](Result<remoting::ConnectionPtr> connection) {
                               promise->set_value(std::move(connection));
                             });
    Result<remoting::ConnectionPtr> connection = future.get();
    if (!connection.ok()) {
      return connection.status().withContext("connection " + std::to_string(i + 1));
    }
    connections_.push_back(std::move(*connection));
  }
  return Status::ok();
}

void WireConnections::stop() {
  for (const auto& client : clients_) {
    client->stop();
  }
  admin_.stop();
}

Status WireConnections::findQueues() {
  Status last = Status::invalidArgument(
      "no name server: give -n host:port, or set NAMESRV_ADDR (needed with --connections)");
  const char* from_environment = std::getenv("NAMESRV_ADDR");
  const std::string& given = workload_.namesrv_addr;
  const std::string_view addresses =
      given.empty() && from_environment != nullptr ? from_environment : std::string_view(given);
  for (const std::string_view name_server : splitList(addresses, ';')) {
    last = findQueuesFrom(std::string(name_server));
    if (last.isOk()) {
      break;
    }
  }
  return last;
}

Status WireConnections::findQueuesFrom(const std::string& name_server) {
  const auto reply = admin_.callSync<remoting::GetRouteInfoByTopic>(
      name_server, {.topic = workload_.topic, .accept_standard_json_only = true}, {},
      remoting::deadlineAfter(kPatience));
  if (!reply.ok()) {
    return reply.status().withContext("name server " + name_server);
  }
  if (!reply->success()) {
    return refusal(reply).withContext("topic " + workload_.topic +
                                      " (make it with bin/mqadmin updateTopic), name server " +
                                      name_server);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const model::TopicRouteData route,
                            json::decode<model::TopicRouteData>(reply->body));
  std::map<std::string, std::string> masters;
  for (const model::BrokerData& broker : route.broker_datas) {
    if (const auto master = broker.broker_addrs.find(kMasterId);
        master != broker.broker_addrs.end()) {
      masters[broker.broker_name] = master->second;
    }
  }
  for (const model::QueueData& data : route.queue_datas) {
    const auto master = masters.find(data.broker_name);
    if (master == masters.end() || data.write_queue_nums <= 0) {
      continue;
    }
    std::vector<WireQueue>& queues = queues_by_broker_.emplace_back();
    for (int32_t id = 0; id < data.write_queue_nums; ++id) {
      queues.push_back({master->second, id});
    }
  }
  if (queues_by_broker_.empty()) {
    return Status::notFound("topic " + workload_.topic + " has no queue on a master");
  }
  return Status::ok();
}

size_t WireConnections::queues() const {
  size_t sum = 0;
  for (const std::vector<WireQueue>& queues : queues_by_broker_) {
    sum += queues.size();
  }
  return sum;
}

Result<int64_t> WireConnections::maxOffset(const WireQueue& queue) {
  const auto reply = admin_.callSync<remoting::GetMaxOffset>(
      queue.broker_addr, {.topic = workload_.topic, .queue_id = queue.queue_id}, {},
      remoting::deadlineAfter(kPatience));
  if (!reply.ok()) {
    return reply.status();
  }
  return reply->success() ? Result<int64_t>(reply->header.offset) : refusal(reply);
}

Result<int64_t> WireConnections::storedMessages() {
  int64_t sum = 0;
  for (const std::vector<WireQueue>& queues : queues_by_broker_) {
    for (const WireQueue& queue : queues) {
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t end, maxOffset(queue));
      sum += end;
    }
  }
  return sum;
}

}  // namespace rocketmq::bench
