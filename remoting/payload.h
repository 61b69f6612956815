#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocketmq::remoting {

/// The body of an outgoing frame: slices that are written with one gather write. Each slice keeps
/// its owner (a string of its own, a mapped log segment, ...) alive until it has left.
class Payload {
 public:
  struct Slice {
    std::string_view bytes;
    std::shared_ptr<const void> owner;
  };

  Payload() = default;
  /// Takes the text over; one slice, none when it is empty.
  Payload(std::string text) {
    if (!text.empty()) {
      auto owner = std::make_shared<const std::string>(std::move(text));
      const std::string_view bytes = *owner;
      add(bytes, std::move(owner));
    }
  }

  /// `owner` keeps `bytes` valid.
  void add(std::string_view bytes, std::shared_ptr<const void> owner) {
    size_ += bytes.size();
    if (first_.bytes.data() == nullptr && more_.empty()) {
      first_ = {bytes, std::move(owner)};
      return;
    }
    if (more_.empty()) {
      more_.push_back(std::exchange(first_, {}));
    }
    more_.push_back({bytes, std::move(owner)});
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const Slice> slices() const { return const_cast<Payload*>(this)->slices(); }
  std::span<Slice> slices() {
    return more_.empty() ? std::span(&first_, first_.bytes.data() == nullptr ? 0 : 1)
                         : std::span(more_);
  }

 private:
  Slice first_;  ///< The only one, as most bodies have it: no allocation.
  std::vector<Slice> more_;
  size_t size_ = 0;
};

/// A frame ready to be written: prefix and header in one string, then the body.
struct OutgoingFrame {
  std::string head;
  Payload body;

  size_t size() const { return head.size() + body.size(); }
};

}  // namespace rocketmq::remoting
