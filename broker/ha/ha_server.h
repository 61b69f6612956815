#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/ha/replica_waits.h"
#include "broker/ha/slave_connection.h"
#include "broker/settings.h"
#include "common/mutex.h"
#include "common/status.h"
#include "remoting/acceptor.h"
#include "remoting/io_pool.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The master's part of replication (RocketMQ: HAService): takes slaves' connections on the HA
/// port, sends them the log as it grows, and tells sends that wait for slaves.
///
/// Life:    start() -> stop() or destructor, before the pool ends.
/// Threads: one event loop, thread 0 of the pool, serves all slaves; the public functions any.
class HaServer {
 public:
  /// Listens on bindAddress:haListenPort. Io when the port is taken. Everything is borrowed.
  static Result<std::unique_ptr<HaServer>> start(remoting::IoPool& pool, store::MessageStore& store,
                                                 const LiveSettings& settings);
  ~HaServer();

  uint16_t port() const;

  /// The store's append listener: wakes the event loop if it sleeps.
  void onAppended();

  /// Calls `done`, on the HA thread or at once, when enough slaves have everything below
  /// `end_offset`; see ReplicaWaits and the settings inSyncReplicas, haSlaveFallbehindMax,
  /// slaveTimeout.
  void whenReplicated(int64_t end_offset, ReplicaWaits::Done done);

  /// Slaves that are nearer to the log's end than haMaxGapNotInSync.
  int32_t inSyncSlaves() const;

  /// False while fewer brokers than minInSyncReplicas are in sync.
  bool hasEnoughInSync() const;

  std::vector<SlaveConnection::State> slaves() const;

  /// Waits, at most until `deadline`, for the slaves that have not all of the log yet; not for one
  /// that is further behind than haSlaveFallbehindMax. Not from the HA thread.
  void awaitSlaves(std::chrono::steady_clock::time_point deadline);

  /// Closes the port and all connections and ends the waits. Not from the HA thread. Idempotent.
  void stop();

 private:
  class Impl;
  explicit HaServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq::broker
