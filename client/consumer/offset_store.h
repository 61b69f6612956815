#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/instance/cancellable_calls.h"
#include "client/instance/client_error.h"
#include "client/instance/client_instance.h"
#include "common/mutex.h"
#include "rocketmq/consumer_config.h"
#include "rocketmq/message_queue.h"

namespace rocketmq::client {

/// What a store knows of one queue.
struct StoredOffset {
  enum class Kind : uint8_t {
    kFound,
    kNone,     ///< The group has no offset there yet.
    kUnknown,  ///< The store could not be asked; try again later.
  };
  Kind kind = Kind::kUnknown;
  int64_t offset = -1;
  std::optional<ClientError> error{};  ///< Why it could not be asked; kUnknown only.
};

/// A consumer's offsets: what is committed lives in memory and reaches its permanent place from
/// time to time (RocketMQ: OffsetStore). Queues carry the topic as brokers know it.
///
/// Threads: any. load() and the persist functions may block: not on the event loop.
class OffsetStore {
 public:
  virtual ~OffsetStore() = default;

  /// The queue is ours from now on, until remove().
  void add(const MessageQueue& queue);

  /// Everything before `offset` is consumed. With `increase_only` a smaller offset than the known
  /// one is ignored; after move(), every offset is.
  void update(const MessageQueue& queue, int64_t offset, bool increase_only);

  /// The group is new in the queue and begins at `offset`; persistNow() is to follow. Sent once
  /// only when that has arrived: several consumers may read one queue without committing.
  void begin(const MessageQueue& queue, int64_t offset);

  /// The group goes on at `offset` in a queue of ours, by somebody else's word: nothing but another
  /// move() changes that before remove(), whatever is still under way. On its way to the permanent
  /// place at once; does not wait. Nothing happens to a queue that is not ours.
  virtual void move(const MessageQueue& queue, int64_t offset);
  bool isMoved(const MessageQueue& queue) const;

  /// Takes in what load() has found, unless a value of update() is still to be stored.
  void remember(const MessageQueue& queue, int64_t offset);

  /// What update() was last given, or remember().
  std::optional<int64_t> cached(const MessageQueue& queue) const;
  std::map<MessageQueue, int64_t> all() const;

  /// Forgets a queue that is not ours any more.
  virtual void remove(const MessageQueue& queue);

  /// What the permanent place says.
  virtual StoredOffset load(const MessageQueue& queue) = 0;

  /// Brings changes to the permanent place. One queue, or all.
  virtual void persist(const MessageQueue& queue) = 0;
  virtual void persistAll() = 0;

  /// Persists the offsets of `queues` and returns when all have arrived; why, when one has not or
  /// that is not known.
  virtual std::optional<ClientError> persistNow(const std::vector<MessageQueue>& queues) = 0;

  /// persistAll() that returns when the offsets have arrived, or the time is over; why, when one
  /// has not. Those that have not are sent again by the next call.
  virtual std::optional<ClientError> persistFinally(
      std::chrono::steady_clock::time_point deadline) = 0;

 protected:
  struct Entry {
    int64_t offset = -1;  ///< Below zero: none yet.
    /// How often this value is still to be sent; see RemoteOffsetStore.
    int32_t sends_left = 0;
    bool is_moved = false;     ///< See move().
    bool has_arrived = false;  ///< As somebody has said who knows, when last asked.
    /// Tells this value from earlier ones of the queue, from equal ones, too.
    uint64_t version = 0;
  };
  struct Unsent {
    MessageQueue queue;
    int64_t offset = -1;
    uint64_t version = 0;
    bool is_repeated = false;
  };

  /// The values that are to be sent, counting them as sent.
  std::vector<Unsent> takeUnsent();
  /// Those that are not known to have arrived.
  std::vector<Unsent> unconfirmed() const;
  /// The value of `queue`, whether it has arrived or not.
  std::optional<Unsent> known(const MessageQueue& queue) const;
  /// Whether `sent` has arrived; if not it is sent again, unless it is out of date.
  void confirm(const Unsent& sent, bool has_arrived);

