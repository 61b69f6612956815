#include "broker/registrar/registrar.h"

#include <algorithm>
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
constexpr int kPauseShare = 4;
constexpr milliseconds kPauseMax{1'000};

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

/// One registration of one state of the topics.
struct Registrar::Round {
  uint64_t number = 0;
  SteadyTime begun;
  RegisterBroker request;
  Payload body;
  milliseconds timeout{};
};

Registrar::Registrar(remoting::IoPool& pool, remoting::Client& client, TopicTable& topics,
                     const LiveSettings& settings)
    : pool_(pool), client_(client), topics_(topics), settings_(settings) {}

Registrar::~Registrar() { stop(milliseconds(0)); }

void Registrar::start(milliseconds timeout) {
  {
    MutexLock lock(mutex_);
    is_started_ = true;
    is_urgent_ = true;
  }
  thread_ = NamedThread("registrar", [this] { run(); });
  seek_task_ = std::make_unique<remoting::PeriodicTask>(
      pool_, 0,
      remoting::PeriodicTask::Options{.initial_delay = kSeekPeriod, .period = kSeekPeriod}, [this] {
        seekLost();
        seekMaster();
      });
  awaitRegistered(timeout);
}

void Registrar::requestRound(Urgency urgency) {
  MutexLock lock(mutex_);
  is_requested_ = true;
  is_urgent_ = is_urgent_ || urgency == Urgency::kNow;
  wake_.notifyAll();
}

void Registrar::run() {
  while (awaitRound()) {
    registerAll();
  }
}

bool Registrar::awaitRound() {
  const milliseconds period =
      std::clamp(milliseconds(settings_.load()->register_period_ms), kPeriodMin, kPeriodMax);
  MutexLock lock(mutex_);
  while (!stopped_) {
    const auto now = std::chrono::steady_clock::now();
    const auto due = is_urgent_ ? now : is_requested_ ? pause_until_ : period_ends_;
    if (due <= now) {
      is_requested_ = false;
      is_urgent_ = false;
      period_ends_ = now + period;
      return true;
    }
    wake_.waitUntil(mutex_, due);
  }
  return false;
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
  requestRound(Urgency::kNow);
}

void Registrar::noteMaster(bool is_known) {
  MutexLock lock(mutex_);
  if (is_known || knows_master_) {
    master_pause_ = kSeekPeriod;
  }
  knows_master_ = is_known;
}

void Registrar::found(const std::string& address) {
  {
    MutexLock lock(mutex_);
    if (lost_.erase(address) == 0) {
      return;
    }
  }
  requestRound(Urgency::kNow);
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
  const auto until = std::chrono::steady_clock::now() + timeout;
  const std::vector<std::string> addresses = nameServers();
  MutexLock lock(mutex_);
  if (!is_started_) {
    return;
  }
  // A round that has begun may have read the topics before the caller changed them.
  const uint64_t wanted = rounds_started_ + 1;
  awaited_round_ = wanted;
  is_urgent_ = true;
  wake_.notifyAll();
  while (!haveAnswered(addresses, wanted) && !stopped_) {
    if (!changed_.waitUntil(mutex_, until)) {
      return;
    }
  }
}

bool Registrar::haveAnswered(const std::vector<std::string>& addresses, uint64_t round) {
  return std::all_of(addresses.begin(), addresses.end(), [&](const std::string& address) {
    const auto known = name_servers_.find(address);
    return known != name_servers_.end() && known->second.done >= round;
  });
}

Status Registrar::fill(Round& round) const {
  const auto settings = settings_.load();
  remoting::RegisterBrokerBody body;
  body.topic_config_serialize_wrapper =
      permittedTopics(*topics_.snapshot(), settings->broker_permission);
  ROCKETMQ_ASSIGN_OR_RETURN(std::string text,
                            remoting::encodeRegisterBrokerBody(body, settings->compressed_register,
                                                               remoting::kAnnouncedVersion));
  round.request = RegisterBroker{.broker_name = settings->broker_name,
                                 .broker_address = settings->advertisedAddress(),
                                 .cluster_name = settings->cluster_name,
                                 .ha_server_address = settings->advertisedHaAddress(),
                                 .broker_id = settings->broker_id,
                                 .heartbeat_timeout_ms = std::nullopt,
                                 .enable_acting_master = std::nullopt,
                                 .compressed = settings->compressed_register,
                                 .body_crc32 = static_cast<int32_t>(maskedCrc32(text))};
  round.body = Payload(std::move(text));
  round.timeout = milliseconds(settings->register_timeout_ms);
  return Status::ok();
}

std::vector<std::string> Registrar::beginRound(uint64_t& number) {
  std::vector<std::string> addresses = nameServers();
  MutexLock lock(mutex_);
  number = ++rounds_started_;
  std::erase_if(name_servers_, [&](const auto& known) {
    return std::find(addresses.begin(), addresses.end(), known.first) == addresses.end();
  });
  std::erase_if(addresses, [&](const std::string& address) {
    NameServer& server = name_servers_[address];
    const bool is_busy = server.under_way != 0;
    if (!is_busy) {
      server.under_way = number;
    }
    return is_busy;
  });
  return addresses;
}

void Registrar::registerAll() {
  const auto round = std::make_shared<Round>();
  round->begun = std::chrono::steady_clock::now();
  const std::vector<std::string> addresses = beginRound(round->number);
  if (addresses.empty()) {
    return;
  }
  const Status filled = fill(*round);
  for (const std::string& address : addresses) {
    if (filled.isOk()) {
      registerAt(address, round);
    } else {
      noteAnswer(address, *round, filled.message());
    }
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
                 if (failure.empty() && settings_.load()->isSlave()) {
                   noteMaster(!result->header.master_address.value_or("").empty());
                 }
                 if (failure.empty() && on_master_ && result->header.master_address) {
                   on_master_({.address = *result->header.master_address,
                               .ha_address = result->header.ha_server_address.value_or("")});
                 }
                 noteAnswer(address, *round, std::move(failure));
               });
}

void Registrar::noteAnswer(const std::string& address, const Round& round, std::string failure) {
  const auto now = std::chrono::steady_clock::now();
  MutexLock lock(mutex_);
  pause_until_ = now + std::min<std::chrono::steady_clock::duration>(
                           kPauseShare * (now - round.begun), kPauseMax);
  const auto known = name_servers_.find(address);
  if (known == name_servers_.end() || known->second.under_way != round.number) {
    return;  // It is not in the settings any more.
  }
  NameServer& server = known->second;
  if (failure != server.failure) {
    if (failure.empty()) {
      log::info("registered at name server {}", address);
    } else {
      log::warn("cannot register at name server {}: {}", address, failure);
    }
    server.failure = std::move(failure);
  }
  server.under_way = 0;
  server.done = round.number;
  changed_.notifyAll();
  if (round.number < rounds_started_) {
    // It was left out of the rounds since.
    is_requested_ = true;
    is_urgent_ = is_urgent_ || round.number < awaited_round_;
    wake_.notifyAll();
  }
}

void Registrar::stop(milliseconds timeout) {
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    stopped_ = true;
    changed_.notifyAll();
    wake_.notifyAll();
  }
  seek_task_.reset();
  thread_.join();
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
