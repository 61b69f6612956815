#include "store/inspect/queue_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/dispatch/dispatch_rules.h"
#include "store/inspect/finding_runs.h"
#include "store/log/segment.h"
#include "store/queue/queue_entry.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kFillStep = 10'000;

}  // namespace

std::string QueueBuilder::dirOf(const QueueName& name) const {
  return fmt::format("{}/{}/{}", options_.dir, name.first, name.second);
}

std::shared_ptr<ConsumeQueue> QueueBuilder::make(const QueueName& name) const {
  return std::make_shared<ConsumeQueue>(files_,
                                        ConsumeQueue::Options{.dir = dirOf(name),
                                                              .topic = name.first,
                                                              .queue_id = name.second,
                                                              .file_bytes = options_.file_bytes});
}

void QueueBuilder::note(const QueueName& name, int64_t index, std::string what,
                        Finding::Kind kind) const {
  sink_({.kind = kind,
         .file = fmt::format("consumequeue/{}/{}", name.first, name.second),
         .offset = index * kQueueEntryBytes,
         .what = std::move(what)});
}

bool QueueBuilder::has(const QueueName& name) const {
  const auto found = queues_.find(name);
  return found != queues_.end() && found->second.files->isUsed();
}

int64_t QueueBuilder::queueCount() const {
  return std::count_if(queues_.begin(), queues_.end(),
                       [](const auto& entry) { return entry.second.files->isUsed(); });
}

Status QueueBuilder::add(const MessageRecord& record, int64_t tags_code) {
  if (!entersQueue(record.sys_flag)) {
    return Status::ok();
  }
  if (!isStorable(record.topic, record.queue_id)) {
    ++counts_.rejected;
    return Status::ok();
  }
  const QueueName name{std::string(record.topic), record.queue_id};
  Queue& queue = queues_[name];
  if (queue.files == nullptr) {
    queue.files = make(name);
  }
  Status status;
  queue.sequence.offer({.queue_offset = record.queue_offset,
                        .entry = {.physical_offset = record.physical_offset,
                                  .record_bytes = record.total_size,
                                  .tags_code = tags_code}},
                       [&](const OffsetSequence::Record& settled, OffsetSequence::Verdict verdict) {
                         if (status.isOk()) {
                           status = place(name, queue, settled, verdict);
                         }
                       });
  return status;
}

Status QueueBuilder::place(const QueueName& name, Queue& queue,
                           const OffsetSequence::Record& record, OffsetSequence::Verdict verdict) {
  if (verdict == OffsetSequence::Verdict::kReject) {
    ++counts_.rejected;
    note(name, 0,
         fmt::format("the record at {} is left out: its queue offset {} is taken or cannot be",
                     record.entry.physical_offset, record.queue_offset),
         Finding::Kind::kFault);
    return Status::ok();
  }
  if (verdict == OffsetSequence::Verdict::kRestart) {
    note(name, 0, "the topic was deleted and made anew: the earlier records are left out");
    ROCKETMQ_RETURN_IF_ERROR(files_.removeTree(dirOf(name)));
    queue.files = make(name);
    queue.entries = 0;
  }
  ++queue.entries;
  return append(name, *queue.files, record);
}

Status QueueBuilder::append(const QueueName& name, ConsumeQueue& queue,
                            const OffsetSequence::Record& record) {
  if (!queue.isUsed()) {
    return queue.dispatch(record.queue_offset, record.entry, true).status();
  }
  if (record.queue_offset > queue.maxOffset()) {
    note(name, queue.maxOffset(),
         numbered("offset", "offsets", queue.maxOffset(), record.queue_offset - 1) +
             ": not in the log, left out of the queue");
    ROCKETMQ_RETURN_IF_ERROR(fill(queue, record.queue_offset));
  }
  ROCKETMQ_RETURN_IF_ERROR(queue.ensureRoom(1));
  queue.append(record.entry);
  queue.takeOffsets(1);
  if (queue.maxOffset() * kQueueEntryBytes % options_.file_bytes == 0) {
    queue.unmapAll();  // A queue may have more files than a process may map.
  }
  return Status::ok();
}

/// Not ConsumeQueue::dispatch(): behind a long gap that drops the entries in front of it.
Status QueueBuilder::fill(ConsumeQueue& queue, int64_t end) {
  while (queue.maxOffset() < end) {
    const int64_t count = std::min(kFillStep, end - queue.maxOffset());
    ROCKETMQ_RETURN_IF_ERROR(queue.ensureRoom(count));
    for (int64_t i = 0; i < count; ++i) {
      queue.append(preBlankEntry());
    }
    queue.takeOffsets(count);
    counts_.missing += count;
  }
  return Status::ok();
}

Status QueueBuilder::settle() {
  for (auto& entry : queues_) {
    const QueueName& name = entry.first;
    Queue& queue = entry.second;
    Status status;
    queue.sequence.finish(
        [&](const OffsetSequence::Record& settled, OffsetSequence::Verdict verdict) {
          status = place(name, queue, settled, verdict);
        });
    ROCKETMQ_RETURN_IF_ERROR(status);
  }
  return Status::ok();
}

Status QueueBuilder::finish(const std::map<QueueName, int64_t>& ends) {
  for (const auto& [name, end] : ends) {
    ROCKETMQ_RETURN_IF_ERROR(fillToEnd(name, end));
  }
  for (auto& [name, queue] : queues_) {
    counts_.entries += queue.entries;
    ROCKETMQ_RETURN_IF_ERROR(queue.files->flush());
    queue.files->unmapAll();
  }
  return Status::ok();
}

Status QueueBuilder::fillToEnd(const QueueName& name, int64_t end) {
  const auto found = queues_.find(name);
  if (found == queues_.end() || !found->second.files->isUsed()) {
    return end <= 0 ? Status::ok() : makePreBlankQueue(name, end);
  }
  ConsumeQueue& queue = *found->second.files;
  if (end <= queue.maxOffset()) {
    return Status::ok();
  }
  if (end - queue.maxOffset() > OffsetSequence::kGapMax) {
    note(name, queue.maxOffset(),
         fmt::format("the old queue ended at {}, too far ahead to be believed", end),
         Finding::Kind::kFault);
    return Status::ok();
  }
  note(name, queue.maxOffset(),
       numbered("offset", "offsets", queue.maxOffset(), end - 1) +
           ": not in the log, left out of the queue");
  return fill(queue, end);
}

/// A queue all of whose messages are gone still says where its offsets go on.
Status QueueBuilder::makePreBlankQueue(const QueueName& name, int64_t end) const {
  const int64_t per_file = options_.file_bytes / kQueueEntryBytes;
  const int64_t first = (end - 1) / per_file * per_file;
  note(name, first, fmt::format("the log has nothing of it; it is kept to go on at {}", end));
  ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(dirOf(name)));
  ROCKETMQ_ASSIGN_OR_RETURN(
      const std::unique_ptr<MappedFile> file,
      files_.map(dirOf(name) + "/" + segmentFileName(first * kQueueEntryBytes),
                 {.bytes = options_.file_bytes, .create = true}));
  const int64_t used = (end - first) * kQueueEntryBytes;
  ROCKETMQ_RETURN_IF_ERROR(file->reserve(0, used));
  for (int64_t at = 0; at < used; at += kQueueEntryBytes) {
    encodeQueueEntry(preBlankEntry(), file->data() + at);
  }
  return file->sync(0, used);
}

}  // namespace rocketmq::store::inspect