  mutable Mutex mutex_;
  std::map<MessageQueue, Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
  uint64_t last_version_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

/// Offsets of a clustering group: the broker of each queue keeps them. A new value goes one-way at
/// first, as it will soon be out of date. One that stays goes again in the next twelve periods, as
/// a question whose answer is awaited: a broker that crashes before it has written the value to its
/// disk, or hands over to a slave that has not got it, would be back behind it. The periods are
/// counted anew when an answer is missing. Not for ever, as RocketMQ: two pull consumers whose
/// application gave a queue of one to the other would set it back for ever. Held by a shared_ptr.
class RemoteOffsetStore final : public OffsetStore,
                                public std::enable_shared_from_this<RemoteOffsetStore> {
 public:
  /// `calls` lets a shutdown interrupt load(). All are borrowed.
  RemoteOffsetStore(ClientInstance& instance, CancellableCalls& calls, std::string group)
      : instance_(instance), calls_(calls), group_(std::move(group)) {}

  void move(const MessageQueue& queue, int64_t offset) override;
  StoredOffset load(const MessageQueue& queue) override;
  void persist(const MessageQueue& queue) override;
  void persistAll() override;
  std::optional<ClientError> persistNow(const std::vector<MessageQueue>& queues) override;
  std::optional<ClientError> persistFinally(
      std::chrono::steady_clock::time_point deadline) override;

 private:
  void send(const MessageQueue& queue, int64_t offset);
  /// After `sent` was sent: it must not be the last that the broker hears when move() has come in
  /// between.
  void tellMoveAfter(const MessageQueue& queue, int64_t sent);
  /// Sends it as a question. `done` is told why it has not arrived, or nothing when it has; by the
  /// event loop or at once.
  void sendAndConfirm(const Unsent& value, remoting::Deadline deadline,
                      std::function<void(std::optional<ClientError>)> done);

  ClientInstance& instance_;
  CancellableCalls& calls_;
  const std::string group_;
};

/// Offsets of a broadcasting consumer: a file of the client,
/// <folder>/<client id>/<group>/offsets.json, in the layout of RocketMQ's LocalFileOffsetStore.
class LocalOffsetStore final : public OffsetStore {
 public:
  /// Reads the file if there is one. Corruption or Io when there is one that cannot be read.
  static Result<std::unique_ptr<LocalOffsetStore>> open(const std::string& path);

  /// Keeps the queue: the file is the only place that knows its offset.
  void remove(const MessageQueue& queue) override;
  StoredOffset load(const MessageQueue& queue) override;
  void persist(const MessageQueue& queue) override;
  void persistAll() override;
  std::optional<ClientError> persistNow(const std::vector<MessageQueue>& queues) override;
  std::optional<ClientError> persistFinally(
      std::chrono::steady_clock::time_point deadline) override;

 private:
  explicit LocalOffsetStore(std::string path) : path_(std::move(path)) {}

  Status write();

  const std::string path_;
  Mutex file_mutex_;  // One writer of the file; taken before mutex_.
  std::string written_ ROCKETMQ_GUARDED_BY(file_mutex_);  ///< What the file says.
};

/// Where a broadcasting consumer keeps its offsets.
std::string localOffsetPath(const std::string& client_id, const std::string& group);

/// The store of a member of `group`: its broker's or its own file's. All are borrowed.
Outcome<std::shared_ptr<OffsetStore>> openOffsetStore(ClientInstance& instance,
                                                      CancellableCalls& calls,
                                                      const std::string& group,
                                                      MessageModel message_model);

/// offsets.json as text, and back.
std::string formatOffsetFile(const std::map<MessageQueue, int64_t>& offsets);
Result<std::map<MessageQueue, int64_t>> parseOffsetFile(std::string_view text);

}  // namespace rocketmq::client
