#pragma once

#include <chrono>
#include <cstdint>

#include "broker/group/client_registry.h"
#include "broker/send/store_guarantee.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/thread.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Asks producers how transactions ended that have been open for too long (RocketMQ:
/// TransactionalMessageCheckService): every transactionCheckInterval it goes through the open half
/// messages once, in order. One that is due is stored again with the number of its check, so that
/// the count survives, and CHECK_TRANSACTION_STATE goes to one client of its producer group. After
/// transactionCheckMax checks, or fileReservedTime, it is moved to TRANS_CHECK_MAX_TIME_TOPIC.
///
/// Threads: one of its own does all the work.
/// Bounds:  at most kChecksPerStep half messages are stored again in one step, and steps of one
///          round are kStepPause apart. A client whose connection has too much to write is not
///          asked; the half message waits for the next round with its count unchanged.
///          With `renewed_max` transactions checked and open no further one is begun with; those
///          are checked as before, and what is too old is given up.
class CheckService {
 public:
  static constexpr int32_t kChecksPerStep = 2000;
  static constexpr std::chrono::milliseconds kStepPause{1000};
  static constexpr size_t kRenewedMax = 1'000'000;
  /// An open half message that is not due is stored again when it lies so far back, since progress
  /// cannot pass it and retention would take it.
  static constexpr int64_t kCarryDistance = 1 << 16;

  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    TopicTable& topics;
    ClientRegistry& clients;
    store::MessageStore& store;
    StoreGuarantee& guarantee;
    const HalfMessages& messages;
    HalfLedger& ledger;
    const Clock& clock;
  };

  CheckService(const Parts& parts, const HostAddress& store_host, size_t renewed_max = kRenewedMax);
  ~CheckService() { stop(); }

  void start();
  /// Ends the thread. Idempotent.
  void stop();

  /// Does one step and returns how long to wait for the next. The thread calls it; tests do instead
  /// of start().
  std::chrono::milliseconds step();

  /// Gives a half message, open or given up, its checks anew, beginning with the first (RocketMQ:
  /// RESUME_CHECK_HALF_MESSAGE). NotFound when no such message is at that place of the log,
  /// InvalidArgument when its transaction is over, Busy when it is being ended.
  Status resume(int64_t physical_offset);

 private:
  /// What becomes of a half message in this step.
  enum class Plan : uint8_t {
    kLeave,   ///< Too young, or stored too lately.
    kCarry,   ///< Too young, but too far back.
    kCheck,   ///< Due.
    kGiveUp,  ///< Checked too often, or too old.
  };
  enum class Outcome : uint8_t {
    kDone,
    kRenewed,  ///< Done, by storing it again.
    kLater,    ///< This one has to wait; go on with others.
    kFailed,   ///< The store refuses; end the step.
  };

  void run();
  bool waitFor(std::chrono::milliseconds pause);
  void beginRound();
  Plan plan(const HalfMessage& half) const;
  Outcome handle(const HalfMessage& half);
  Outcome check(const HalfMessage& half);
  Outcome renew(const HalfMessage& half, int32_t check_times, store::PutResult& put);
  Outcome giveUp(const HalfMessage& half);
  void ask(const remoting::ConnectionPtr& producer, const HalfMessage& half, int32_t check_times,
           const store::PutResult& put) const;

  const Parts parts_;
  const HostAddress store_host_;
  const size_t renewed_max_;

  // The round, known to the working thread only.
  TimestampMs round_start_ms_ = 0;
  int64_t next_ = 0;  ///< Half offset to look at next.
  int64_t end_ = 0;   ///< Where the round ends; next_ == end_: no round is on.
  int32_t stored_in_step_ = 0;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  NamedThread thread_;
};

}  // namespace rocketmq::broker
