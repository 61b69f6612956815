#include "broker/transaction/half_ledger.h"

#include <algorithm>
#include <bit>

namespace rocketmq::broker {

void HalfLedger::noteOp(int64_t op_offset, int64_t last_half) {
  MutexLock lock(mutex_);
  ops_.note(op_offset, last_half);
}

void HalfLedger::close(int64_t offset) {
  MutexLock lock(mutex_);
  closeLocked(offset);
}

void HalfLedger::noteNewest(const HalfCopy& copy) {
  MutexLock lock(mutex_);
  newest_[copy.first] = copy.offset;
}

HalfLedger::Claimed HalfLedger::claim(const HalfCopy& copy) {
  MutexLock lock(mutex_);
  if (std::find(claimed_.begin(), claimed_.end(), copy.first) != claimed_.end()) {
    return {.claim = Claim::kBusy};
  }
  const auto newest = newestOf(copy);
  if (!newest) {
    return {.claim = Claim::kOver};
  }
  claimed_.push_back(copy.first);
  return {.claim = Claim::kTaken, .newest = *newest};
}

std::optional<int64_t> HalfLedger::newestOf(const HalfCopy& copy) const {
  if (const auto newest = newest_.find(copy.first); newest != newest_.end()) {
    return newest->second;
  }
  return copy.isFirst() && isOpen(copy.offset) ? std::optional(copy.offset) : std::nullopt;
}

void HalfLedger::release(const HalfCopy& copy) {
  MutexLock lock(mutex_);
  releaseLocked(copy.first);
}

void HalfLedger::releaseLocked(int64_t first) {
  claimed_.erase(std::remove(claimed_.begin(), claimed_.end(), first), claimed_.end());
}

void HalfLedger::end(const HalfCopy& copy, std::optional<int64_t> op_offset) {
  MutexLock lock(mutex_);
  releaseLocked(copy.first);
  const int64_t newest = newestOf(copy).value_or(copy.offset);
  newest_.erase(copy.first);
  if (op_offset) {
    ops_.note(*op_offset, newest);
  }
  closeLocked(newest);
}

void HalfLedger::renew(const HalfCopy& copy, int64_t newest) {
  MutexLock lock(mutex_);
  releaseLocked(copy.first);
  const int64_t before = newestOf(copy).value_or(copy.offset);
  newest_[copy.first] = newest;
  closeLocked(before);
}

bool HalfLedger::isOpen(int64_t offset) const {
  if (offset < begin_) {
    return false;
  }
  const auto word = static_cast<size_t>(offset / kWordBits - bits_base_);
  return word >= closed_.size() || (closed_[word] >> (offset % kWordBits) & 1) == 0;
}

void HalfLedger::closeLocked(int64_t offset) {
  if (offset < begin_) {
    ops_.advance(begin_);
    return;
  }
  const auto word = static_cast<size_t>(offset / kWordBits - bits_base_);
  if (word >= closed_.size()) {
    closed_.resize(word + 1, 0);
  }
  closed_[word] |= uint64_t{1} << (offset % kWordBits);
  if (offset == begin_) {
    advance();
  }
}

void HalfLedger::advance() {
  while (!closed_.empty()) {
    // Bits below begin_ in its word count as closed.
    const uint64_t below = (uint64_t{1} << (begin_ % kWordBits)) - 1;
    const int set = std::countr_one(closed_.front() | below);
    begin_ = bits_base_ * kWordBits + set;
    if (set < kWordBits) {
      break;
    }
    closed_.pop_front();
    ++bits_base_;
  }
  ops_.advance(begin_);
}

int64_t HalfLedger::nextOpen(int64_t offset, int64_t end) const {
  MutexLock lock(mutex_);
  offset = std::max(offset, begin_);
  while (offset < end) {
    const auto word = static_cast<size_t>(offset / kWordBits - bits_base_);
    if (word >= closed_.size()) {
      return offset;
    }
    const uint64_t below = (uint64_t{1} << (offset % kWordBits)) - 1;
    const int set = std::countr_one(closed_[word] | below);
    offset = offset / kWordBits * kWordBits + set;
    if (set < kWordBits) {
      return std::min(offset, end);
    }
  }
  return end;
}

int64_t HalfLedger::openCount(int64_t end) const {
  MutexLock lock(mutex_);
  int64_t open = end - begin_;
  int64_t word_begin = bits_base_ * kWordBits;
  for (const uint64_t word : closed_) {
    const int64_t below = std::clamp<int64_t>(begin_ - word_begin, 0, kWordBits);
    open -= below == kWordBits ? 0 : std::popcount(word >> below);
    word_begin += kWordBits;
  }
  return std::max<int64_t>(open, 0);
}

void HalfLedger::forgetBefore(int64_t offset) {
  MutexLock lock(mutex_);
  if (offset <= begin_) {
    return;
  }
  std::erase_if(newest_, [offset](const auto& entry) { return entry.second < offset; });
  const int64_t base = offset / kWordBits;
  const auto gone = static_cast<size_t>(base - bits_base_);
  closed_.erase(closed_.begin(),
                closed_.begin() + static_cast<ptrdiff_t>(std::min(gone, closed_.size())));
  bits_base_ = base;
  begin_ = offset;
  advance();
}

HalfLedger::Progress HalfLedger::progress() const {
  MutexLock lock(mutex_);
  return {.half = begin_, .op = ops_.begin()};
}

size_t HalfLedger::renewedCount() const {
  MutexLock lock(mutex_);
  return newest_.size();
}

}  // namespace rocketmq::broker
