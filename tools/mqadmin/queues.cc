#include "tools/mqadmin/queues.h"

#include <algorithm>

#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

/// How many messages are pulled at a time.
constexpr int32_t kPullBatch = 32;

/// The offset a text of time stands for in a queue; `otherwise` without a text.
Result<int64_t> offsetAt(client::AdminClient& admin, const ReadableQueue& at,
                         const std::string& time_text, int64_t otherwise) {
  if (time_text.empty()) {
    return otherwise;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, parseTime(time_text));
  return admin.searchOffset(at.address, at.queue.topic, at.queue.queue_id,
                            time < 0 ? SystemClock::instance().nowMs() : time);
}

}  // namespace

Result<std::vector<ReadableQueue>> readableQueues(client::AdminClient& admin,
                                                  const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto route, admin.topicRoute(topic));
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic));
  std::vector<ReadableQueue> queues;
  for (const model::QueueData& data : route.queue_datas) {
    const auto broker = brokers.find(data.broker_name);
    if (broker == brokers.end()) {
      continue;
    }
    for (int32_t queue_id = 0; queue_id < data.read_queue_nums; ++queue_id) {
      queues.push_back({{topic, data.broker_name, queue_id}, broker->second});
    }
  }
  std::sort(queues.begin(), queues.end(),
            [](const ReadableQueue& a, const ReadableQueue& b) { return a.queue < b.queue; });
  return queues;
}

Result<OffsetRange> rangeOf(client::AdminClient& admin, const ReadableQueue& at,
                            const std::string& begin, const std::string& end) {
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t min,
                            admin.minOffset(at.address, at.queue.topic, at.queue.queue_id));
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t max,
                            admin.maxOffset(at.address, at.queue.topic, at.queue.queue_id));
  OffsetRange range;
  ROCKETMQ_ASSIGN_OR_RETURN(range.from, offsetAt(admin, at, begin, min));
  ROCKETMQ_ASSIGN_OR_RETURN(range.to, offsetAt(admin, at, end, max));
  return range;
}

Status forEachMessage(client::AdminClient& admin, const ReadableQueue& at, const OffsetRange& range,
                      const std::string& tags, const std::function<Status(MessageExt&)>& use,
                      const std::function<void(PullStatus, int64_t)>& on_none) {
  for (int64_t from = range.from; from < range.to;) {
    const auto batch = static_cast<int32_t>(std::min<int64_t>(kPullBatch, range.to - from));
    ROCKETMQ_ASSIGN_OR_RETURN(auto pulled, admin.pull(at.address, at.queue, from, batch, tags));
    for (MessageExt& message : pulled.messages) {
      // To find that many that match, brokers look beyond.
      if (message.queueOffset() < range.to) {
        ROCKETMQ_RETURN_IF_ERROR(use(message));
      }
    }
    if (pulled.status != PullStatus::kFound) {
      on_none(pulled.status, from);
    }
    if (pulled.status == PullStatus::kNoNewMessage || pulled.next_begin_offset <= from) {
      break;
    }
    from = pulled.next_begin_offset;
  }
  return Status::ok();
}

}  // namespace rocketmq::mqadmin
