#include "broker/transaction/op_progress.h"

#include <algorithm>

namespace rocketmq::broker {

OpProgress::OpProgress(int64_t begin) : begin_(begin) {
  blocks_[begin / kBlockRecords].noted = begin % kBlockRecords;
}

void OpProgress::note(int64_t op_offset, int64_t half_offset) {
  Block& block = blocks_[op_offset / kBlockRecords];
  ++block.noted;
  block.last_half = std::max(block.last_half, half_offset);
}

void OpProgress::advance(int64_t half_begin) {
  // A block with a record that has not been noted yet must stay: it may be about anything.
  for (auto first = blocks_.begin();
       first != blocks_.end() && first->second.noted == kBlockRecords &&
       first->second.last_half < half_begin && first->first == begin_ / kBlockRecords;
       first = blocks_.erase(first)) {
    begin_ = (first->first + 1) * kBlockRecords;
  }
}

}  // namespace rocketmq::broker
