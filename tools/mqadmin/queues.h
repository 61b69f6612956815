#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/admin/admin_client.h"
#include "common/status.h"

namespace rocketmq::mqadmin {

/// One queue with the address of its broker.
struct ReadableQueue {
  MessageQueue queue;
  std::string address;
};

/// All queues of a topic that can be read, on all its brokers, sorted.
Result<std::vector<ReadableQueue>> readableQueues(client::AdminClient& admin,
                                                  const std::string& topic);

/// Offsets [from, to) of a queue.
struct OffsetRange {
  int64_t from = 0;
  int64_t to = 0;
};

/// The part of a queue that was stored in a time: from `begin` on, up to before `end`, each a text
/// for parseTime(); empty texts mean the ends of the queue.
Result<OffsetRange> rangeOf(client::AdminClient& admin, const ReadableQueue& at,
                            const std::string& begin, const std::string& end);

/// Calls `use` for the messages of `range` whose tags match, in order, until it fails. After each
/// pull that found none `on_none(status, offset)` is told.
Status forEachMessage(
    client::AdminClient& admin, const ReadableQueue& at, const OffsetRange& range,
    const std::string& tags, const std::function<Status(MessageExt&)>& use,
    const std::function<void(PullStatus, int64_t)>& on_none = [](PullStatus, int64_t) {});

}  // namespace rocketmq::mqadmin
