#include "client/trace/trace_dispatcher.h"

#include <algorithm>
#include <atomic>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "client/producer/producer_core.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDefaultTopic = "RMQ_SYS_TRACE_TOPIC";
// RocketMQ: TraceConstants.GROUP_NAME_PREFIX.
constexpr std::string_view kGroupPrefix = "_INNER_TRACE_PRODUCER";
// The prefix, the kind and a number come on top.
constexpr size_t kOwnGroupBytesMax = 200;

constexpr size_t kWaitingMax = 2048;
constexpr size_t kWaitingBytesMax = 4 << 20;
// RocketMQ parity: 100 records, 128,000 bytes less some room, half a second.
constexpr size_t kRecordsPerMessage = 100;
constexpr int32_t kMessageBytesMax = 128'000;
constexpr size_t kDataBytesPerMessage = kMessageBytesMax - 10'000;
constexpr milliseconds kFlushDelay{500};
// Keys are a property, and all properties of a message have 32,767 bytes.
constexpr size_t kKeyBytesPerMessage = 20'000;
constexpr milliseconds kSendTimeout{5000};
constexpr int32_t kOutstandingMax = 16;
constexpr milliseconds kFarewell{500};
constexpr std::chrono::minutes kReportPeriod{1};

size_t bytesOf(const std::set<std::string>& keys) {
  size_t bytes = 0;
  for (const std::string& key : keys) {
    bytes += key.size() + 1;
  }
  return bytes;
}

std::string groupName(const std::string& owner, TraceDispatcher::Kind kind) {
  static std::atomic<int64_t> counter{0};
  return std::string(kGroupPrefix) + "-" + owner.substr(0, kOwnGroupBytesMax) + "-" +
         (kind == TraceDispatcher::Kind::kProduce ? "PRODUCE" : "CONSUME") + "-" +
         std::to_string(counter.fetch_add(1) + 1);
}

}  // namespace

std::unique_ptr<TraceDispatcher> TraceDispatcher::create(const ClientConfig& config,
                                                         const std::string& client_id,
                                                         const std::string& group, Kind kind) {
  if (!config.enable_msg_trace) {
    return nullptr;
  }
  std::string topic = config.trace_topic.empty() ? std::string(kDefaultTopic) : config.trace_topic;
  ProducerConfig own;
  static_cast<ClientConfig&>(own) = config;
  own.enable_msg_trace = false;
  own.name_space.clear();  // The trace topic is the same for all namespaces.
  own.producer_group = groupName(group, kind);
  own.send_msg_timeout = kSendTimeout;
  own.max_message_size = kMessageBytesMax;

  std::unique_ptr<TraceDispatcher> dispatcher;
  Status status = validateTopic(topic);
  if (status.isOk()) {
    try {
      dispatcher.reset(new TraceDispatcher(own, client_id, topic));
      status = dispatcher->start();
    } catch (const std::system_error& failure) {
      status = Status::internal(ClientError::system(failure).message);
    }
  }
  if (!status.isOk()) {
    log::warn("group {} writes no message traces to topic {}: {}", group, topic, status.message());
    return nullptr;
  }
  return dispatcher;
}

Status TraceDispatcher::start() {
  if (const std::optional<ClientError> error = producer_->start()) {
    return Status::internal(error->message);
  }
  sender_ = NamedThread("rmq-trace", [this] { run(); });
  return Status::ok();
}

TraceDispatcher::TraceDispatcher(const ProducerConfig& config, const std::string& client_id,
                                 std::string topic)
    : topic_(std::move(topic)),
      config_(config),
      producer_(std::make_unique<ProducerCore>(config, nullptr, client_id)) {}

TraceDispatcher::~TraceDispatcher() { shutdown(); }

void TraceDispatcher::shutdown() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) {
      return;
    }
    stop_by_ = Clock::now() + kFarewell;
    changed_.notifyAll();
  }
  sender_.join();
  producer_->shutdown();
}

void TraceDispatcher::append(const TraceRecord& record, const std::string& message_id,
                             const std::string& keys) {
  Item item{.data = encodeTrace(record), .keys = {message_id}, .since = Clock::now()};
  size_t key_bytes = message_id.size() + 1;
  std::istringstream words(keys);
  for (std::string word; words >> word;) {
    key_bytes += word.size() + 1;
    if (key_bytes > kKeyBytesPerMessage) {
      break;
    }
    item.keys.insert(std::move(word));
  }
  MutexLock lock(mutex_);
  if (stopping_ || waiting_.size() >= kWaitingMax ||
      waiting_bytes_ + item.data.size() > kWaitingBytesMax) {
    ++dropped_;
    return;
  }
  waiting_bytes_ += item.data.size();
  waiting_.push_back(std::move(item));
  if (waiting_.size() == 1 || waiting_.size() >= kRecordsPerMessage ||
      waiting_bytes_ >= kDataBytesPerMessage) {
    changed_.notifyAll();
  }
}

