#include "broker/registrar/registrar.h"

#include <algorithm>
#include <future>
#include <utility>

#include "common/hash.h"
#include "common/log.h"
#include "common/text.h"
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
/// More topics than this are sent with all the others.
constexpr size_t kSingleTopicsMax = 32;
constexpr const char* kNotSent = "its topics could not be put into a registration";

}  // namespace

/// One registration of one state of the topics. What is sent is filled in for those that are sent
/// all of them.
struct Registrar::Round {
  uint64_t number = 0;
  SteadyTime begun;
  RegisterBroker request;
  Payload body;
  milliseconds timeout{};
};

Registrar::Registrar(remoting::IoPool& pool, remoting::Client& client, TopicTable& topics,
                     const LiveSettings& settings, const RegistrationBody::Limits& body_limits)
    : pool_(pool),
      client_(client),
      topics_(topics),
      settings_(settings),
      body_limits_(body_limits) {}

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

void Registrar::topicChanged(std::string_view topic) {
  MutexLock lock(mutex_);
  for (auto& [address, server] : name_servers_) {
    if (server.lacks_all || server.lacks.contains(topic)) {
      continue;
    }
    server.lacks.emplace(topic);
    if (server.lacks.size() > kSingleTopicsMax) {
      server.lackAll();
    }
  }
  requestRound(Urgency::kMayPause);
}

void Registrar::requestAll(Urgency urgency) {
  MutexLock lock(mutex_);
  is_all_requested_ = true;
  requestRound(urgency);
}

void Registrar::requestRound(Urgency urgency) {
  is_requested_ = true;
  is_urgent_ = is_urgent_ || urgency == Urgency::kNow;
  wake_.notifyAll();
}

void Registrar::run() {
  while (true) {
    Work work = awaitWork();
    for (RegistrationWaits::Done& done : work.ended) {
      done();
    }
    if (work.is_last) {
      return;
    }
    if (work.makes_round) {
      makeRound();
    }
  }
}

Registrar::Work Registrar::awaitWork() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    const auto now = std::chrono::steady_clock::now();
    Work work{.ended = takeEnded(now), .makes_round = roundDue(now) <= now};
    if (work.makes_round) {
      takeRound(now);
    }
    if (work.makes_round || !work.ended.empty()) {
      return work;
    }
    wake_.waitUntil(mutex_, std::min(roundDue(now), waits_.firstEnd()));
  }
  return {.ended = waits_.take([](const auto&) { return true; }), .is_last = true};
}

Registrar::SteadyTime Registrar::roundDue(SteadyTime now) const {
  const auto requested = is_urgent_ ? now : is_requested_ ? pause_until_ : period_ends_;
  return std::min(requested, period_ends_);
}

void Registrar::takeRound(SteadyTime now) {
  if (std::exchange(is_all_requested_, false) || period_ends_ <= now) {
    noteAllLacking();
    period_ends_ = now + std::clamp(milliseconds(settings_.load()->register_period_ms), kPeriodMin,
                                    kPeriodMax);
  }
  is_requested_ = false;
  is_urgent_ = false;
}

std::vector<RegistrationWaits::Done> Registrar::takeEnded(SteadyTime now) {
  const bool has_news = std::exchange(has_news_, false);
  if (!has_news && now < waits_.firstEnd()) {
    return {};
  }
  const NameServers* const servers = &name_servers_;
  return waits_.take([&](const RegistrationWaits::Wait& wait) {
    return wait.until <= now || (has_news && hasEnded(wait, *servers));
  });
}

