#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_set>

#include "common/mutex.h"
#include "namesrv/routes.h"
#include "remoting/connection.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"

namespace rocketmq::namesrv {

/// Where registrations, and all else that brokers say of themselves, are applied one after the
/// other. Requests of others have lanes of their own: however many wait there, and whatever they
/// cost, brokers register meanwhile.
inline constexpr remoting::Lane kBrokersLane = remoting::Lane::kClient;

/// Takes brokers out of the routes that have gone: at once when the connection of their last
/// registration closes, else when they were silent for longer than their timeout (RocketMQ:
/// BrokerHousekeepingService and RouteInfoManager.scanNotActiveBroker).
///
/// Threads: any. The work is done on the lane of registrations, in pieces that let others pass;
/// what the full lane refuses is done with the next scan. A broker whose registration waits there
/// is not taken for silent. Life: stop() before the lanes stop, the lanes before this is destroyed.
class Liveness {
 public:
  /// All borrowed. Scans every `scan_interval` from the start on.
  Liveness(Routes& routes, remoting::Lanes& lanes, remoting::IoPool& pool,
           std::chrono::milliseconds scan_interval);

  /// A broker registers over this connection. Call before the registration is applied, and
  /// settle() after it.
  void watch(const remoting::Connection& connection);
  /// Removes the broker again if its connection closed while its registration was on the way.
  void settle(const remoting::Connection& connection);

  /// To be told of every connection that closes; clients' are ignored.
  void connectionClosed(const remoting::Connection& connection);

  void stop();

 private:
  void removeClosed();
  void scan();

  Routes& routes_;
  remoting::Lanes& lanes_;

  Mutex mutex_;  ///< A leaf, held for an insertion.
  std::unordered_set<uint64_t> watched_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Not more than were watched.
  std::unordered_set<uint64_t> closed_ ROCKETMQ_GUARDED_BY(mutex_);

  std::unique_ptr<remoting::PeriodicTask> scan_task_;
};

}  // namespace rocketmq::namesrv
