#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/ha/ha_server.h"
#include "broker/settings.h"
#include "remoting/protocol/codes.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Waits until a stored message is as safe as the settings promise its sender: on this broker's
/// disk (SYNC_FLUSH), with a slave (SYNC_MASTER), or both at once (RocketMQ:
/// CommitLog.handleDiskFlushAndHA). Threads: any; nothing here blocks.
class StoreGuarantee {
 public:
  /// What to answer: SUCCESS, FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT or SLAVE_NOT_AVAILABLE, with
  /// all of which the message is stored; SERVICE_NOT_AVAILABLE when the disk has failed, so that
  /// the message may be gone after a restart and must not count as sent. That counts most, then a
  /// slave's failure, then a slow disk.
  struct Outcome {
    remoting::ResponseCode code = remoting::ResponseCode::kSuccess;
    std::string remark = {};

    bool isStored() const { return code != remoting::ResponseCode::kServiceNotAvailable; }
  };
  using Done = std::function<void(Outcome)>;

  /// True when these settings make senders wait at all.
  static bool isAsked(const BrokerSettings& settings) {
    return settings.flush_disk_type == store::FlushMode::kSync ||
           settings.broker_role == BrokerRole::kSyncMaster;
  }

  /// Everything is borrowed. `ha`: null on a slave.
  StoreGuarantee(const LiveSettings& settings, store::MessageStore& store, HaServer* ha);

  /// False: the message must be refused, as too few brokers could keep it (RocketMQ:
  /// IN_SYNC_REPLICAS_NOT_ENOUGH).
  bool mayStore() const { return !replicates_ || ha_->hasEnoughInSync(); }

  /// Calls `done` once everything below `end_offset` is safe, or when that has taken too long; on
  /// the thread that found out. Must be quick.
  void whenSafe(int64_t end_offset, Done done);

 private:
  void whenFlushed(int64_t end_offset, Done done);
  void whenReplicated(int64_t end_offset, Done done);

  const LiveSettings& settings_;
  store::MessageStore& store_;
  HaServer* const ha_;
  const bool flushes_;
  const bool replicates_;
};

}  // namespace rocketmq::broker