void Registrar::noteAllLacking() {
  for (auto& [address, server] : name_servers_) {
    server.lackAll();
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
  requestAll(Urgency::kNow);
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
  if (lost_.erase(address) == 0) {
    return;
  }
  if (const auto known = name_servers_.find(address); known != name_servers_.end()) {
    // It may be another now.
    known->second.lackAll();
    known->second.refuses_single_topics = false;
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

void Registrar::whenRegistered(milliseconds timeout, RegistrationWaits::Done done) {
  RegistrationWaits::Wait wait{.name_servers = nameServers(),
                               .until = std::chrono::steady_clock::now() + timeout,
                               .done = std::move(done)};
  {
    MutexLock lock(mutex_);
    if (is_started_ && !stopped_ && !wait.name_servers.empty() && !waits_.isFull()) {
      // A round that has begun may have read the topics before the caller changed them.
      wait.round = awaited_round_ = rounds_started_ + 1;
      is_urgent_ = true;
      waits_.add(std::move(wait));
      wake_.notifyAll();
      return;
    }
  }
  wait.done();
}

void Registrar::awaitRegistered(milliseconds timeout) {
  const auto registered = std::make_shared<std::promise<void>>();
  whenRegistered(timeout, [registered] { registered->set_value(); });
  registered->get_future().wait();
}

bool Registrar::hasEnded(const RegistrationWaits::Wait& wait, const NameServers& servers) {
  return std::ranges::all_of(wait.name_servers, [&](const std::string& address) {
    const auto known = servers.find(address);
    return known != servers.end() && known->second.done >= wait.round;
  });
}

Status Registrar::fill(Round& round) {
  const auto settings = settings_.load();
  Result<RegistrationBody> body =
      RegistrationBody::encode(*topics_.snapshot(), settings->broker_permission,
                               settings->compressed_register, body_limits_);
  noteLength(body.status());
  ROCKETMQ_RETURN_IF_ERROR(body.status());
  round.request = RegisterBroker{.broker_name = settings->broker_name,
                                 .broker_address = settings->advertisedAddress(),
                                 .cluster_name = settings->cluster_name,
                                 .ha_server_address = settings->advertisedHaAddress(),
                                 .broker_id = settings->broker_id,
                                 .heartbeat_timeout_ms = std::nullopt,
                                 .enable_acting_master = std::nullopt,
                                 .compressed = body->compressed,
                                 .body_crc32 = static_cast<int32_t>(maskedCrc32(body->bytes))};
  round.body = Payload(std::move(body->bytes));
  round.timeout = milliseconds(settings->register_timeout_ms);
  return Status::ok();
}

void Registrar::noteLength(const Status& encoded) {
  const bool was_too_long = std::exchange(is_too_long_, !encoded.isOk());
  if (is_too_long_ && !was_too_long) {
    log::error("{}", encoded.message());
  }
}

std::vector<Registrar::Task> Registrar::beginRound(uint64_t& number) {
  const std::vector<std::string> addresses = nameServers();
  const auto settings = settings_.load();
  std::vector<Task> tasks;
  MutexLock lock(mutex_);
  number = ++rounds_started_;
  std::erase_if(name_servers_, [&](const auto& known) {
    return std::find(addresses.begin(), addresses.end(), known.first) == addresses.end();
  });
  for (const std::string& address : addresses) {
    NameServer& server = name_servers_[address];
    if (server.under_way != 0) {
      continue;
    }
    if (!server.lacks_all && server.lacks.empty()) {
      noteDone(server, number);
      continue;
    }
    // The topics of a slave are its master's, and count with its name only.
    const bool takes_single = !settings->isSlave() && !server.refuses_single_topics &&
                              (server.takes_single_topics || settings->single_topic_register);
    Task task{.address = address, .topics = {}};
    if (!server.lacks_all && takes_single) {
      task.topics.assign(server.lacks.begin(), server.lacks.end());
    }
    server.lacks_all = false;
    server.lacks.clear();
    server.under_way = number;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

void Registrar::makeRound() {
  const auto round = std::make_shared<Round>();
  round->begun = std::chrono::steady_clock::now();
  const std::vector<Task> tasks = beginRound(round->number);
  const bool needs_all =
      std::any_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.topics.empty(); });
  const Status filled = needs_all ? fill(*round) : Status::ok();
  for (const Task& task : tasks) {
    if (!task.topics.empty()) {
      registerTopics(task, round);
    } else if (filled.isOk()) {
      registerAt(task.address, round);
    } else {
      noteAnswer(task.address, *round, kNotSent, false);
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
                 std::optional<Master> named;
                 if (failure.empty() && result->header.master_address) {
                   named = {.address = *result->header.master_address,
                            .ha_address = result->header.ha_server_address.value_or("")};
                 }
                 takeMaster(address, named);
                 noteAnswer(address, *round, failure,
                            failure.empty() && result->header.takes_single_topics.value_or(false));
               });
}

void Registrar::takeMaster(const std::string& name_server, const std::optional<Master>& named) {
  {
    MutexLock lock(mutex_);
    const auto known = name_servers_.find(name_server);
    if (known == name_servers_.end()) {
      return;
    }
    known->second.named = named.value_or(Master{});
    const bool is_still_named = !master_.address.empty() &&
                                std::any_of(name_servers_.begin(), name_servers_.end(),
                                            [this](const auto& server) ROCKETMQ_REQUIRES(mutex_) {
                                              return server.second.named == master_;
                                            });
    if (!named || (*named != master_ && is_still_named)) {
      return;
    }
    master_ = *named;
  }
  if (on_master_) {
    on_master_(*named);
  }
}

void Registrar::registerTopics(const Task& task, const std::shared_ptr<Round>& round) {
  std::vector<TopicConfigPtr> topics;
  for (const std::string& name : task.topics) {
    if (TopicConfigPtr topic = topics_.find(name)) {
      topics.push_back(std::move(topic));
    }  // Else it has been removed meanwhile.
  }
  registerSingleTopics(client_, task.address, topics, *settings_.load(),
                       [this, address = task.address, round](const SingleTopicsAnswer& answer) {
                         noteTopicsAnswer(address, *round, answer);
                       });
}

Registrar::NameServer* Registrar::partOf(const std::string& address, const Round& round) {
  const auto known = name_servers_.find(address);
  return known != name_servers_.end() && known->second.under_way == round.number ? &known->second
                                                                                 : nullptr;
}

void Registrar::endPart(NameServer& server, const Round& round) {
  const auto now = std::chrono::steady_clock::now();
  pause_until_ = now + std::min<std::chrono::steady_clock::duration>(
                           kPauseShare * (now - round.begun), kPauseMax);
  server.under_way = 0;
  if (round.number < rounds_started_) {
    // It was left out of the rounds since.
    requestRound(round.number < awaited_round_ ? Urgency::kNow : Urgency::kMayPause);
  }
}

void Registrar::noteDone(NameServer& server, uint64_t round) {
  server.done = round;
  has_news_ = true;
  wake_.notifyAll();
}

void Registrar::noteAnswer(const std::string& address, const Round& round, std::string failure,
                           bool takes_single_topics) {
  MutexLock lock(mutex_);
  NameServer* const server = partOf(address, round);
  if (server == nullptr) {
    return;
  }
  if (failure != server->failure) {
    if (failure.empty()) {
      log::info("registered at name server {}", address);
    } else {
      log::warn("cannot register at name server {}: {}", address, failure);
    }
  }
  if (!failure.empty()) {
    server->lackAll();
  }
  server->failure = std::move(failure);
  server->takes_single_topics = takes_single_topics;
  noteDone(*server, round.number);
  endPart(*server, round);
}

void Registrar::noteTopicsAnswer(const std::string& address, const Round& round,
                                 const SingleTopicsAnswer& answer) {
  MutexLock lock(mutex_);
  NameServer* const server = partOf(address, round);
  if (server == nullptr) {
    return;
  }
  if (answer.failure.empty()) {
    noteDone(*server, round.number);
  } else {
    log::info("name server {} is sent all topics instead of some: {}", address, answer.failure);
    server->lackAll();
    server->refuses_single_topics = !server->takes_single_topics && !answer.is_understood;
    requestRound(round.number <= awaited_round_ ? Urgency::kNow : Urgency::kMayPause);
  }
  endPart(*server, round);
}

void Registrar::stop(milliseconds timeout) {
  bool has_registered = false;
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      return;
    }
    stopped_ = true;
    has_registered = is_started_;
    wake_.notifyAll();
  }
  seek_task_.reset();
  thread_.join();
  // Before start() whoever has this name and address at the name servers is another broker.
  if (has_registered && timeout > milliseconds(0)) {
    unregister(timeout);
  }
}

void Registrar::unregister(milliseconds timeout) {
  struct Pending {
    Mutex mutex;
    CondVar done;
    size_t left = 0;
  };
  const auto settings = settings_.load();
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
