#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "broker/transaction/half_ledger.h"
#include "common/clock.h"
#include "common/message/host_address.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The property in which RocketMQ 5 repeats a half message's UNIQ_KEY.
inline constexpr std::string_view kTransactionIdProperty = "__transactionId__";

/// Room that a half message's properties leave for what checks write into them.
inline constexpr size_t kHalfPropertiesReserve = 128;

/// A half message as it is stored. Views point into the log, which `slice` keeps.
struct HalfMessage {
  store::LogSlice slice;
  MessageRecord record;
  HalfCopy copy;
  std::string_view producer_group;  ///< PGROUP; empty when the producer did not say.
  std::string_view unique_key;      ///< UNIQ_KEY
  std::string_view real_topic;
  int32_t real_queue_id = -1;
  int32_t check_times = 0;  ///< TRANSACTION_CHECK_TIMES
  /// CHECK_IMMUNITY_TIME_IN_SECONDS, when the message has a number there that is not -1.
  std::optional<std::chrono::milliseconds> immunity;

  bool hasTarget() const { return !real_topic.empty() && real_queue_id >= 0; }
};

/// Reads and writes the records of transactions in the store, in RocketMQ's form (RocketMQ:
/// TransactionalMessageBridge).
///
/// Threads: any.
class HalfMessages {
 public:
  /// Borrowed. `store_host`: the advertised address.
  HalfMessages(store::MessageStore& store, const Clock& clock, const HostAddress& store_host)
      : store_(store), clock_(clock), store_host_(store_host) {}

  /// First and one past the last offset of the half topic and of the op topic.
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  Range halves() const;
  Range ops() const;
  /// Where the log ends that has all of this.
  int64_t logEnd() const { return store_.commitLogMaxOffset(); }

  // Busy or Io from what reads here: what is asked for may be there and cannot be read now.

  /// NotFound when the queue or the log no longer has it, Corruption when it is damaged.
  Result<HalfMessage> at(int64_t queue_offset) const;
  /// The same for a message whose place in the log is claimed to be known: NotFound unless it is.
  Result<HalfMessage> at(int64_t queue_offset, int64_t physical_offset) const;
  /// The place of the half message is recent enough that reading it will not wait for the disk.
  bool isInMemory(int64_t queue_offset) const;

  /// What the body of an op record names: one half message in RocketMQ 4.9, several in 5.x.
  static std::vector<int64_t> parseOps(std::string_view body);

  /// The half messages that an op record names. Empty when it is lost.
  Result<std::vector<int64_t>> endedBy(int64_t op_offset) const;

  /// The log offsets of the half messages that were committed into a queue, as its last `count`
  /// messages tell.
  Result<std::unordered_set<int64_t>> committedInto(std::string_view topic, int32_t queue_id,
                                                    int32_t count) const;

  /// Stores the message under its real topic, visible. Precondition: hasTarget().
  store::PutResult putReal(const HalfMessage& half) const;
  /// Stores the op record that says a half message is over. In the form of RocketMQ 4.9, which 5.x
  /// reads too; the other way round it would not do.
  store::PutResult putOp(int64_t half_offset) const;
  /// Stores another copy in the half topic. Its properties know the first copy.
  store::PutResult putCopy(const HalfMessage& half, int32_t check_times) const;
  /// Stores a given-up message in TRANS_CHECK_MAX_TIME_TOPIC.
  store::PutResult putGivenUp(const HalfMessage& half) const;
  /// Stores a given-up message in the half topic as if it were new.
  store::PutResult putResumed(const HalfMessage& half) const;

  /// The body of CHECK_TRANSACTION_STATE: the copy stored with `put`, under its real topic.
  static std::string checkBody(const HalfMessage& half, int32_t check_times,
                               const store::PutResult& put);

  /// Removes from a client's properties what only checks may write there.
  static void removeMarks(std::string& properties);

  /// The half message in a record, wherever that lies.
  static Result<HalfMessage> decode(store::LogSlice slice);

 private:
  /// The entries of a queue from `index` on, at most `count`; NotFound when it does not have that.
  Result<std::vector<store::QueueEntry>> entriesFrom(std::string_view topic, int32_t queue_id,
                                                     int64_t index, int32_t count) const;

  store::MessageStore& store_;
  const Clock& clock_;
  const HostAddress store_host_;
};

}  // namespace rocketmq::broker
