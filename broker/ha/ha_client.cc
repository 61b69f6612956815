#include "broker/ha/ha_client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "common/log.h"
#include "common/mutex.h"
#include "remoting/connect_attempt.h"
#include "remoting/socket_address.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kRetryMin{100};
constexpr milliseconds kRetryMax{5000};
constexpr milliseconds kRatePeriod{1000};
/// A slave that goes on to refuse its master's log says so again.
constexpr std::chrono::minutes kRefusalPeriod{10};

}  // namespace

class HaClient::Impl final : public MasterConnection::Listener,
                             public std::enable_shared_from_this<Impl> {
 public:
  Impl(remoting::IoPool& pool, store::MessageStore& store, const LiveSettings& settings,
       const Clock& clock)
      : pool_(pool),
        context_(pool.context(0)),
        store_(store),
        settings_(settings),
        clock_(clock),
        retry_timer_(context_.get_executor()) {}

  void start();
  void setMasterAddress(const std::string& address);
  void setMasterLogBegin(int64_t offset) {
    master_log_begin_.store(offset, std::memory_order_relaxed);
  }
  HaClient::State state() const;
  void stop();

 private:
  void useAddress(const std::string& address);

  // All on the HA thread.
  void reconnect();
  /// The master's address has changed since connect().
  bool hasMoved() const;
  void connect();
  void onSocket(Result<remoting::ConnectedSocket> connected);
  void onCompared(LogMatch match, const std::string& problem) override;
  void onClosed(const std::string& reason, bool was_useful) override;
  void retryLater();
  void logFailure(const std::string& failure);
  void sampleRate();

  remoting::IoPool& pool_;
  asio::io_context& context_;
  store::MessageStore& store_;
  const LiveSettings& settings_;
  const Clock& clock_;

  remoting::SteadyTimer retry_timer_;
  std::shared_ptr<remoting::ConnectAttempt> attempt_;
  std::string attempted_address_;
  std::shared_ptr<MasterConnection> connection_;
  milliseconds pause_ = kRetryMin;
  std::string last_failure_;
  bool is_stopped_ = false;

  std::atomic<int64_t> master_log_begin_{0};
  steady_clock::time_point refusal_logged_;
  MasterConnection::Traffic traffic_;
  std::optional<remoting::PeriodicTask> rate_task_;
  int64_t sampled_bytes_ = 0;
  std::atomic<int64_t> bytes_per_second_{0};

  mutable Mutex mutex_;
  std::string address_ ROCKETMQ_GUARDED_BY(mutex_);
  bool is_connected_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  /// Of the master whose log this one follows; empty: of none.
  std::string followed_address_ ROCKETMQ_GUARDED_BY(mutex_);
  LogMatch log_match_ ROCKETMQ_GUARDED_BY(mutex_) = LogMatch::kUnknown;
};

void HaClient::Impl::start() {
  rate_task_.emplace(
      pool_, 0,
      remoting::PeriodicTask::Options{.initial_delay = kRatePeriod, .period = kRatePeriod},
      [this] { sampleRate(); });
  if (const std::string fixed = settings_.load()->ha_master_address; !fixed.empty()) {
    useAddress(fixed);
  }
}

void HaClient::Impl::setMasterAddress(const std::string& address) {
  if (settings_.load()->ha_master_address.empty()) {
    useAddress(address);
  }
}

void HaClient::Impl::useAddress(const std::string& address) {
  {
    // At once: what is known of the log of the master before does not count from here on.
    MutexLock lock(mutex_);
    if (address == address_) {
      return;
    }
    address_ = address;
    master_log_begin_.store(0, std::memory_order_relaxed);
  }
  log::info("the master's HA address is {}", address);
  asio::post(context_, [self = shared_from_this()] { self->reconnect(); });
}

HaClient::State HaClient::Impl::state() const {
  HaClient::State state;
  state.bytes_per_second = bytes_per_second_.load(std::memory_order_relaxed);
  state.last_read_ms = traffic_.last_read_ms.load(std::memory_order_relaxed);
  state.last_write_ms = traffic_.last_write_ms.load(std::memory_order_relaxed);
  MutexLock lock(mutex_);
  state.log_match = log_match_;
  state.master_address = address_;
  state.is_connected = is_connected_;
  state.is_following = !address_.empty() && followed_address_ == address_;
  return state;
}

void HaClient::Impl::stop() {
  std::promise<void> stopped;
  asio::post(context_, [&] {
    is_stopped_ = true;
    retry_timer_.cancel();
    if (attempt_ != nullptr) {
      attempt_->cancel();
    }
    if (connection_ != nullptr) {
      connection_->close("this broker stops");
    }
    stopped.set_value();
  });
  stopped.get_future().wait();
  rate_task_.reset();
}