int64_t TraceDispatcher::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

int64_t TraceDispatcher::failed() const {
  MutexLock lock(mutex_);
  return failed_;
}

void TraceDispatcher::run() {
  while (std::optional<Batch> batch = nextBatch()) {
    send(std::move(*batch));
    report(false);
  }
  awaitAnswers();
  report(true);
}

bool TraceDispatcher::isDue(Clock::time_point now) const {
  return !waiting_.empty() && outstanding_ < kOutstandingMax &&
         (stopping_ || waiting_.size() >= kRecordsPerMessage ||
          waiting_bytes_ >= kDataBytesPerMessage || now >= waiting_.front().since + kFlushDelay);
}

std::optional<TraceDispatcher::Batch> TraceDispatcher::nextBatch() {
  MutexLock lock(mutex_);
  for (;;) {
    const auto now = Clock::now();
    if (stopping_ && (waiting_.empty() || now >= stop_by_)) {
      dropped_ += static_cast<int64_t>(waiting_.size());
      waiting_.clear();
      return std::nullopt;
    }
    if (isDue(now)) {
      ++outstanding_;
      return takeBatch();
    }
    if (stopping_) {
      changed_.waitUntil(mutex_, stop_by_);
    } else if (waiting_.empty() || outstanding_ >= kOutstandingMax) {
      changed_.wait(mutex_);
    } else {
      changed_.waitUntil(mutex_, waiting_.front().since + kFlushDelay);
    }
  }
}

TraceDispatcher::Batch TraceDispatcher::takeBatch() {
  Batch batch;
  size_t key_bytes = 0;
  while (!waiting_.empty() && static_cast<size_t>(batch.records) < kRecordsPerMessage) {
    Item& item = waiting_.front();
    const bool fits = batch.data.size() + item.data.size() <= kDataBytesPerMessage &&
                      key_bytes + bytesOf(item.keys) <= kKeyBytesPerMessage;
    if (!fits && batch.records > 0) {
      break;
    }
    batch.data += item.data;
    key_bytes += bytesOf(item.keys);
    batch.keys.merge(item.keys);
    ++batch.records;
    waiting_bytes_ -= item.data.size();
    waiting_.pop_front();
  }
  return batch;
}

void TraceDispatcher::send(Batch batch) {
  Message message(topic_, std::move(batch.data));
  message.setKeys(std::vector<std::string>(batch.keys.begin(), batch.keys.end()));
  Outcome<OutgoingMessage> outgoing = makeOutgoing(message, config_);
  if (!outgoing.ok()) {
    static LogLimiter limiter;
    limiter.warn("a trace cannot be sent: {}", outgoing.error().message);
    settle(batch.records, false);
    return;
  }
  const SendCallback callback{
      .on_success = [this, n = batch.records](const SendResult&) { settle(n, true); },
      .on_exception =
          [this, n = batch.records](const MQException& failure) {
            log::debug("traces were not stored: {}", failure.what());
            settle(n, false);
          }};
  producer_->sendAsync(std::move(outgoing.value()), AnyQueue{}, callback, config_.send_msg_timeout);
}

void TraceDispatcher::settle(int64_t records, bool stored) {
  MutexLock lock(mutex_);
  --outstanding_;
  failed_ += stored ? 0 : records;
  changed_.notifyAll();
}

void TraceDispatcher::awaitAnswers() {
  MutexLock lock(mutex_);
  while (outstanding_ > 0 && changed_.waitUntil(mutex_, stop_by_)) {
  }
}

void TraceDispatcher::report(bool now) {
  const int64_t dropped_now = dropped();
  const int64_t failed_now = failed();
  if (dropped_now + failed_now == reported_ || (!now && Clock::now() < next_report_)) {
    return;
  }
  log::warn(
      "message traces lost so far: {} because more were made than could be sent, {} because no "
      "broker stored them in topic {}",
      dropped_now, failed_now, topic_);
  reported_ = dropped_now + failed_now;
  next_report_ = Clock::now() + kReportPeriod;
}

}  // namespace rocketmq::client
