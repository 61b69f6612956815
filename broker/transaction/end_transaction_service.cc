#include "broker/transaction/end_transaction_service.h"

#include <optional>
#include <string>
#include <utility>

#include "broker/send/send_service.h"
#include "common/excerpt.h"
#include "common/log.h"

namespace rocketmq::broker {

using remoting::ResponseCode;

namespace {

EndOutcome refused(const store::PutResult& put) {
  auto refusal = refusalOf(put);
  return {.answer = {refusal.code, std::move(refusal.remark)}};
}

}  // namespace

EndOutcome EndTransactionService::end(const remoting::EndTransaction& request) {
  const int32_t decision = request.commit_or_rollback;
  if (decision == remoting::kTransactionUnknown) {
    return {};  // Nothing is known yet: the transaction will be checked.
  }
  if (decision != remoting::kTransactionCommit && decision != remoting::kTransactionRollback) {
    return {.answer = {ResponseCode::kSystemError,
                       "commitOrRollback is " + std::to_string(decision) +
                           "; it can be 8 (commit), 12 (rollback) or 0 (not known yet)"}};
  }
  const Result<HalfMessage> half =
      parts_.messages.at(request.transaction_state_table_offset, request.commit_log_offset);
  if (!half.ok()) {
    return {.answer = {ResponseCode::kSystemError,
                       "Find prepared transaction message failed: " + half.status().message()}};
  }
  if (Answer refusal = check(request, *half); refusal.code != ResponseCode::kSuccess) {
    return {.answer = std::move(refusal)};
  }
  const HalfLedger::Claimed claimed = parts_.ledger.claim(half->copy);
  switch (claimed.claim) {
    case HalfLedger::Claim::kTaken:
      return endClaimed(*half, decision == remoting::kTransactionCommit, claimed.newest);
    case HalfLedger::Claim::kOver:
      log::debug("transaction {} has been ended before", half->unique_key);
      // Perhaps just now, by a request that still waits.
      return {.answer = {}, .safe_up_to = parts_.messages.logEnd()};
    case HalfLedger::Claim::kBusy:
      break;
  }
  return {.answer = {ResponseCode::kSystemBusy,
                     "this transaction is being checked or ended by another request just now; it "
                     "will be checked if that does not end it"}};
}

EndTransactionService::Answer EndTransactionService::check(const remoting::EndTransaction& request,
                                                           const HalfMessage& half) const {
  if (half.producer_group.empty() || half.producer_group != request.producer_group) {
    return {ResponseCode::kSystemError, "The producer group wrong: the half message is of group [" +
                                            excerpt(half.producer_group) + "], not of [" +
                                            excerpt(request.producer_group) + "]"};
  }
  // RocketMQ 5 parity: who has set a time until which the broker does not ask has that time to say
  // how the transaction ended; afterwards only answers to the broker's question count.
  const TimestampMs age_ms = parts_.clock.nowMs() - half.record.born_timestamp_ms;
  if (!request.from_transaction_check && half.immunity && age_ms > half.immunity->count()) {
    return {ResponseCode::kIllegalOperation,
            "the message's CHECK_IMMUNITY_TIME_IN_SECONDS is over; the broker is about to ask the "
            "producer group how the transaction ended"};
  }
  return {};
}

EndOutcome EndTransactionService::endClaimed(const HalfMessage& half, bool is_commit,
                                             int64_t newest) {
  EndOutcome outcome;
  if (is_commit) {
    outcome = commit(half);
    if (outcome.answer.code != ResponseCode::kSuccess) {
      parts_.ledger.release(half.copy);
      return outcome;
    }
  }
  const store::PutResult op = parts_.messages.putOp(newest);
  if (!op.ok() && !is_commit) {
    parts_.ledger.release(half.copy);
    return refused(op);
  }
  if (op.ok()) {
    outcome.safe_up_to = op.end_offset;
  } else {
    log::error("transaction {} is committed, but that is not noted in the op topic: {}",
               half.unique_key, op.detail);
  }
  parts_.traffic.onTransactionEnd(half.real_topic, is_commit);
  parts_.ledger.end(half.copy, op.ok() ? std::optional(op.queue_offset) : std::nullopt);
  return outcome;
}

EndOutcome EndTransactionService::commit(const HalfMessage& half) const {
  if (!half.hasTarget()) {
    return {.answer = {ResponseCode::kSystemError,
                       "the half message does not say which topic and queue it is for"}};
  }
  const store::PutResult put = parts_.messages.putReal(half);
  if (!put.ok()) {
    return refused(put);
  }
  parts_.traffic.onPut({.topic = half.real_topic,
                        .queue_id = half.real_queue_id,
                        .type = MessageType::kTransaction,
                        .messages = 1,
                        .bytes = put.end_offset - put.physical_offsets.front(),
                        .duration_us = put.duration_us});
  return {.answer = {}, .safe_up_to = put.end_offset};
}

}  // namespace rocketmq::broker
