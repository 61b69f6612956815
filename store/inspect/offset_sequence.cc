#include "store/inspect/offset_sequence.h"

#include <algorithm>

namespace rocketmq::store::inspect {

/// Whether a record that follows the held one makes its offset credible: the next number, or a
/// higher one that could not follow otherwise.
bool OffsetSequence::agreesWithHeld(int64_t queue_offset) const {
  const int64_t held = held_->queue_offset;
  if (queue_offset == held + 1) {
    return true;
  }
  const bool is_restart = held < next_;
  return queue_offset > held && (!is_restart || queue_offset < next_);
}

void OffsetSequence::accept(const Record& record, const Sink& sink) {
  const bool is_restart = next_ >= 0 && record.queue_offset < next_;
  next_ = record.queue_offset + 1;
  sink(record, is_restart ? Verdict::kRestart : Verdict::kAppend);
}

void OffsetSequence::settleHeld(bool believe, const Sink& sink) {
  const Record held = *held_;
  held_.reset();
  if (believe) {
    accept(held, sink);
  } else {
    sink(held, Verdict::kReject);
  }
}

void OffsetSequence::offer(const Record& record, const Sink& sink) {
  if (held_) {
    settleHeld(agreesWithHeld(record.queue_offset), sink);
  }
  const int64_t offset = record.queue_offset;
  const bool is_possible =
      offset >= 0 && offset <= kQueueOffsetMax && (next_ < 0 || offset - next_ <= kGapMax);
  if (offset >= 0 && offset == std::max<int64_t>(next_, 0)) {
    accept(record, sink);
  } else if (is_possible && (offset > next_ || offset == 0)) {
    held_ = record;
  } else {
    sink(record, Verdict::kReject);
  }
}

void OffsetSequence::finish(const Sink& sink) {
  if (held_) {
    const int64_t offset = held_->queue_offset;
    settleHeld(next_ < 0 || offset < next_ || offset - next_ <= kUnconfirmedGapMax, sink);
  }
}

}  // namespace rocketmq::store::inspect
