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

/// A connection without a socket that remembers what is sent over it.
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
    frames_.clear();
  }
  /// The requests of one kind, with their bodies, in the order they were sent.
  template <remoting::Command C>
  std::vector<std::pair<C, std::string>> sentRequests() const {
    MutexLock lock(mutex_);
    std::vector<std::pair<C, std::string>> requests;
    for (std::string bytes : frames_) {
      remoting::CommandView view;
      C request{};
      if (remoting::decodeFrame(bytes.data(), bytes.size(), view).isOk() &&
          view.code == static_cast<int32_t>(C::kCode) &&
          remoting::decodeFields(view.ext_fields, remoting::nameStyleOf<C>(), request).isOk()) {
        requests.emplace_back(std::move(request), std::string(view.body));
      }
    }
    return requests;
  }
  void setCongested(bool congested) { is_congested_ = congested; }

  uint64_t id() const override { return id_; }
  const HostAddress& remote() const override { return remote_; }
  const HostAddress& local() const override { return remote_; }
  bool isOpen() const override { return is_open_; }
  bool isCongested() const override { return is_congested_; }
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
    const std::string as_sent = bytes;  // Decoding works in place.
    remoting::CommandView view;
    const Status status = remoting::decodeFrame(bytes.data(), bytes.size(), view);
    MutexLock lock(mutex_);
    frames_.push_back(as_sent);
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
  std::atomic<bool> is_congested_{false};
  std::atomic<int32_t> opaque_{0};
  mutable Mutex mutex_;
  std::vector<int32_t> codes_;
  std::vector<std::string> frames_;
};

}  // namespace rocketmq::broker
