#include "remoting/memory_connection.h"

#include "common/check.h"

namespace rocketmq::remoting {
namespace {

uint64_t nextId() {
  // Apart from the ids of connections with a socket, which count up from 1.
  static std::atomic<uint64_t> next = uint64_t{1} << 63;
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

MemoryConnection::MemoryConnection(Options options) : id_(nextId()), options_(std::move(options)) {}

std::shared_ptr<MemoryConnection> MemoryConnection::create(Options options) {
  return std::shared_ptr<MemoryConnection>(new MemoryConnection(std::move(options)));
}

std::string MemoryConnection::flatten(OutgoingFrame frame) {
  std::string bytes = std::move(frame.head);
  for (const Payload::Slice& slice : frame.body.slices()) {
    bytes += slice.bytes;
  }
  return bytes;
}

void MemoryConnection::receive(const Router& router, std::string frame) {
  CommandView view;
  const Status status = decodeFrame(frame.data(), frame.size(), view);
  ROCKETMQ_CHECK(status.isOk());  // We have encoded it ourselves.
  router.dispatch(shared_from_this(), view, frame);
}

std::vector<std::string> MemoryConnection::takeSent() {
  MutexLock lock(mutex_);
  return std::exchange(sent_, {});
}

std::optional<std::string> MemoryConnection::takeAnswerFrame(int32_t opaque) {
  MutexLock lock(mutex_);
  for (auto frame = sent_.begin(); frame != sent_.end(); ++frame) {
    std::string copy = *frame;  // Decoding may change the bytes.
    CommandView view;
    if (decodeFrame(copy.data(), copy.size(), view).isOk() && view.isResponse() &&
        view.opaque == opaque) {
      std::string found = std::move(*frame);
      sent_.erase(frame);
      return found;
    }
  }
  return std::nullopt;
}

bool MemoryConnection::answerCall(std::string frame) {
  CommandView view;
  if (!decodeFrame(frame.data(), frame.size(), view).isOk()) {
    return false;
  }
  RawCallback callback;
  {
    MutexLock lock(mutex_);
    const auto call = calls_.find(view.opaque);
    if (call == calls_.end()) {
      return false;
    }
    callback = std::move(call->second);
    calls_.erase(call);
  }
  callback(&view);
  return true;
}

bool MemoryConnection::isOpen() const {
  MutexLock lock(mutex_);
  return is_open_;
}

void MemoryConnection::send(OutgoingFrame frame) {
  MutexLock lock(mutex_);
  if (is_open_) {
    sent_.push_back(flatten(std::move(frame)));
  }
}

void MemoryConnection::close(std::string_view reason) {
  std::map<int32_t, RawCallback> calls;
  {
    MutexLock lock(mutex_);
    is_open_ = false;
    calls.swap(calls_);
  }
  for (auto& [opaque, callback] : calls) {
    callback(Status::closed("connection closed: " + std::string(reason)));
  }
}

void MemoryConnection::callRaw(int32_t opaque, OutgoingFrame frame, Deadline /*deadline*/,
                               RawCallback callback) {
  {
    MutexLock lock(mutex_);
    if (is_open_) {
      sent_.push_back(flatten(std::move(frame)));
      calls_[opaque] = std::move(callback);
      return;
    }
  }
  callback(Status::closed("connection is closed"));
}

}  // namespace rocketmq::remoting
