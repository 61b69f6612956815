#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace rocketmq::broker {

class ByteCharge;

/// Counts what each connection makes the broker keep, and all of them together.
///
/// Bound: an account takes up to each_max bytes; above each_free only while all accounts together
/// have less than total_max, so that a few greedy ones leave room for everybody else.
/// Life: an account and its charges may outlive the budget. Threads: any.
class ByteBudget {
 public:
  struct Options {
    size_t each_free = 64u << 10;
    size_t each_max = 16u << 20;
    size_t total_max = 256u << 20;
  };
  class Account;

  explicit ByteBudget(Options options) : total_(std::make_shared<Total>(options)) {}

  std::shared_ptr<Account> open() const { return std::make_shared<Account>(total_); }
  /// Of all accounts.
  size_t bytes() const { return total_->bytes.load(std::memory_order_relaxed); }

 private:
  struct Total {
    explicit Total(Options chosen) : options(chosen) {}
    const Options options;
    std::atomic<size_t> bytes{0};
  };

  const std::shared_ptr<Total> total_;
};

/// What one connection makes the broker keep.
class ByteBudget::Account {
 public:
  explicit Account(std::shared_ptr<Total> total) : total_(std::move(total)) {}

  /// False when a bound is reached; nothing is taken then. Whoever takes bytes gives them back.
  bool take(size_t bytes) {
    const Options& options = total_->options;
    const size_t own = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    const size_t all = total_->bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (own <= options.each_free || (own <= options.each_max && all <= options.total_max)) {
      return true;
    }
    give(bytes);
    return false;
  }
  void give(size_t bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    total_->bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }

 private:
  const std::shared_ptr<Total> total_;
  std::atomic<size_t> bytes_{0};
};

/// Bytes of an account for as long as what they were taken for lives.
class ByteCharge {
 public:
  ByteCharge() = default;
  /// Of nothing yet.
  explicit ByteCharge(std::shared_ptr<ByteBudget::Account> account)
      : account_(std::move(account)) {}
  ByteCharge(ByteCharge&& other) noexcept
      : account_(std::move(other.account_)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~ByteCharge() {
    if (account_ != nullptr) {
      account_->give(bytes_);
    }
  }

  /// False when a bound is reached; nothing is taken then. Precondition: it has an account.
  bool grow(size_t bytes) {
    if (!account_->take(bytes)) {
      return false;
    }
    bytes_ += bytes;
    return true;
  }

 private:
  std::shared_ptr<ByteBudget::Account> account_;
  size_t bytes_ = 0;
};

}  // namespace rocketmq::broker
