#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/ip/address.hpp>

#include "common/status.h"

namespace rocketmq::remoting {

/// Finds the addresses of hosts. The system's look-up may take many seconds and cannot be ended, so
/// each runs on a thread that nobody waits for, neither other names nor who stops meanwhile.
///
/// Threads: any. Bounds: a name is looked up once at a time, for all who ask, and kLookupsMax names
/// at the same time; further ones wait their turn. Life: look-ups that outlive it end by
/// themselves.
class HostLookup {
 public:
  static constexpr size_t kLookupsMax = 8;

  using Addresses = std::vector<asio::ip::address>;
  using Resolve = std::function<Result<Addresses>(const std::string& host)>;
  using Callback = std::function<void(const Result<Addresses>&)>;

  /// The process's, which asks the system.
  static HostLookup& shared();

  /// `resolve` may take any time.
  explicit HostLookup(Resolve resolve);

 private:
  class Waiter;

 public:
  /// Somebody's interest in a result. Without it nothing is called back: let go of, it waits for
  /// the callback that runs.
  class Ticket {
   public:
    Ticket() = default;
    explicit Ticket(std::shared_ptr<Waiter> waiter) : waiter_(std::move(waiter)) {}
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { cancel(); }

    void cancel();

   private:
    std::shared_ptr<Waiter> waiter_;
  };

  /// Calls back once, on the look-up's thread; the callback must not block, nor cancel the ticket.
  [[nodiscard]] Ticket find(const std::string& host, Callback callback);

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace rocketmq::remoting
