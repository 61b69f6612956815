#include "broker/pull/pull_service.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "broker/pull/pull_draft.h"
#include "common/message/sys_flag.h"

namespace rocketmq::broker {

using remoting::PullMessageReply;
using remoting::ResponseCode;
using store::GetStatus;

namespace {

/// No client asks for more than 30 s; what lies far beyond is a mistake.
constexpr int64_t kSuspendMsMax = 10 * 60 * 1000;

/// So many messages are filtered by their properties on the connection's own thread: some 10
/// microseconds with a common expression, a millisecond with the worst.
constexpr int64_t kFilteredInlineMax = 32;

/// So long a reader waits before it asks once more for what cannot be read now.
constexpr std::chrono::seconds kUnreadableHold{1};

/// What one status of the store means to a consumer.
struct Mapping {
  ResponseCode code;
  std::string_view name;  ///< RocketMQ's name of the status, used as remark.
};

Mapping mappingOf(GetStatus status, int64_t asked_offset) {
  const ResponseCode empty =
      asked_offset == 0 ? ResponseCode::kPullNotFound : ResponseCode::kPullOffsetMoved;
  switch (status) {
    case GetStatus::kFound:
      return {ResponseCode::kSuccess, "FOUND"};
    case GetStatus::kNoMatchedMessage:
      return {ResponseCode::kPullRetryImmediately, "NO_MATCHED_MESSAGE"};
    case GetStatus::kMessageWasRemoving:
      return {ResponseCode::kPullRetryImmediately, "MESSAGE_WAS_REMOVING"};
    case GetStatus::kOffsetFoundNull:
      return {ResponseCode::kPullNotFound, "OFFSET_FOUND_NULL"};
    case GetStatus::kOffsetOverflowOne:
      return {ResponseCode::kPullNotFound, "OFFSET_OVERFLOW_ONE"};
    case GetStatus::kOffsetOverflowBadly:
      return {ResponseCode::kPullOffsetMoved, "OFFSET_OVERFLOW_BADLY"};
    case GetStatus::kOffsetTooSmall:
      return {ResponseCode::kPullOffsetMoved, "OFFSET_TOO_SMALL"};
    case GetStatus::kNoMatchedQueue:
      return {empty, "NO_MATCHED_LOGIC_QUEUE"};
    case GetStatus::kNoMessageInQueue:
      return {empty, "NO_MESSAGE_IN_QUEUE"};
    case GetStatus::kUnreadable:
      return {ResponseCode::kPullNotFound, "OFFSET_FOUND_NULL"};
    case GetStatus::kWouldWait:
      break;  // Tried again where waiting is allowed; no answer to a client.
  }
  return {ResponseCode::kSystemError, "unknown status"};
}

/// True when there is nothing yet at the end of a queue: the next message is worth waiting for.
bool isAtTheEnd(GetStatus status, int64_t asked_offset) {
  return status == GetStatus::kOffsetOverflowOne ||
         (asked_offset == 0 &&
          (status == GetStatus::kNoMatchedQueue || status == GetStatus::kNoMessageInQueue));
}

/// Makes the pages present, so that the thread that writes to the socket does not wait for them.
void touch(const store::GetResult& got) {
  constexpr size_t kPageBytes = 4096;
  for (const store::LogSlice& slice : got.slices) {
    for (size_t at = 0; at < slice.bytes.size(); at += kPageBytes) {
      static_cast<void>(*static_cast<const volatile char*>(slice.bytes.data() + at));
    }
  }
}

}  // namespace

struct PullService::Task {
  std::unique_ptr<PullResponder> responder;
  std::string group;
  std::string topic;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int32_t messages_max = 0;
  int64_t bytes_max = 0;
  std::shared_ptr<const store::MessageFilter> filter;
  size_t own_filter_bytes = 0;      ///< Of a filter that no other pull has.
  bool filters_properties = false;  ///< The filter looks into every record.
  GroupConfigPtr group_config;
  bool reads_from_slaves = false;
  /// A slave that leaves it to the master to correct offsets.
  bool keeps_offsets = false;
  /// While this pull may still be held: until when.
  std::optional<HeldPulls::TimePoint> hold_until;
};

class PullService::Held : public HeldPull {
 public:
  Held(PullService& service, std::unique_ptr<Task> task)
      : service_(service), task_(std::move(task)) {}

