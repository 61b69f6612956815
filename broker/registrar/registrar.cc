#include "broker/registrar/registrar.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/hash.h"
#include "common/log.h"
#include "common/model/permission.h"
#include "common/text.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/commands/namesrv_registration.h"

namespace rocketmq::broker {
namespace {

using remoting::CallResult;
using remoting::Payload;
using remoting::RegisterBroker;
using remoting::UnregisterBroker;
using std::chrono::milliseconds;

constexpr milliseconds kPeriodMin{10'000};
constexpr milliseconds kPeriodMax{60'000};
constexpr milliseconds kSeekPeriod{1'000};

/// What name servers may let clients do with the topics: a broker without a permission takes it
/// from all of them (RocketMQ 5: and-ed).
model::TopicConfigTable permittedTopics(const model::TopicConfigTable& topics, int32_t permission) {
  model::TopicConfigTable permitted = topics;
  const bool all = model::isReadable(permission) && model::isWritable(permission);
  if (!all) {
    for (auto& [name, config] : permitted.topic_config_table) {
      config.perm &= permission;
    }
  }
  return permitted;
}

}  // namespace

/// One registration of one state of the topics with every name server.
struct Registrar::Round {
  uint64_t number = 0;
  RegisterBroker request;
  Payload body;
  milliseconds timeout{};
  std::atomic<size_t> unanswered{0};
};

Registrar::Registrar(remoting::IoPool& pool, remoting::Client& client, TopicTable& topics,
                     const LiveSettings& settings)
    : pool_(pool), client_(client), topics_(topics), settings_(settings) {}

Registrar::~Registrar() { stop(milliseconds(0)); }

void Registrar::start(milliseconds timeout) {
  const milliseconds period =
      std::clamp(milliseconds(settings_.load()->register_period_ms), kPeriodMin, kPeriodMax);
  task_ = std::make_unique<remoting::PeriodicTask>(
      pool_, 0, remoting::PeriodicTask::Options{.initial_delay = milliseconds(0), .period = period},
      [this] { registerAll(); });
  seek_task_ = std::make_unique<remoting::PeriodicTask>(
      pool_, 0,
      remoting::PeriodicTask::Options{.initial_delay = kSeekPeriod, .period = kSeekPeriod}, [this] {
        seekLost();
        seekMaster();
      });
  awaitRegistered(timeout);
}

void Registrar::topicsChanged() {
  if (task_ != nullptr) {
    task_->runNow();
  }
}

void Registrar::connectionLost(const std::string& address) {
  MutexLock lock(mutex_);
  lost_.insert(address);
}

void Registrar::seekLost() {
  const auto servers = nameServers();
  std::set<std::string> lost;
  {
    MutexLock lock(mutex_);
    std::erase_if(lost_, [&](const std::string& address) {
      return std::find(servers.begin(), servers.end(), address) == servers.end();
    });
    lost = lost_;
  }
  for (const std::string& address : lost) {
    client_.connect(address, remoting::deadlineAfter(kSeekPeriod),
                    [this, address](const Result<remoting::ConnectionPtr>& connection) {
                      if (connection.ok()) {
                        found(address);
                      }
                    });
  }
}

void Registrar::seekMaster() {
  const auto now = std::chrono::steady_clock::now();
  {
    MutexLock lock(mutex_);
    if (knows_master_ || now - master_sought_at_ < master_pause_) {
      return;
    }
    master_sought_at_ = now;
    master_pause_ = std::min(2 * master_pause_, kPeriodMin);
  }
  registerAll();
}

void Registrar::noteMaster(bool is_known) {
  MutexLock lock(mutex_);
  if (is_known || knows_master_) {
    master_pause_ = kSeekPeriod;
  }
  knows_master_ = is_known;
}

void Registrar::found(const std::string& address) {
  MutexLock lock(mutex_);
  if (lost_.erase(address) > 0 && !stopped_) {
    task_->runNow();
  }
}

std::vector<std::string> Registrar::nameServers() const {
  const auto settings = settings_.load();
  std::vector<std::string> addresses;
  for (const std::string_view part : splitList(settings->namesrv_addr, ';')) {
    std::string address(part);
    std::erase_if(address, [](char c) { return c == ' ' || c == '\t'; });
    if (!address.empty()) {
      addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

void Registrar::awaitRegistered(milliseconds timeout) {
  if (task_ == nullptr) {
    return;
  }
  const auto until = std::chrono::steady_clock::now() + timeout;
  uint64_t wanted = 0;
  {
    MutexLock lock(mutex_);
    // A round that has begun may have read the topics before the caller changed them.
    wanted = rounds_started_ + 1;
  }
  task_->runNow();
  MutexLock lock(mutex_);
  while (rounds_done_ < wanted && !stopped_) {
    if (!changed_.waitUntil(mutex_, until)) {
      return;
    }
  }
}

std::shared_ptr<Registrar::Round> Registrar::makeRound() const {
  const auto settings = settings_.load();
  auto round = std::make_shared<Round>();
  remoting::RegisterBrokerBody body;
  body.topic_config_serialize_wrapper =
      permittedTopics(*topics_.snapshot(), settings->broker_permission);
  Result<std::string> text = remoting::encodeRegisterBrokerBody(body, settings->compressed_register,
                                                                remoting::kAnnouncedVersion);
  if (!text.ok()) {
    log::error("cannot encode the registration: {}", text.status().message());
    return nullptr;
  }
  round->request = RegisterBroker{.broker_name = settings->broker_name,
                                  .broker_address = settings->advertisedAddress(),
                                  .cluster_name = settings->cluster_name,
                                  .ha_server_address = settings->advertisedHaAddress(),
                                  .broker_id = settings->broker_id,
                                  .heartbeat_timeout_ms = std::nullopt,
                                  .enable_acting_master = std::nullopt,
                                  .compressed = settings->compressed_register,
                                  .body_crc32 = static_cast<int32_t>(maskedCrc32(*text))};
  round->body = Payload(std::move(*text));
  round->timeout = milliseconds(settings->register_timeout_ms);
  return round;
}

void Registrar::registerAll() {
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    number = ++rounds_started_;
  }
  const std::vector<std::string> addresses = nameServers();
  const std::shared_ptr<Round> round = addresses.empty() ? nullptr : makeRound();
  if (round == nullptr) {
    roundDone(number);
    return;
  }
  round->number = number;
  round->unanswered = addresses.size();
  for (const std::string& address : addresses) {
    registerAt(address, round);
  }
}

void Registrar::registerAt(const std::string& address, const std::shared_ptr<Round>& round) {
  client_.call(address, round->request, round->body, remoting::deadlineAfter(round->timeout),
               [this, address, round](const CallResult<RegisterBroker>& result) {
                 std::string failure;
                 if (!result.ok()) {
                   failure = result.status().message();
                   connectionLost(address);
                 } else if (!result->success()) {
                   failure = result->remark;
                 }
                 {
                   MutexLock lock(mutex_);
                   std::string& last = failures_[address];
                   if (failure != last) {
                     if (failure.empty()) {
                       log::info("registered at name server {}", address);
                     } else {
                       log::warn("cannot register at name server {}: {}", address, failure);
                     }
                     last = failure;
                   }
                 }
                 if (failure.empty() && settings_.load()->isSlave()) {
                   noteMaster(!result->header.master_address.value_or("").empty());
                 }
                 if (failure.empty() && on_master_ && result->header.master_address) {
                   on_master_({.address = *result->header.master_address,
                               .ha_address = result->header.ha_server_address.value_or("")});
                 }
                 if (round->unanswered.fetch_sub(1) == 1) {
                   roundDone(round->number);
                 }
               });
}

void Registrar::roundDone(uint64_t number) {
  MutexLock lock(mutex_);
  rounds_done_ = std::max(rounds_done_, number);
  changed_.notifyAll();
}

void Registrar::stop(milliseconds timeout) {
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    stopped_ = true;
    changed_.notifyAll();
  }
  seek_task_.reset();
  task_.reset();
  const auto settings = settings_.load();
  if (timeout <= milliseconds(0)) {
    return;
  }
  struct Pending {
    Mutex mutex;
    CondVar done;
    size_t left = 0;
  };
  const std::vector<std::string> addresses = nameServers();
  const auto pending = std::make_shared<Pending>();
  pending->left = addresses.size();
  for (const std::string& address : addresses) {
    client_.call(address,
                 UnregisterBroker{.broker_name = settings->broker_name,
                                  .broker_address = settings->advertisedAddress(),
                                  .cluster_name = settings->cluster_name,
                                  .broker_id = settings->broker_id},
                 Payload(), remoting::deadlineAfter(timeout),
                 [pending](const CallResult<UnregisterBroker>&) {
                   MutexLock lock(pending->mutex);
                   --pending->left;
                   pending->done.notifyAll();
                 });
  }
  MutexLock lock(pending->mutex);
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (pending->left > 0 && pending->done.waitUntil(pending->mutex, until)) {
  }
}

}  // namespace rocketmq::broker
