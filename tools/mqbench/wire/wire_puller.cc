#include "tools/mqbench/wire/wire_puller.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "common/bytes.h"
#include "common/message/record.h"

namespace rocketmq::bench {
namespace {

using PullRequest = remoting::BasicPullMessage<std::string_view>;

constexpr std::chrono::milliseconds kSuspend{15'000};
constexpr std::chrono::milliseconds kAnswerPatience{30'000};

}  // namespace

WirePuller::WirePuller(const Workload& workload)
    : workload_(workload), connections_(workload), tally_(workload.interval_ms) {}

Status WirePuller::run() {
  ROCKETMQ_RETURN_IF_ERROR(makeChains());
  start_ns_ = nowNs();
  first_ns_ = workload_.from_end ? 0 : start_ns_;
  end_ns_ =
      start_ns_ + std::chrono::duration_cast<std::chrono::nanoseconds>(workload_.duration).count();
  tally_.restart(start_ns_);
  running_ = static_cast<int64_t>(chains_.size());
  for (Chain& chain : chains_) {
    pull(chain);
  }
  while (running_.load() > 0 && nowNs() < end_ns_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    resumeParked();
  }
  return Status::ok();
}

Status WirePuller::makeChains() {
  for (int32_t group = 0; group < workload_.groups; ++group) {
    const std::string name = workload_.group + "_" + std::to_string(group);
    for (size_t i = 0; i < connections_.brokers(); ++i) {
      for (const WireQueue& queue : connections_.queuesOf(i)) {
        Chain chain{.connection = &connections_.connectionTo(i, chains_.size()),
                    .group = name,
                    .queue_id = queue.queue_id};
        // One question for each queue, not for each group.
        if (group == 0) {
          ROCKETMQ_ASSIGN_OR_RETURN(chain.end_offset, connections_.maxOffset(queue));
        } else {
          chain.end_offset = chains_[chains_.size() % connections_.queues()].end_offset;
        }
        chain.offset = workload_.from_end ? chain.end_offset : 0;
        chains_.push_back(std::move(chain));
      }
    }
  }
  return Status::ok();
}

void WirePuller::pull(Chain& chain) {
  PullRequest request;
  request.consumer_group = chain.group;
  request.topic = workload_.topic;
  request.queue_id = chain.queue_id;
  request.queue_offset = chain.offset;
  request.max_messages = workload_.batch_size;
  request.sys_flag = remoting::kPullFlagSubscription;
  request.subscription = std::string_view("*");
  if (workload_.from_end) {
    request.sys_flag |= remoting::kPullFlagSuspend;
    request.suspend_timeout_ms = kSuspend.count();
  }
  const int32_t opaque = chain.connection->nextOpaque();
  chain.connection->callRaw(opaque, chain.connection->encodeRequest(request, {}, opaque, 0),
                            remoting::deadlineAfter(kAnswerPatience),
                            [this, &chain](const Result<const remoting::CommandView*>& answer) {
                              onAnswer(chain, answer);
                            });
}

void WirePuller::onAnswer(Chain& chain, const Result<const remoting::CommandView*>& answer) {
  if (nowNs() >= end_ns_) {
    endChain();
    return;
  }
  remoting::PullMessageReply header;
  Status status = answer.status();
  if (status.isOk()) {
    status = remoting::decodeFields((*answer)->ext_fields, remoting::NameStyle::kLong, header);
  }
  if (!status.isOk()) {
    const std::string remark = answer.ok() ? std::string((*answer)->remark) : "";
    tally_.failed(1, status.message() + " " + remark);
    endChain();
    return;
  }
  take((*answer)->body);
  chain.offset = header.next_begin_offset;
  if (!workload_.from_end && chain.offset >= chain.end_offset) {
    endChain();
    return;
  }
  if (aheadOfRate()) {
    std::lock_guard lock(parked_mutex_);
    parked_.push_back(&chain);
    return;
  }
  pull(chain);
}

void WirePuller::take(std::string_view records) {
  int64_t count = 0;
  const auto bytes = static_cast<int64_t>(records.size());
  while (!records.empty()) {
    size_t size = 0;
    if (workload_.from_end) {
      const Result<MessageRecord> record = decodeRecord(records);
      if (!record.ok()) {
        tally_.failed(1, record.status().message());
        return;
      }
      size = static_cast<size_t>(record->total_size);
      const auto body = static_cast<int64_t>(record->body.size());
      if (const auto due_ns = readSendTime(record->body); due_ns && *due_ns >= start_ns_) {
        tally_.succeeded(*due_ns, 1, body);
      }
    } else {
      size = records.size() < 4 ? 0 : loadBigEndian<uint32_t>(records.data());
      ++count;
    }
    if (size == 0 || size > records.size()) {
      tally_.failed(1, "an answer ends within a record");
      return;
    }
    records.remove_prefix(size);
  }
  if (bytes > 0) {
    tally_.counted(count, workload_.from_end ? 0 : bytes);
    const int64_t now = nowNs();
    int64_t none = 0;
    first_ns_.compare_exchange_strong(none, now, std::memory_order_relaxed);
    last_ns_.store(now, std::memory_order_relaxed);
  }
}

void WirePuller::endChain() { running_.fetch_sub(1); }

bool WirePuller::aheadOfRate() const {
  if (workload_.rate == 0) {
    return false;
  }
  const double elapsed = static_cast<double>(nowNs() - start_ns_) / 1e9;
  return static_cast<double>(tally_.messages()) > elapsed * static_cast<double>(workload_.rate);
}

void WirePuller::resumeParked() {
  if (aheadOfRate()) {
    return;
  }
  std::vector<Chain*> ready;
  {
    std::lock_guard lock(parked_mutex_);
    ready.swap(parked_);
  }
  for (Chain* chain : ready) {
    pull(*chain);
  }
}

}  // namespace rocketmq::bench
