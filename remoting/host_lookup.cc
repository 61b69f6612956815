#include "remoting/host_lookup.h"

#include <pthread.h>

#include <deque>
#include <map>
#include <system_error>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "common/mutex.h"
#include "common/per_process.h"

namespace rocketmq::remoting {
namespace {

Result<HostLookup::Addresses> askSystem(const std::string& host) {
  asio::io_context context;
  asio::ip::tcp::resolver resolver(context);
  asio::error_code error;
  const auto found = resolver.resolve(host, "", error);
  if (error) {
    return Status::io(error.message());
  }
  HostLookup::Addresses addresses;
  for (const auto& entry : found) {
    addresses.push_back(entry.endpoint().address());
  }
  return addresses;
}

}  // namespace

class HostLookup::Waiter {
 public:
  explicit Waiter(Callback callback) : callback_(std::move(callback)) {}

  void tell(const Result<Addresses>& found) {
    // Called under the mutex, so that nobody has let go while it runs.
    MutexLock lock(mutex_);
    if (const Callback callback = std::exchange(callback_, nullptr)) {
      callback(found);
    }
  }

  void cancel() {
    MutexLock lock(mutex_);
    callback_ = nullptr;
  }

  bool wants() const {
    MutexLock lock(mutex_);
    return callback_ != nullptr;
  }

 private:
  mutable Mutex mutex_;
  Callback callback_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// Shared by the threads, which may outlive everything else.
class HostLookup::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Resolve resolve) : resolve_(std::move(resolve)) {}

  void add(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
    Waiters failed;
    {
      MutexLock lock(mutex_);
      const auto [entry, is_new] = waiting_.try_emplace(host);
      dropUnwanted(entry->second);
      entry->second.push_back(waiter);
      if (!is_new) {
        return;
      }
      queue_.push_back(host);
      if (threads_ >= kLookupsMax || startThread()) {
        return;
      }
      queue_.pop_back();
      failed = std::move(entry->second);
      waiting_.erase(entry);
    }
    tellAll(failed, Status::io("the system has no thread for looking up " + host));
  }

 private:
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  static void dropUnwanted(Waiters& waiters) {
    std::erase_if(waiters, [](const auto& waiter) { return !waiter->wants(); });
  }

  static void tellAll(const Waiters& waiters, const Result<Addresses>& found) {
    for (const auto& waiter : waiters) {
      waiter->tell(found);
    }
  }

  bool startThread() ROCKETMQ_REQUIRES(mutex_) {
    try {
      std::thread([self = shared_from_this()] { self->run(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    ++threads_;
    return true;
  }

  void run() {
    pthread_setname_np(pthread_self(), "rmq-lookup");
    for (std::string host; next(host);) {
      const Result<Addresses> found = resolve_(host);
      tellAll(take(host), found);
    }
  }

  /// The next name that somebody still wants; false, and the thread is not counted any more, when
  /// there is none.
  bool next(std::string& host) {
    MutexLock lock(mutex_);
    while (!queue_.empty()) {
      host = std::move(queue_.front());
      queue_.pop_front();
      const auto entry = waiting_.find(host);
      dropUnwanted(entry->second);
      if (!entry->second.empty()) {
        return true;
      }
      waiting_.erase(entry);
    }
    --threads_;
    return false;
  }

  Waiters take(const std::string& host) {
    MutexLock lock(mutex_);
    const auto entry = waiting_.find(host);
    Waiters waiters = std::move(entry->second);
    waiting_.erase(entry);
    return waiters;
  }

  const Resolve resolve_;

  Mutex mutex_;
  /// By name: whose look-up runs, or waits in the queue.
  std::map<std::string, Waiters> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  std::deque<std::string> queue_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t threads_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

namespace {

struct SystemLookup : HostLookup {
  SystemLookup() : HostLookup(askSystem) {}
};

}  // namespace

HostLookup& HostLookup::shared() { return PerProcess<SystemLookup>::get(); }

HostLookup::HostLookup(Resolve resolve) : state_(std::make_shared<State>(std::move(resolve))) {}

HostLookup::Ticket HostLookup::find(const std::string& host, Callback callback) {
  auto waiter = std::make_shared<Waiter>(std::move(callback));
  state_->add(host, waiter);
  return Ticket(std::move(waiter));
}

HostLookup::Ticket& HostLookup::Ticket::operator=(Ticket&& other) noexcept {
  cancel();
  waiter_ = std::move(other.waiter_);
  return *this;
}

void HostLookup::Ticket::cancel() {
  if (waiter_ != nullptr) {
    waiter_->cancel();
  }
}

}  // namespace rocketmq::remoting
