#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/file_system.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/offset_sequence.h"
#include "store/queue/consume_queue.h"

namespace rocketmq::store::inspect {

/// Topic and queue id.
using QueueName = std::pair<std::string, int32_t>;

/// Writes consume queues into an empty folder from the records of a log, in log order. Queue
/// offsets are kept; those that the log does not have become pre-blank entries. Threads: one.
class QueueBuilder {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;  ///< A multiple of an entry's size.
  };
  struct Counts {
    int64_t entries = 0;
    int64_t missing = 0;   ///< Pre-blank entries between and behind records.
    int64_t rejected = 0;  ///< Records whose queue offset cannot be or is taken.
  };

  QueueBuilder(FileSystem& files, Options options, const FindingSink& sink)
      : files_(files), options_(std::move(options)), sink_(sink) {}

  /// `tags_code`: as the entry is to have it.
  Status add(const MessageRecord& record, int64_t tags_code);

  /// Settles what is in doubt: no further record comes.
  Status settle();
  /// Behind settle(). Queues that end before their offset in `ends` are filled up to it, so that
  /// offsets which were given to lost messages are not given again. Then brings everything to the
  /// disk.
  Status finish(const std::map<QueueName, int64_t>& ends);

  /// True when the queue has got an entry. After settle().
  bool has(const QueueName& name) const;
  /// After finish().
  int64_t queueCount() const;
  const Counts& counts() const { return counts_; }

 private:
  struct Queue {
    std::shared_ptr<ConsumeQueue> files;
    OffsetSequence sequence;
    int64_t entries = 0;
  };

  std::string dirOf(const QueueName& name) const;
  std::shared_ptr<ConsumeQueue> make(const QueueName& name) const;
  Status place(const QueueName& name, Queue& queue, const OffsetSequence::Record& record,
               OffsetSequence::Verdict verdict);
  Status append(const QueueName& name, ConsumeQueue& queue, const OffsetSequence::Record& record);
  Status fill(ConsumeQueue& queue, int64_t end);
  Status fillToEnd(const QueueName& name, int64_t end);
  Status makePreBlankQueue(const QueueName& name, int64_t end) const;
  void note(const QueueName& name, int64_t index, std::string what,
            Finding::Kind kind = Finding::Kind::kNote) const;

  FileSystem& files_;
  const Options options_;
  const FindingSink& sink_;
  std::map<QueueName, Queue> queues_;
  Counts counts_;
};

}  // namespace rocketmq::store::inspect
