#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "remoting/connection.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::broker {

/// A connection without a socket that remembers the codes of what is sent over it.
class FakeConnection final : public remoting::Connection {
 public:
  explicit FakeConnection(uint64_t id) : id_(id) {
    remote_.bytes = {10, 0, 0, static_cast<uint8_t>(id)};
    remote_.port = 40000;
  }

  /// Request and response codes in the order they were sent.
  std::vector<int32_t> sentCodes() const {
    MutexLock lock(mutex_);
    return codes_;
  }
  void forgetSent() {
    MutexLock lock(mutex_);
    codes_.clear();
  }

  uint64_t id() const override { return id_; }
  const HostAddress& remote() const override { return remote_; }
  const HostAddress& local() const override { return remote_; }
  bool isOpen() const override { return is_open_; }
  bool isCongested() const override { return false; }
  void close(std::string_view /*reason*/) override { is_open_ = false; }
  int32_t nextOpaque() override { return opaque_++; }
  remoting::Language language() const override { return remoting::Language::kCpp; }
  remoting::SerializeType requestSerializeType() const override {
    return remoting::SerializeType::kJson;
  }

  void send(remoting::OutgoingFrame frame) override {
    std::string bytes = std::move(frame.head);
    for (const auto& slice : frame.body.slices()) {
      bytes += slice.bytes;
    }
    remoting::CommandView view;
    const Status status = remoting::decodeFrame(bytes.data(), bytes.size(), view);
    MutexLock lock(mutex_);
    codes_.push_back(status.isOk() ? view.code : -1);
  }

  void callRaw(int32_t /*opaque*/, remoting::OutgoingFrame frame, remoting::Deadline /*deadline*/,
               RawCallback callback) override {
    send(std::move(frame));
    const Result<const remoting::CommandView*> never(Status::closed("nobody answers"));
    callback(never);
  }

 private:
  const uint64_t id_;
  HostAddress remote_;
  std::atomic<bool> is_open_{true};
  std::atomic<int32_t> opaque_{0};
  mutable Mutex mutex_;
  std::vector<int32_t> codes_;
};

}  // namespace rocketmq::broker
