#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "client/trace/trace_record.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/thread.h"
#include "rocketmq/default_mq_producer.h"

namespace rocketmq::client {

class ProducerCore;

/// Takes the traces of one producer or consumer and sends them, several in one message, to the
/// trace topic (RocketMQ: AsyncTraceDispatcher). It has a producer of its own inside the owner's
/// client instance: no connection or heartbeat more.
///
/// Life:    create() -> shutdown(), which sends what waits, for half a second at most.
/// Threads: any may append, which costs the encoding and never waits; one thread sends.
/// Bounds:  2,048 records or 4 MiB wait for the sender; more are dropped. Dropped traces and those
///          that no broker took are counted, and logged once a minute at most.
class TraceDispatcher {
 public:
  enum class Kind { kProduce, kConsume };

  /// `group` is the owner's, as the application wrote it; `client_id` names the instance to share.
  /// Null, with a line in the log, when no traces are wanted or the producer cannot start: a client
  /// works without its traces.
  static std::unique_ptr<TraceDispatcher> create(const ClientConfig& config,
                                                 const std::string& client_id,
                                                 const std::string& group, Kind kind);
  ~TraceDispatcher();
  TraceDispatcher(const TraceDispatcher&) = delete;
  TraceDispatcher& operator=(const TraceDispatcher&) = delete;

  /// False for the trace topic itself: a trace of a trace would never end.
  bool covers(std::string_view topic) const { return !topic.starts_with(topic_); }

  /// `message_id` and the words of `keys` are what the trace is found by.
  void append(const TraceRecord& record, const std::string& message_id, const std::string& keys);

  void shutdown();

  /// Records dropped at the bound, and records that were sent but not stored.
  int64_t dropped() const;
  int64_t failed() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Item {
    std::string data;
    std::set<std::string> keys;
    Clock::time_point since;
  };
  /// What goes out in one message.
  struct Batch {
    std::string data;
    std::set<std::string> keys;
    int64_t records = 0;
  };

  TraceDispatcher(const ProducerConfig& config, const std::string& client_id, std::string topic);

  /// Throws std::system_error when the system has no thread for the sender.
  Status start();
  void run();
  std::optional<Batch> nextBatch();
  bool isDue(Clock::time_point now) const ROCKETMQ_REQUIRES(mutex_);
  Batch takeBatch() ROCKETMQ_REQUIRES(mutex_);
  void send(Batch batch);
  void settle(int64_t records, bool stored);
  void awaitAnswers();
  void report(bool now);

  const std::string topic_;
  const ProducerConfig config_;
  const std::unique_ptr<ProducerCore> producer_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Item> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int32_t outstanding_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t dropped_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t failed_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  Clock::time_point stop_by_ ROCKETMQ_GUARDED_BY(mutex_);

  // Sender thread only.
  int64_t reported_ = 0;
  Clock::time_point next_report_ = Clock::now();

  NamedThread sender_;
};

}  // namespace rocketmq::client
