#include <utility>

#include "tests/unit/client/fake_broker.h"

namespace rocketmq::client {

using remoting::ResponseCode;

void FakeBroker::append(const std::string& topic, int32_t queue_id, const std::string& body,
                        const std::string& properties) {
  {
    MutexLock lock(mutex_);
    store({topic, queue_id}, body, properties, 0);
  }
  answerHeld({topic, queue_id});
}

std::vector<std::string> FakeBroker::bodies(const std::string& topic, int32_t queue_id) const {
  MutexLock lock(mutex_);
  const auto found = bodies_.find({topic, queue_id});
  return found == bodies_.end() ? std::vector<std::string>() : found->second;
}

void FakeBroker::refuseSends(std::optional<ResponseCode> code) {
  MutexLock lock(mutex_);
  refuse_sends_ = code;
}

void FakeBroker::swallowSends(bool swallow) {
  MutexLock lock(mutex_);
  swallow_sends_ = swallow;
}

void FakeBroker::swallowHeartbeats(bool swallow) {
  MutexLock lock(mutex_);
  swallow_heartbeats_ = swallow;
}

void FakeBroker::breakSends(int32_t count) {
  MutexLock lock(mutex_);
  break_sends_ = count;
}

void FakeBroker::replyWith(std::optional<std::string> body) {
  MutexLock lock(mutex_);
  reply_ = std::move(body);
}

void FakeBroker::cutClients() {
  for (const remoting::ConnectionPtr& connection : connections()) {
    connection->close("cut by the test");
  }
}

void FakeBroker::refuseSendBacks(bool refuse) {
  MutexLock lock(mutex_);
  refuse_send_backs_ = refuse;
}

void FakeBroker::refuseOffsets(bool refuse) {
  MutexLock lock(mutex_);
  refuse_offsets_ = refuse;
}

void FakeBroker::refusePulls(const std::string& topic, int32_t queue_id) {
  MutexLock lock(mutex_);
  refuse_pulls_.insert({topic, queue_id});
}

void FakeBroker::swallowMemberQuestions(bool swallow) {
  MutexLock lock(mutex_);
  swallow_member_questions_ = swallow;
}

void FakeBroker::swallowOffsetQuestions(bool swallow) {
  MutexLock lock(mutex_);
  swallow_offset_questions_ = swallow;
}

int64_t FakeBroker::memberQuestions() const {
  MutexLock lock(mutex_);
  return member_questions_;
}

void FakeBroker::failOffsetQuestions(bool fail) {
  MutexLock lock(mutex_);
  fail_offset_questions_ = fail;
}

void FakeBroker::onEndAsked(std::function<void()> call) {
  MutexLock lock(mutex_);
  on_end_asked_ = std::move(call);
}

int64_t FakeBroker::offsetQuestions() const {
  MutexLock lock(mutex_);
  return offset_questions_;
}

int64_t FakeBroker::offsetUpdates() const {
  MutexLock lock(mutex_);
  return offset_updates_;
}

void FakeBroker::refuseLocks(bool refuse) {
  MutexLock lock(mutex_);
  refuse_locks_ = refuse;
}

void FakeBroker::failLocks(bool fail) {
  MutexLock lock(mutex_);
  fail_locks_ = fail;
}

int64_t FakeBroker::sends() const {
  MutexLock lock(mutex_);
  return sends_;
}

int64_t FakeBroker::heartbeats() const {
  MutexLock lock(mutex_);
  return heartbeats_;
}

int64_t FakeBroker::lockRequests() const {
  MutexLock lock(mutex_);
  return lock_requests_;
}

int64_t FakeBroker::pulls(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = pulls_.find(topic);
  return found == pulls_.end() ? 0 : found->second;
}

int64_t FakeBroker::unlocks() const {
  MutexLock lock(mutex_);
  return unlocks_;
}

std::vector<remoting::ConsumerSendMessageBack> FakeBroker::sendBacks() const {
  MutexLock lock(mutex_);
  return send_backs_;
}

std::vector<remoting::SendMessageV2> FakeBroker::sent() const {
  MutexLock lock(mutex_);
  return sent_;
}

std::optional<int64_t> FakeBroker::committed(const std::string& group, const std::string& topic,
                                             int32_t queue_id) const {
  MutexLock lock(mutex_);
  const auto found = offsets_.find({group, {topic, queue_id}});
  return found == offsets_.end() ? std::nullopt : std::optional(found->second);
}

void FakeBroker::setCommitted(const std::string& group, const std::string& topic, int32_t queue_id,
                              int64_t offset) {
  MutexLock lock(mutex_);
  offsets_[{group, {topic, queue_id}}] = offset;
}

std::set<std::string> FakeBroker::members(const std::string& group) const {
  MutexLock lock(mutex_);
  const auto found = members_.find(group);
  return found == members_.end() ? std::set<std::string>() : found->second;
}

std::optional<remoting::HeartbeatData> FakeBroker::lastHeartbeat() const {
  MutexLock lock(mutex_);
  return heartbeat_;
}

std::set<model::MessageQueue> FakeBroker::locked() const {
  std::set<model::MessageQueue> queues;
  MutexLock lock(mutex_);
  for (const auto& [queue, owner] : locks_) {
    queues.insert(queue);
  }
  return queues;
}

void FakeBroker::moveOffset(const std::string& topic, int32_t queue_id, int64_t offset) {
  {
    MutexLock lock(mutex_);
    moved_[{topic, queue_id}] = offset;
  }
  answerHeld({topic, queue_id});
}

std::vector<remoting::ConnectionPtr> FakeBroker::connections() const {
  std::vector<remoting::ConnectionPtr> open;
  MutexLock lock(mutex_);
  for (const auto& [id, connection] : connections_) {
    open.push_back(connection);
  }
  return open;
}

}  // namespace rocketmq::client
