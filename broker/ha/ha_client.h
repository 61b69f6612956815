#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/ha/master_connection.h"
#include "broker/settings.h"
#include "common/clock.h"
#include "remoting/io_pool.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// A slave's part of replication (RocketMQ: HAClient): keeps a connection to the master's HA port,
/// through which the log is copied. A connection that fails is tried again after 100 ms, then
/// after ever longer pauses up to 5 s.
///
/// Life:    constructor -> start() -> stop() or destructor, before the pool ends.
/// Threads: thread 0 of the pool does the work, appends included; the public functions any.
class HaClient {
 public:
  /// Everything is borrowed.
  HaClient(remoting::IoPool& pool, store::MessageStore& store, const LiveSettings& settings,
           const Clock& clock);
  ~HaClient();

  /// Connects to haMasterAddress if that is set, else waits for setMasterAddress().
  void start();

  /// Where the name servers say that the master is ("host:port"). A change of it ends the
  /// connection to the one before. Ignored when haMasterAddress is set.
  void setMasterAddress(const std::string& address);

  /// What the master says of itself: tells a slave that is too far behind for it from one that is
  /// ahead.
  void setMasterLogBegin(int64_t offset);

  struct State {
    std::string master_address;  ///< Empty: not known yet.
    bool is_connected = false;
    /// The last that was found out; kSame by the connection of now.
    LogMatch log_match = LogMatch::kUnknown;
    /// This log was found to be the same as that of the master at `master_address` when they were
    /// last connected: false from the moment of a new connection until it has been compared there.
    bool is_following = false;
    int64_t bytes_per_second = 0;
    TimestampMs last_read_ms = 0;
    TimestampMs last_write_ms = 0;
  };
  State state() const;

  /// Not from the HA thread. Idempotent.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
  bool is_stopped_ = false;
};

}  // namespace rocketmq::broker
