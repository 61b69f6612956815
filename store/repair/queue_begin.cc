#include "store/repair/queue_begin.h"

namespace rocketmq::store {

void QueueBegin::add(int64_t queue_offset, int64_t physical_offset) {
  // Behind a damaged offset the queue goes on above all that it had; one may be lost in between.
  if (first_ && queue_offset > first_->queue_offset &&
      (queue_offset <= certain_max_ || queue_offset == first_->queue_offset + 1)) {
    begin_ = first_->physical_offset;
    certain_max_ = first_->queue_offset;
  }
  first_.reset();
  if (queue_offset <= certain_max_) {
    first_ = {.queue_offset = queue_offset, .physical_offset = physical_offset};
  } else if (queue_offset == last_ + 1) {
    certain_max_ = queue_offset;
  }
  last_ = queue_offset;
}

int64_t QueueBegin::find(int64_t next) const {
  return first_ && first_->queue_offset + 1 == next ? first_->physical_offset : begin_;
}

}  // namespace rocketmq::store