void HaClient::Impl::reconnect() {
  if (is_stopped_ || !hasMoved()) {
    return;
  }
  pause_ = kRetryMin;
  if (connection_ != nullptr) {
    connection_->close("the master's address has changed");  // Connects again.
  } else if (attempt_ != nullptr) {
    attempt_->cancel();  // onSocket() connects again.
  } else {
    retry_timer_.cancel();
    connect();
  }
}

bool HaClient::Impl::hasMoved() const {
  MutexLock lock(mutex_);
  return address_ != attempted_address_;
}

void HaClient::Impl::connect() {
  std::string address;
  {
    MutexLock lock(mutex_);
    address = address_;
  }
  attempted_address_ = address;
  const auto target = remoting::HostAndPort::parse(address);
  if (!target) {
    logFailure(target.status().message());
    return;
  }
  const remoting::ConnectAttempt::Limits limits{
      .timeout = milliseconds(settings_.load()->connect_timeout_ms), .waiters_max = 0};
  attempt_ = std::make_shared<remoting::ConnectAttempt>(
      context_, remoting::HostLookup::shared(), address, *target, nullptr, limits,
      [self = shared_from_this()](
          Result<remoting::ConnectedSocket> connected) -> Result<remoting::ConnectionPtr> {
        self->onSocket(std::move(connected));
        return Status::closed("nobody waits for a connection");
      });
  attempt_->start();
}

void HaClient::Impl::onSocket(Result<remoting::ConnectedSocket> connected) {
  attempt_.reset();
  if (is_stopped_) {
    return;
  }
  if (hasMoved()) {
    connect();
    return;
  }
  if (!connected) {
    logFailure(connected.status().message());
    retryLater();
    return;
  }
  connection_ = std::make_shared<MasterConnection>(
      std::move(connected->socket), MasterConnection::Parts{.store = store_,
                                                            .settings = settings_,
                                                            .clock = clock_,
                                                            .traffic = traffic_,
                                                            .master_log_begin = master_log_begin_,
                                                            .listener = *this});
  {
    MutexLock lock(mutex_);
    is_connected_ = true;
    followed_address_.clear();
    // What was found out about the log of before, maybe another master's, is not known of this one.
    if (log_match_ == LogMatch::kSame) {
      log_match_ = LogMatch::kUnknown;
    }
    log::info("connected to the master's HA port {}; this log ends at {}", address_,
              store_.commitLogMaxOffset());
  }
  // Held here: a connection that fails at once is let go of by onClosed().
  const auto connection = connection_;
  connection->start();
}

void HaClient::Impl::onCompared(LogMatch match, const std::string& problem) {
  MutexLock lock(mutex_);
  const bool is_news = std::exchange(log_match_, match) != match;
  followed_address_ = match == LogMatch::kSame ? attempted_address_ : "";
  const auto now = steady_clock::now();
  if (!problem.empty() && (is_news || now - refusal_logged_ >= kRefusalPeriod)) {
    refusal_logged_ = now;
    log::error("{}", problem);
  }
}

void HaClient::Impl::onClosed(const std::string& reason, bool was_useful) {
  connection_.reset();
  {
    MutexLock lock(mutex_);
    is_connected_ = false;
  }
  if (was_useful) {
    pause_ = kRetryMin;
    last_failure_.clear();
  }
  if (!is_stopped_) {
    logFailure(reason);
    retryLater();
  }
}

void HaClient::Impl::retryLater() {
  retry_timer_.expires_after(pause_);
  pause_ = std::min(2 * pause_, kRetryMax);
  retry_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error && !self->is_stopped_ && self->connection_ == nullptr && self->attempt_ == nullptr) {
      self->connect();
    }
  });
}

/// A failure that goes on is told once.
void HaClient::Impl::logFailure(const std::string& failure) {
  if (failure != std::exchange(last_failure_, failure)) {
    MutexLock lock(mutex_);
    log::warn("not connected to the master's HA port {}: {}", address_, failure);
  }
}

void HaClient::Impl::sampleRate() {
  const int64_t bytes = traffic_.bytes.load(std::memory_order_relaxed);
  bytes_per_second_.store((bytes - sampled_bytes_) * 1000 / kRatePeriod.count(),
                          std::memory_order_relaxed);
  sampled_bytes_ = bytes;
}

HaClient::HaClient(remoting::IoPool& pool, store::MessageStore& store, const LiveSettings& settings,
                   const Clock& clock)
    : impl_(std::make_shared<Impl>(pool, store, settings, clock)) {}

HaClient::~HaClient() { stop(); }

void HaClient::start() { impl_->start(); }

void HaClient::setMasterAddress(const std::string& address) { impl_->setMasterAddress(address); }

void HaClient::setMasterLogBegin(int64_t offset) { impl_->setMasterLogBegin(offset); }

HaClient::State HaClient::state() const { return impl_->state(); }

void HaClient::stop() {
  if (!std::exchange(is_stopped_, true)) {
    impl_->stop();
  }
}

}  // namespace rocketmq::broker
