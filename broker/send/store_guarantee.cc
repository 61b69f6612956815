#include "broker/send/store_guarantee.h"

#include <chrono>
#include <memory>
#include <utility>

#include "common/mutex.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

/// Two waits for one message; the one that ends last answers.
class BothWaits {
 public:
  explicit BothWaits(StoreGuarantee::Done done) : done_(std::move(done)) {}

  void flushed(StoreGuarantee::Outcome outcome) { end(flushed_, outcome); }
  void replicated(StoreGuarantee::Outcome outcome) { end(replicated_, outcome); }

 private:
  void end(StoreGuarantee::Outcome& mine, StoreGuarantee::Outcome outcome) {
    {
      MutexLock lock(mutex_);
      mine = outcome;
      if (--left_ > 0) {
        return;
      }
    }
    done_(replicated_.code != ResponseCode::kSuccess ? replicated_ : flushed_);
  }

  const StoreGuarantee::Done done_;
  Mutex mutex_;
  int left_ = 2;
  // Written under the mutex; read by the last, when nobody writes any more.
  StoreGuarantee::Outcome flushed_;
  StoreGuarantee::Outcome replicated_;
};

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
    whenFlushed(end_offset, [both](Outcome outcome) { both->flushed(outcome); });
    whenReplicated(end_offset, [both](Outcome outcome) { both->replicated(outcome); });
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
  store_.whenFlushed(
      end_offset, std::chrono::steady_clock::now() + timeout,
      [done = std::move(done)](bool flushed) {
        done(flushed
                 ? Outcome{}
                 : Outcome{ResponseCode::kFlushDiskTimeout,
                           "the message is stored, but not on the disk within syncFlushTimeout"});
      });
}

void StoreGuarantee::whenReplicated(int64_t end_offset, Done done) {
  ha_->whenReplicated(end_offset, [done = std::move(done)](ReplicaOutcome outcome) {
    switch (outcome) {
      case ReplicaOutcome::kReplicated:
        done({});
        return;
      case ReplicaOutcome::kSlaveNotAvailable:
        done({ResponseCode::kSlaveNotAvailable,
              "the message is stored, but no slave is connected and near enough to get it; "
              "mqadmin haStatus shows the slaves"});
        return;
      case ReplicaOutcome::kTimeout:
        done({ResponseCode::kFlushSlaveTimeout,
              "the message is stored, but no slave had it within slaveTimeout"});
        return;
    }
  });
}

}  // namespace rocketmq::broker
