#include "broker/send/store_guarantee.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "common/mutex.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

/// Two waits for one message; the one that ends last answers.
class BothWaits {
 public:
  explicit BothWaits(StoreGuarantee::Done done) : done_(std::move(done)) {}

  void flushed(StoreGuarantee::Outcome outcome) { end(flushed_, std::move(outcome)); }
  void replicated(StoreGuarantee::Outcome outcome) { end(replicated_, std::move(outcome)); }

 private:
  void end(StoreGuarantee::Outcome& mine, StoreGuarantee::Outcome outcome) {
    {
      MutexLock lock(mutex_);
      mine = std::move(outcome);
      if (--left_ > 0) {
        return;
      }
    }
    const bool slaves_count = flushed_.isStored() && replicated_.code != ResponseCode::kSuccess;
    done_(std::move(slaves_count ? replicated_ : flushed_));
  }

  const StoreGuarantee::Done done_;
  Mutex mutex_;
  int left_ = 2;
  // Written under the mutex; read by the last, when nobody writes any more.
  StoreGuarantee::Outcome flushed_;
  StoreGuarantee::Outcome replicated_;
};

StoreGuarantee::Outcome outcomeOf(const Status& flushed) {
  switch (flushed.code()) {
    case StatusCode::kOk:
      return {};
    case StatusCode::kReadOnly:
    case StatusCode::kClosed:
      return {ResponseCode::kServiceNotAvailable,
              "the message is not on the disk, send it again: " + flushed.message()};
    default:
      return {ResponseCode::kFlushDiskTimeout,
              "the message is stored, but not on the disk within syncFlushTimeout"};
  }
}

/// What to say of slaves `ha` that did not get everything below `end_offset`.
StoreGuarantee::Outcome outcomeOf(ReplicaOutcome outcome, int64_t end_offset, const HaServer& ha,
                                  const BrokerSettings& settings) {
  if (outcome == ReplicaOutcome::kReplicated) {
    return {};
  }
  const auto slaves = ha.slaves();
  const auto have_it =
      std::count_if(slaves.begin(), slaves.end(), [&](const SlaveConnection::State& slave) {
        return slave.is_following && slave.is_current && slave.ack_offset >= end_offset;
      });
  const auto nearerThan = [&](int64_t bytes) {
    return std::count_if(slaves.begin(), slaves.end(), [&](const SlaveConnection::State& slave) {
      return slave.is_following && end_offset - slave.ack_offset < bytes;
    });
  };
  const auto in_sync = static_cast<int32_t>(nearerThan(settings.ha_in_sync_gap_bytes_max));
  const std::string wanted =
      "slaves that must have it: " + std::to_string(settings.slavesToWaitFor(in_sync));
  if (outcome == ReplicaOutcome::kTimeout) {
    return {ResponseCode::kFlushSlaveTimeout,
            "the message is stored, but not replicated within slaveTimeout; " + wanted +
                ", that have it: " + std::to_string(have_it)};
  }
  return {ResponseCode::kSlaveNotAvailable,
          "the message is stored, but not replicated; " + wanted +
              ", connected and near enough to get it: " +
              std::to_string(nearerThan(settings.ha_slave_fall_behind_bytes_max)) +
              "; mqadmin haStatus shows the slaves"};
}

}  // namespace

StoreGuarantee::StoreGuarantee(const LiveSettings& settings, store::MessageStore& store,
                               HaServer* ha)
    : settings_(settings),
      store_(store),
      ha_(ha),
      flushes_(settings.load()->flush_disk_type == store::FlushMode::kSync),
      replicates_(ha != nullptr && settings.load()->broker_role == BrokerRole::kSyncMaster) {}

void StoreGuarantee::whenSafe(int64_t end_offset, Done done) {
  if (flushes_ && replicates_) {
    const auto both = std::make_shared<BothWaits>(std::move(done));
    whenFlushed(end_offset, [both](Outcome outcome) { both->flushed(std::move(outcome)); });
    whenReplicated(end_offset, [both](Outcome outcome) { both->replicated(std::move(outcome)); });
  } else if (flushes_) {
    whenFlushed(end_offset, std::move(done));
  } else if (replicates_) {
    whenReplicated(end_offset, std::move(done));
  } else {
    done({});
  }
}

void StoreGuarantee::whenFlushed(int64_t end_offset, Done done) {
  const auto timeout = std::chrono::milliseconds(settings_.load()->sync_flush_timeout_ms);
  store_.whenFlushed(end_offset, std::chrono::steady_clock::now() + timeout,
                     [done = std::move(done)](const Status& flushed) { done(outcomeOf(flushed)); });
}

void StoreGuarantee::whenReplicated(int64_t end_offset, Done done) {
  const auto end = [ha = ha_, &settings = settings_, end_offset,
                    done = std::move(done)](ReplicaOutcome outcome) {
    done(outcomeOf(outcome, end_offset, *ha, *settings.load()));
  };
  ha_->whenReplicated(end_offset, end);
}

}  // namespace rocketmq::broker