  void resume(WakeReason reason) override {
    if (!task_->responder->connection()->isOpen()) {
      return;
    }
    if (reason == WakeReason::kSuperseded) {
      // Nothing is read: with the old filter that would pass over what the new one wants.
      task_->responder->answer(service_.answerFromHere(*task_));
      return;
    }
    if (reason == WakeReason::kExpired) {
      task_->hold_until.reset();
    }
    service_.run(std::move(task_));
  }

  std::unique_ptr<Task> takeTask() { return std::move(task_); }

 private:
  PullService& service_;
  std::unique_ptr<Task> task_;
};

PullService::PullService(Parts parts) : parts_(parts) {}

void PullService::pull(const Header& request, bool is_lite,
                       std::unique_ptr<PullResponder> responder, bool may_parse_long) {
  Draft draft{.request = request,
              .is_lite = is_lite,
              .settings = parts_.settings.load(),
              .may_parse_long = may_parse_long};
  if (!checkBroker(draft) || !checkGroup(draft) || !checkTopic(draft) ||
      !checkSubscription(draft)) {
    if (draft.needs_group) {
      createGroupThenPull(request, is_lite, std::move(responder));
    } else if (draft.needs_lane) {
      parseOnLane(request, is_lite, std::move(responder));
    } else {
      responder->answer(std::move(draft.refusal));
    }
    return;
  }
  if ((request.sys_flag & pull_sys_flag::kCommitOffset) != 0 && !draft.settings->isSlave()) {
    // RocketMQ parity: a pull is answered whatever becomes of the position that comes with it.
    parts_.offsets.commit(request.consumer_group, request.topic, request.queue_id,
                          request.commit_offset, responder->connection()->id(),
                          static_cast<size_t>(draft.settings->consumer_positions_max));
  }
  if (const auto reset = resetFor(request, *responder->connection())) {
    responder->answer(answerReset(request, *reset));
    return;
  }
  run(taskOf(draft, std::move(responder)));
}

std::optional<int64_t> PullService::resetFor(const Header& request,
                                             const remoting::Connection& connection) const {
  const std::string_view group = request.consumer_group;
  if (!parts_.offsets.isResetPending(group, request.topic, request.queue_id)) {
    return std::nullopt;
  }
  std::set<uint64_t> members;
  if (const auto view = parts_.clients.consumerGroup(group);
      view && view->traits.message_model == model::MessageModel::kBroadcasting) {
    for (const ClientInfo& member : view->members) {
      members.insert(member.connection->id());
    }
  }
  const auto reset = parts_.offsets.resetFor(group, request.topic, request.queue_id,
                                             request.queue_offset, connection.id(), members);
  if (!connection.isOpen()) {
    // A pull that came through a lane: who forgets closed connections may have been here before.
    parts_.offsets.forgetConnection(connection.id());
  }
  return reset;
}

std::unique_ptr<PullService::Task> PullService::taskOf(
    Draft& draft, std::unique_ptr<PullResponder> responder) const {
  const Header& request = draft.request;
  auto task = std::make_unique<Task>();
  task->responder = std::move(responder);
  task->group = request.consumer_group;
  task->topic = request.topic;
  task->queue_id = request.queue_id;
  task->queue_offset = request.queue_offset;
  task->messages_max = request.max_messages;
  task->bytes_max = request.message_bytes_max.value_or(0);
  task->filter = std::move(draft.filter);
  task->own_filter_bytes = draft.own_filter_bytes;
  task->filters_properties = draft.filters_properties;
  task->group_config = std::move(draft.group);
  task->reads_from_slaves = draft.settings->slave_read;
  task->keeps_offsets = draft.settings->isSlave() && !draft.settings->offset_check_in_slave;
  if ((request.sys_flag & pull_sys_flag::kSuspend) != 0) {
    const int64_t hold_ms = draft.settings->long_polling ? request.suspend_timeout_ms
                                                         : draft.settings->short_polling_ms;
    task->hold_until = parts_.clock.monotonic() +
                       std::chrono::milliseconds(std::clamp<int64_t>(hold_ms, 0, kSuspendMsMax));
  }
  return task;
}

void PullService::run(std::unique_ptr<Task> task) {
  const int64_t backlog = parts_.store.maxOffset(task->topic, task->queue_id) -
                          std::max<int64_t>(task->queue_offset, 0);
  if (task->filters_properties && backlog > kFilteredInlineMax) {
    runOnLane(std::move(task));
  } else {
    serve(std::move(task), /*may_wait=*/false);
  }
}

void PullService::runOnLane(std::unique_ptr<Task> task) {
  const remoting::LaneLoad load{.bytes = task->own_filter_bytes,
                                .source = task->responder->connection().get()};
  const auto shared = std::make_shared<std::unique_ptr<Task>>(std::move(task));
  if (!parts_.lanes.run(
          remoting::Lane::kQuery, [this, shared] { serve(std::move(*shared), /*may_wait=*/true); },
          load)) {
    (*shared)->responder->answer(answerOverloaded(**shared));
  }
}

void PullService::serve(std::unique_ptr<Task> task, bool may_wait) {
  for (;;) {
    store::GetResult got = parts_.store.get(
        {.topic = task->topic,
         .queue_id = task->queue_id,
         .offset = task->queue_offset,
         .messages_max = std::max(task->messages_max, 1),
         .bytes_max = task->bytes_max > 0 ? task->bytes_max : store::GetRequest{}.bytes_max,
         .filter = task->filter.get(),
         .no_wait = !may_wait});
    if (got.status == store::GetStatus::kWouldWait) {
      runOnLane(std::move(task));
      return;
    }
    const bool is_unreadable = got.status == GetStatus::kUnreadable || hasLost(*task, got.status);
    if (task->hold_until && (is_unreadable || waitsForMore(*task, got.status))) {
      if (is_unreadable) {
        task->hold_until = std::min(*task->hold_until, parts_.clock.monotonic() + kUnreadableHold);
      }
      if (hold(task, is_unreadable)) {
        return;
      }
      if (task->hold_until) {
        continue;  // Something has arrived since.
      }
    }
    if (may_wait) {
      touch(got);
    }
    Answer answer = answerOf(*task, std::move(got));
    task->responder->answer(std::move(answer));
    return;
  }
}

/// Nothing yet where the reader is: the next message is worth waiting for. On a slave that has got
/// less of its master than the reader, too.
bool PullService::waitsForMore(const Task& task, GetStatus status) {
  return isAtTheEnd(status, task.queue_offset) ||
         (task.keeps_offsets &&
          (status == GetStatus::kOffsetOverflowBadly || status == GetStatus::kNoMatchedQueue ||
           status == GetStatus::kNoMessageInQueue));
}

/// A slave that has not got what is so old, and leaves it to the master to say where it goes on.
bool PullService::hasLost(const Task& task, GetStatus status) {
  return task.keeps_offsets && status == GetStatus::kOffsetTooSmall;
}

bool PullService::hold(std::unique_ptr<Task>& task, bool is_unreadable) {
  // Once held, the task may end on another thread at any moment.
  const remoting::ConnectionPtr connection = task->responder->connection();
  const std::string topic = task->topic;
  const std::string group = task->group;
  const int32_t queue_id = task->queue_id;
  const int64_t queue_offset = task->queue_offset;
  const HeldPulls::Ticket ticket{.topic = topic,
                                 .queue_id = queue_id,
                                 .queue_offset = queue_offset,
                                 .deadline = *task->hold_until,
                                 .connection_id = connection->id(),
                                 .group = task->group,
                                 .filter = task->filter.get(),
                                 .filter_bytes = task->own_filter_bytes};
  task->responder->markHeld();
  auto waiting = std::make_unique<Held>(*this, std::move(task));
  Held* const held_task = waiting.get();
  std::unique_ptr<HeldPull> pull = std::move(waiting);
  const std::optional<uint64_t> id = parts_.held.hold(ticket, pull);
  if (!id) {
    task = held_task->takeTask();
    task->hold_until.reset();
    return false;
  }
  if (!connection->isOpen()) {
    // The connection's pulls may have been dropped before this one was there.
    parts_.held.dropConnection(connection->id());
    return true;
  }
  // A reset or a message that came between the checks and the hold, of which nobody has told us.
  const bool is_reset = parts_.offsets.isResetPendingFor(group, topic, queue_id, connection->id());
  if (!is_reset && (is_unreadable || parts_.store.maxOffset(topic, queue_id) <= queue_offset)) {
    return true;
  }
  pull = parts_.held.release(ticket, *id);
  if (pull == nullptr) {
    return true;
  }
  if (is_reset) {
    pull->resume(WakeReason::kSuperseded);
    return true;
  }
  task = held_task->takeTask();
  return false;
}

PullMessageReply PullService::replyFrom(std::string_view topic, int32_t queue_id,
                                        int64_t next_offset) const {
  PullMessageReply reply;
  reply.next_begin_offset = next_offset;
  reply.min_offset = parts_.store.minOffset(topic, queue_id);
  reply.max_offset = parts_.store.maxOffset(topic, queue_id);
  return reply;
}

PullService::Answer PullService::answerReset(const Header& request, int64_t offset) const {
  Answer answer(replyFrom(request.topic, request.queue_id, offset));
  answer.code = ResponseCode::kPullOffsetMoved;
  answer.remark = remoting::kOffsetResetRemark;
  return answer;
}

PullService::Answer PullService::answerOverloaded(const Task& task) const {
  const int64_t slave = task.group_config->which_broker_when_consume_slowly;
  if (!task.reads_from_slaves || slave == parts_.settings.load()->broker_id ||
      !parts_.has_slave_in_sync || !parts_.has_slave_in_sync()) {
    return {ResponseCode::kSystemBusy,
            "[OVERLOAD]system busy, start flow control for a while: too many reads wait for the "
            "disk"};
  }
  Answer answer = answerFromHere(task);
  answer.header->suggest_which_broker_id = slave;
  answer.remark = "too many reads wait for this broker's disk; a slave has the messages too";
  return answer;
}

PullService::Answer PullService::answerFromHere(const Task& task) const {
  Answer answer(replyFrom(task.topic, task.queue_id, task.queue_offset));
  answer.code = ResponseCode::kPullRetryImmediately;
  return answer;
}

PullService::Answer PullService::answerOf(const Task& task, store::GetResult got) const {
  Mapping mapping = mappingOf(got.status, task.queue_offset);
  const bool is_masters_business =
      task.keeps_offsets && mapping.code == ResponseCode::kPullOffsetMoved;
  if (is_masters_business) {
    // RocketMQ parity: the master may have what this slave has not, or not yet.
    mapping.code = ResponseCode::kPullRetryImmediately;
    got.next_offset = task.queue_offset;
    got.suggest_slave = false;
  }
  PullMessageReply reply;
  reply.next_begin_offset = got.next_offset;
  reply.min_offset = got.min_offset;
  reply.max_offset = got.max_offset;
  if (task.reads_from_slaves) {
    reply.suggest_which_broker_id = got.suggest_slave
                                        ? task.group_config->which_broker_when_consume_slowly
                                        : task.group_config->broker_id;
  }
  Answer answer(std::move(reply));
  answer.code = mapping.code;
  answer.remark = mapping.name;
  if (got.status == GetStatus::kFound) {
    for (store::LogSlice& slice : got.slices) {
      answer.body.add(slice.bytes, std::move(slice.owner));
    }
    parts_.traffic.onGet({.group = task.group,
                          .topic = task.topic,
                          .queue_id = task.queue_id,
                          .messages = got.message_count,
                          .bytes = got.bytes,
                          .next_offset = got.next_offset,
                          .duration_us = got.duration_us});
  }
  return answer;
}

}  // namespace rocketmq::broker
