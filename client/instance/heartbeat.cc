// ClientInstance: heartbeats and farewells to brokers.

#include "remoting/protocol/bodies/heartbeat.h"

#include <algorithm>
#include <future>
#include <utility>

#include "client/instance/client_instance.h"
#include "client/instance/countdown.h"
#include "common/json/encode.h"
#include "common/log.h"

namespace rocketmq::client {
namespace {

constexpr const char* kInnerProducer = "CLIENT_INNER_PRODUCER";
constexpr std::chrono::milliseconds kSeekDelay{1000};
// A broker that has kept a heartbeat waiting for so long is not waited for again; one that refuses
// connections costs nobody any time.
constexpr std::chrono::milliseconds kSilence{500};

void waitUntil(std::future<void>& done, remoting::Deadline deadline) { done.wait_until(deadline); }

}  // namespace

std::string ClientInstance::heartbeatBody(bool& has_consumers) const {
  remoting::HeartbeatData data;
  data.client_id = client_id_;
  {
    MutexLock lock(mutex_);
    for (const auto& [group, on_check] : producers_) {
      data.producer_data_set.push_back({group});
    }
  }
  forEachConsumer(
      [&data](GroupMember& member) { data.consumer_data_set.push_back(member.heartbeatData()); });
  has_consumers = !data.consumer_data_set.empty();
  if (has_consumers) {
    // Consumers send what a broker does not take back (36) as this group.
    data.producer_data_set.push_back({kInnerProducer});
  }
  return data.producer_data_set.empty() ? std::string() : json::encode(data);
}

void ClientInstance::heartbeatTo(const std::vector<BrokerAddress>& brokers,
                                 std::function<void()> on_all_done) {
  bool has_consumers = false;
  const std::string body = heartbeatBody(has_consumers);
  std::vector<std::string> addresses;
  for (const BrokerAddress& broker : brokers) {
    // Slaves need to know consumers only.
    if (!body.empty() && (has_consumers || !broker.isSlave())) {
      addresses.push_back(broker.address);
    }
  }
  if (addresses.empty()) {
    if (on_all_done) {
      on_all_done();
    }
    return;
  }
  auto countdown = std::make_shared<Countdown>(std::move(on_all_done), addresses.size());
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& address : addresses) {
    remoting_->call(
        address, remoting::Heartbeat{}, remoting::Payload(body),
        remoting::deadlineAfter(config_.api_timeout),
        [countdown, heard = guard_.wrap([this, address, begin](const HeartbeatResult& result) {
          takeHeartbeatAnswer(address, result, std::chrono::steady_clock::now() - begin);
        })](const HeartbeatResult& result) mutable {
          heard(result);
          countdown->countDown();
        });
  }
}

void ClientInstance::takeHeartbeatAnswer(const std::string& address, const HeartbeatResult& result,
                                         std::chrono::steady_clock::duration took) {
  const bool heard = result.ok() && result->success();
  bool is_asked = false;
  {
    MutexLock lock(mutex_);
    if (!heard && took >= kSilence) {
      silent_.insert(address);
    } else {
      silent_.erase(address);
    }
    if (heard) {
      greeted_.insert(address);
    }
    is_asked = isAskedLocked();
  }
  if (heard) {
    outages_.end(address);
    return;
  }
  if (outages_.admit(address)) {
    log::warn("heartbeat to broker {} failed: {}{}", address,
              result.ok() ? result->remark : result.status().message(),
              is_asked ? "; it is tried again every second" : "");
  }
  forgetBroker(address);
}

void ClientInstance::heartbeatToAll() { heartbeatTo(routes_.all(true), nullptr); }

void ClientInstance::heartbeatSoon() {
  timers_->soon([this] { heartbeatToAll(); });
}

void ClientInstance::heartbeat(std::function<void()> on_all_done) {
  heartbeatTo(routes_.all(true), std::move(on_all_done));
}

