#pragma once

#include <cstddef>
#include <memory>
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
    slices_.push_back({bytes, std::move(owner)});
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::vector<Slice>& slices() const { return slices_; }
  std::vector<Slice> takeSlices() && {
    size_ = 0;
    return std::move(slices_);
  }

 private:
  std::vector<Slice> slices_;
  size_t size_ = 0;
};

/// A frame ready to be written: prefix and header in one string, then the body.
struct OutgoingFrame {
  std::string head;
  Payload body;

  size_t size() const { return head.size() + body.size(); }
};

}  // namespace rocketmq::remoting
