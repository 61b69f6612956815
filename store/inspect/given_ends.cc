#include "store/inspect/given_ends.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/clock.h"
#include "store/inspect/queue_reader.h"
#include "store/queue/queue_ends.h"

namespace rocketmq::store::inspect {
namespace {

void raiseTo(const QueueEnds::Topics& topics, const StoreLayout& layout,
             std::map<QueueName, int64_t>& given) {
  for (const auto& [topic, queues] : topics) {
    for (const auto& [id, known] : queues) {
      if (!layout.deleted.covers(topic, id, known.physical_end - 1)) {
        int64_t& end = given[{topic, id}];
        end = std::max(end, known.max);
      }
    }
  }
}

}  // namespace

Result<std::map<QueueName, int64_t>> givenEnds(FileSystem& files, const StoreLayout& layout,
                                               const FindingSink* unreadable) {
  std::map<QueueName, int64_t> given;
  for (const QueueFolder& folder : layout.queues) {
    QueueReader reader(files, folder, layout.queue_file_bytes);
    int64_t end = reader.findEnd();
    auto last = reader.at(end - 1);
    if (!reader.status().isOk()) {
      if (unreadable == nullptr) {
        return reader.status();
      }
      end = reader.capacityEnd();
      last = std::nullopt;
      (*unreadable)({.file = layout.relative(folder.dir),
                     .offset = 0,
                     .what = fmt::format("{}; the queue goes on behind its last file, at {}",
                                         reader.status().message(), end)});
    }
    const bool is_deleted =
        last && !isPreBlank(*last) &&
        layout.deleted.covers(folder.topic, folder.queue_id, last->physical_offset);
    if (!is_deleted) {
      given[{folder.topic, folder.queue_id}] = end;
    }
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto known,
                            QueueEnds::given(files, layout.root + "/queueends",
                                             layout.checkpoint.value_or(CheckpointTimes{}),
                                             SystemClock::instance().nowMs()));
  if (!known) {
    return given;
  }
  raiseTo(known->topics, layout, given);
  raiseTo(known->noted, layout, given);
  return given;
}

}  // namespace rocketmq::store::inspect