void ClientInstance::heartbeatAndWait(const std::vector<BrokerAddress>& brokers,
                                      remoting::Deadline deadline) {
  auto promise = std::make_shared<std::promise<void>>();
  std::future<void> done = promise->get_future();
  heartbeatTo(brokers, [promise] { promise->set_value(); });
  waitUntil(done, deadline);
}

void ClientInstance::greetMastersOf(const std::set<std::string>& topics,
                                    remoting::Deadline deadline) {
  std::map<std::string, BrokerAddress> masters;
  for (const std::string& topic : topics) {
    for (BrokerAddress& broker : routes_.brokersOf(topic)) {
      if (!broker.isSlave()) {
        masters.try_emplace(broker.address, std::move(broker));
      }
    }
  }
  std::vector<BrokerAddress> strangers;
  {
    MutexLock lock(mutex_);
    awaits_replies_ = true;
    for (auto& [address, broker] : masters) {
      if (!greeted_.contains(address) && !silent_.contains(address)) {
        strangers.push_back(std::move(broker));
      }
    }
  }
  if (!strangers.empty()) {
    heartbeatAndWait(strangers, deadline);
  }
}

void ClientInstance::heartbeatToNewBrokers() {
  std::vector<BrokerAddress> strangers = routes_.all(true);
  {
    MutexLock lock(mutex_);
    std::erase_if(strangers, [this](const BrokerAddress& broker) {
      return greeted_.contains(broker.address);
    });
  }
  if (!strangers.empty()) {
    heartbeatTo(strangers, nullptr);
  }
}

// A broker forgets a client whose connection has closed, so it is greeted again as soon as it can
// be reached, not at the next regular heartbeat: consumers, transaction producers and who makes
// requests wait for what it tells and asks. A broker that does not come back at once may have died:
// where its readers go then, to a slave or elsewhere, the name servers tell.
void ClientInstance::forgetBroker(const std::string& address) {
  {
    MutexLock lock(mutex_);
    greeted_.erase(address);
    lost_brokers_.insert(address);
    if (std::exchange(seeking_brokers_, true)) {
      return;
    }
  }
  timers_->after(kSeekDelay, [this] { seekLostBrokers(); });
}

void ClientInstance::seekLostBrokers() {
  std::set<std::string> lost;
  bool is_asked = false;
  {
    MutexLock lock(mutex_);
    seeking_brokers_ = false;
    lost.swap(lost_brokers_);
    is_asked = isAskedLocked();
  }
  std::set<std::string> topics;
  for (const std::string& address : lost) {
    topics.merge(routes_.topicsAt(address));
  }
  refreshRoutes(topics);
  if (is_asked) {
    heartbeatToNewBrokers();
  }
}

bool ClientInstance::isAskedLocked() const {
  return awaits_replies_ || !consumers_.empty() ||
         std::any_of(producers_.begin(), producers_.end(),
                     [](const auto& entry) { return entry.second != nullptr; });
}

void ClientInstance::unregister(const remoting::UnregisterClient& request,
                                remoting::Deadline deadline) {
  std::vector<BrokerAddress> brokers = routes_.all(true);
  {
    MutexLock lock(mutex_);
    std::erase_if(brokers, [this](const BrokerAddress& broker) {
      return !greeted_.contains(broker.address);
    });
  }
  if (brokers.empty()) {
    return;
  }
  auto promise = std::make_shared<std::promise<void>>();
  std::future<void> done = promise->get_future();
  auto countdown = std::make_shared<Countdown>([promise] { promise->set_value(); }, brokers.size());
  for (const BrokerAddress& broker : brokers) {
    remoting_->call(broker.address, request, {}, deadline,
                    [countdown](const remoting::CallResult<remoting::UnregisterClient>&) {
                      countdown->countDown();
                    });
  }
  waitUntil(done, deadline);
}

}  // namespace rocketmq::client
