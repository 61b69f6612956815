#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace rocketmq::store {

/// Log offsets of the messages of one put. One offset, the usual case, needs no heap.
class OffsetList {
 public:
  using value_type = int64_t;
  using const_iterator = const int64_t*;

  OffsetList() = default;
  OffsetList(std::initializer_list<int64_t> offsets) {
    for (const int64_t offset : offsets) {
      push_back(offset);
    }
  }

  void push_back(int64_t offset) {
    if (count_ == 1) {
      many_.push_back(single_);
    }
    if (count_ == 0) {
      single_ = offset;
    } else {
      many_.push_back(offset);
    }
    ++count_;
  }

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const int64_t* data() const { return count_ <= 1 ? &single_ : many_.data(); }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + count_; }
  int64_t operator[](size_t index) const { return data()[index]; }
  int64_t front() const { return data()[0]; }
  int64_t back() const { return data()[count_ - 1]; }

 private:
  size_t count_ = 0;
  int64_t single_ = 0;
  std::vector<int64_t> many_;  // All of them, once there are two.
};

}  // namespace rocketmq::store
