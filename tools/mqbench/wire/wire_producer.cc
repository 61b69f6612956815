#include "tools/mqbench/wire/wire_producer.h"

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "common/message/record.h"
#include "remoting/protocol/commands/send_message.h"

namespace rocketmq::bench {
namespace {

using SendRequest = remoting::BasicSendMessageV2<std::string_view>;
using BatchRequest = remoting::BasicSendBatchMessage<std::string_view>;

constexpr std::chrono::seconds kAnswerPatience{10};
constexpr int64_t kStoredPatienceNs = 1'000'000'000;
constexpr std::string_view kTemplateTopic = "TBW102";

int64_t wallMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string makeBatch(const Workload& workload, const std::string& body) {
  std::string batch;
  if (workload.mode == SendMode::kBatch) {
    for (int32_t i = 0; i < workload.batch_size; ++i) {
      appendBatchItem({.flag = 0, .body = body, .properties = {}}, batch);
    }
  }
  return batch;
}

}  // namespace

WireProducer::WireProducer(const Workload& workload)
    : workload_(workload),
      per_send_(workload.mode == SendMode::kBatch ? workload.batch_size : 1),
      body_(makeBody(workload.body_bytes)),
      batch_body_(makeBatch(workload, body_)),
      connections_(workload),
      tally_(workload.interval_ms) {}

Status WireProducer::run() {
  for (size_t i = 0; i < connections_.size(); ++i) {
    // Neighbours start at different queues, so that all queues are in use from the beginning.
    senders_.push_back({&connections_[i], &connections_.queuesOf(i), i});
  }
  const int64_t start_ns = nowNs();
  tally_.restart(start_ns);
  end_ns_ =
      start_ns + std::chrono::duration_cast<std::chrono::nanoseconds>(workload_.duration).count();
  if (workload_.mode == SendMode::kOneway) {
    return runOneway();
  }
  if (workload_.rate > 0) {
    runAtRate();
  } else {
    runClosedLoop();
  }
  awaitAnswers();
  return Status::ok();
}

void WireProducer::runClosedLoop() {
  // Raised before the first answer can come, so that awaitAnswers() never sees 0 in between.
  in_flight_ = static_cast<int64_t>(senders_.size()) * workload_.in_flight;
  for (Sender& sender : senders_) {
    for (int32_t i = 0; i < workload_.in_flight; ++i) {
      send(sender, nowNs(), true);
    }
  }
}

void WireProducer::runAtRate() {
  Pacer pacer(nowNs(), workload_.rate, 1, 0);
  for (size_t i = 0; nowNs() < end_ns_ && takeTicket(); ++i) {
    const int64_t due_ns = pacer.waitNext();
    in_flight_.fetch_add(1);
    send(senders_[i % senders_.size()], due_ns, false);
  }
}

Status WireProducer::runOneway() {
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t before, connections_.storedMessages());
  int64_t sent = 0;
  size_t congested = 0;
  for (size_t i = 0; nowNs() < end_ns_ && congested < senders_.size(); ++i) {
    Sender& sender = senders_[i % senders_.size()];
    if (sender.connection->isCongested()) {
      // A pause only when every connection is full.
      if (++congested == senders_.size()) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        congested = 0;
      }
      continue;
    }
    congested = 0;
    if (!takeTicket()) {
      break;
    }
    if (sender.connection->oneway(nextRequest<SendRequest>(sender), nextBody(nowNs()))) {
      ++sent;
    }
  }
  // An answer on a connection says that all before it has been handled.
  for (Sender& sender : senders_) {
    while (sender.connection->isCongested() && sender.connection->isOpen()) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    in_flight_.fetch_add(1);
    send(sender, nowNs(), false);
  }
  awaitAnswers();
  return countStored(before + tally_.messages(), sent);
}

Status WireProducer::countStored(int64_t before, int64_t sent) {
  int64_t stored = 0;
  // Queues may show a message a little later than it was stored.
  const int64_t until_ns = nowNs() + kStoredPatienceNs;
  do {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t now, connections_.storedMessages());
    stored = now - before;
  } while (stored < sent && nowNs() < until_ns);
  tally_.restart(0);
  tally_.counted(stored, stored * workload_.body_bytes);
  if (stored < sent) {
    tally_.failed(sent - stored, "one-way messages were not stored");
  }
  return Status::ok();
}

void WireProducer::send(Sender& sender, int64_t due_ns, bool go_on) {
  if (workload_.mode == SendMode::kBatch) {
    sendAs<BatchRequest>(sender, due_ns, go_on);
  } else {
    sendAs<SendRequest>(sender, due_ns, go_on);
  }
}

template <class Request>
void WireProducer::sendAs(Sender& sender, int64_t due_ns, bool go_on) {
  const Request request = nextRequest<Request>(sender);
  const int32_t opaque = sender.connection->nextOpaque();
  sender.connection->callRaw(
      opaque, sender.connection->encodeRequest(request, nextBody(due_ns), opaque, 0),
      remoting::deadlineAfter(kAnswerPatience),
      [this, &sender, due_ns, go_on](const Result<const remoting::CommandView*>& answer) {
        if (!answer.ok()) {
          tally_.failed(per_send_, answer.status().message());
        } else if ((*answer)->code != 0) {
          tally_.failed(per_send_, std::string((*answer)->remark));
        } else {
          tally_.succeeded(due_ns, per_send_, per_send_ * workload_.body_bytes);
        }
        if (go_on && answer.ok() && nowNs() < end_ns_ && takeTicket()) {
          send(sender, nowNs(), true);
          return;
        }
        if (in_flight_.fetch_sub(1) == 1) {
          in_flight_.notify_all();
        }
      });
}

template <class Request>
Request WireProducer::nextRequest(Sender& sender) const {
  const WireQueue& queue = (*sender.queues)[sender.turn++ % sender.queues->size()];
  Request request;
  request.producer_group = workload_.group;
  request.topic = workload_.topic;
  request.default_topic = kTemplateTopic;
  request.default_topic_queue_nums = 4;
  request.queue_id = queue.queue_id;
  request.born_timestamp_ms = wallMs();
  request.properties = std::string_view();
  request.reconsume_times = 0;
  request.unit_mode = false;
  request.batch = workload_.mode == SendMode::kBatch;
  return request;
}

remoting::Payload WireProducer::nextBody(int64_t due_ns) const {
  remoting::Payload payload;
  if (workload_.mode == SendMode::kBatch) {
    payload.add(batch_body_, nullptr);
    return payload;
  }
  std::string head = body_.substr(0, kBodyHeadBytes);
  stampSendTime(head, due_ns);
  payload = remoting::Payload(std::move(head));
  payload.add(std::string_view(body_).substr(kBodyHeadBytes), nullptr);
  return payload;
}

bool WireProducer::takeTicket() {
  return workload_.messages == 0 || tickets_.fetch_add(per_send_) < workload_.messages;
}

void WireProducer::awaitAnswers() {
  for (int64_t left = in_flight_.load(); left > 0; left = in_flight_.load()) {
    in_flight_.wait(left);
  }
}

}  // namespace rocketmq::bench
