#pragma once

#include <unistd.h>

#include <utility>

namespace rocketmq {

/// A file descriptor that is closed at the end of its owner's life. Threads: one at a time.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Gives the descriptor to the caller, who closes it.
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (valid()) {
      ::close(release());
    }
  }

 private:
  int fd_;
};

}  // namespace rocketmq
