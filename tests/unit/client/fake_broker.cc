#include "tests/unit/client/fake_broker.h"

#include <algorithm>
#include <utility>

#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/message/properties.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/offsets.h"
#include "remoting/protocol/commands/reply_message.h"
#include "tests/unit/client/messages.h"

namespace rocketmq::client {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

FakeBroker::FakeBroker(remoting::IoPool& pool, std::string name)
    : pool_(pool), name_(std::move(name)) {
  registerSends();
  registerPulls();
  registerMembership();
  registerOffsets();
  remoting::Server::Options options;
  options.bind_address = "127.0.0.1";
  options.on_closed = [this](const remoting::ConnectionPtr& connection) {
    MutexLock lock(mutex_);
    connections_.erase(connection->id());
  };
  server_ = std::move(*remoting::Server::start(pool_, router_, std::move(options)));
  address_ = "127.0.0.1:" + std::to_string(server_->port());
}

FakeBroker::~FakeBroker() { stop(); }

std::string FakeBroker::address() const { return address_; }

void FakeBroker::stop() {
  std::list<HeldPull> held;
  std::vector<std::function<void()>> swallowed;
  {
    MutexLock lock(mutex_);
    held.swap(held_);
    swallowed.swap(swallowed_);
    connections_.clear();
  }
  if (server_ != nullptr) {
    server_->stop(std::chrono::milliseconds(0));
    server_.reset();
  }
}

template <class C>
void FakeBroker::swallow(remoting::Responder<C> responder) {
  auto kept = std::make_shared<remoting::Responder<C>>(std::move(responder));
  swallowed_.push_back([kept] {});
}

template <class C>
void FakeBroker::takeSend(const C& request, const RequestContext& context,
                          remoting::Responder<C> responder) {
  Answer<remoting::SendMessageReply> answer;
  const QueueKey queue{request.topic, request.queue_id};
  {
    MutexLock lock(mutex_);
    ++sends_;
    if (break_sends_ > 0 || swallow_sends_) {
      swallow(std::move(responder));
      if (break_sends_ > 0) {
        --break_sends_;
        context.connection->close("broken by the test");
      }
      return;
    }
    if (refuse_sends_) {
      answer = {*refuse_sends_, "refused by the test"};
    } else {
      remoting::SendMessageV2 copy{request};
      sent_.push_back(std::move(copy));
      store(queue, std::string(context.body()), request.properties.value_or(""),
            request.reconsume_times.value_or(0));
      remoting::SendMessageReply reply;
      reply.message_id = "7F00000100002A9F0000000000000000";
      reply.queue_id = request.queue_id;
      reply.queue_offset = static_cast<int64_t>(queues_[queue].size()) - 1;
      answer = reply;
    }
  }
  const bool is_stored = answer.code == ResponseCode::kSuccess;
  responder(std::move(answer));
  if (is_stored) {
    replyTo(request.properties.value_or(""), context);
  }
  answerHeld(queue);
}

void FakeBroker::replyTo(const std::string& properties, const RequestContext& context) {
  const std::string_view id = findProperty(properties, property::kCorrelationId);
  std::optional<std::string> body;
  {
    MutexLock lock(mutex_);
    if (connections_.contains(context.connection->id())) {
      body = reply_;
    }
  }
  if (id.empty() || !body) {
    return;
  }
  remoting::PushReplyMessageToClient reply;
  reply.topic = "fake_REPLY_TOPIC";
  reply.properties = formatProperties({{std::string(property::kCorrelationId), std::string(id)}});
  context.connection->oneway(reply, remoting::Payload(std::move(*body)));
}

void FakeBroker::registerSends() {
  router_.handleLater<remoting::SendMessageV2>(
      {}, [this](const remoting::SendMessageV2& request, const RequestContext& context,
                 remoting::Responder<remoting::SendMessageV2> responder) {
        takeSend(request, context, std::move(responder));
      });
  router_.handleLater<remoting::SendBatchMessage>(
      {}, [this](const remoting::SendBatchMessage& request, const RequestContext& context,
                 remoting::Responder<remoting::SendBatchMessage> responder) {
        takeSend(request, context, std::move(responder));
      });
  router_.handle<remoting::ConsumerSendMessageBack>(
      {},
      [this](const remoting::ConsumerSendMessageBack& request,
             const RequestContext&) -> Answer<NoFields> {
        MutexLock lock(mutex_);
        if (refuse_send_backs_) {
          return {ResponseCode::kSystemError, "refused by the test"};
        }
        send_backs_.push_back(request);
        return {};
      });
}

void FakeBroker::registerPulls() {
  router_.handleLater<remoting::PullMessage>(
      {}, [this](const remoting::PullMessage& request, const RequestContext&,
                 remoting::Responder<remoting::PullMessage> responder) {
        std::optional<Answer<remoting::PullMessageReply>> answer;
        {
          MutexLock lock(mutex_);
          ++pulls_[request.topic];
          if ((request.sys_flag & remoting::kPullFlagCommitOffset) != 0) {
            offsets_[{request.consumer_group, {request.topic, request.queue_id}}] =
                request.commit_offset;
          }
          answer = tryPull(request);
          if (!answer) {
            held_.push_back({{request.topic, request.queue_id},
                             request,
                             std::make_shared<remoting::Responder<remoting::PullMessage>>(
                                 std::move(responder))});
            return;
          }
        }
        responder(std::move(*answer));
      });
}

std::optional<Answer<remoting::PullMessageReply>> FakeBroker::tryPull(
    const remoting::PullMessage& request) {
  const QueueKey key{request.topic, request.queue_id};
  const std::vector<std::string>& stored = queues_[key];
  const auto end = static_cast<int64_t>(stored.size());
  remoting::PullMessageReply reply;
  reply.max_offset = end;
  reply.suggest_which_broker_id = suggested_broker_id_;
  Answer<remoting::PullMessageReply> answer;
  if (refuse_pulls_.contains(key)) {
    answer.code = ResponseCode::kSystemError;
    return answer;
  }
  if (const auto moved = moved_.find(key); moved != moved_.end()) {
    reply.next_begin_offset = moved->second;
    moved_.erase(moved);
    answer.code = ResponseCode::kPullOffsetMoved;
    answer.remark = "OFFSET_RESET";
  } else if (request.queue_offset > end) {
    reply.next_begin_offset = end;
    answer.code = ResponseCode::kPullOffsetMoved;
  } else if (request.queue_offset == end) {
    if ((request.sys_flag & remoting::kPullFlagSuspend) != 0 && !hold_no_pulls_) {
      return std::nullopt;
    }
    reply.next_begin_offset = end;
    answer.code = ResponseCode::kPullNotFound;
  } else {
    const int64_t last = std::min<int64_t>(end, request.queue_offset + request.max_messages);
    std::string body;
    for (int64_t offset = request.queue_offset; offset < last; ++offset) {
      body += stored[static_cast<size_t>(offset)];
    }
    reply.next_begin_offset = last;
    answer.body = remoting::Payload(std::move(body));
  }
  answer.header = reply;
  return answer;
}

void FakeBroker::holdNoPulls() {
  MutexLock lock(mutex_);
  hold_no_pulls_ = true;
}

void FakeBroker::suggestBroker(int64_t broker_id) {
  MutexLock lock(mutex_);
  suggested_broker_id_ = broker_id;
}

void FakeBroker::answerHeld(const QueueKey& queue) {
  std::vector<std::pair<PullResponder, Answer<remoting::PullMessageReply>>> answers;
  {
    MutexLock lock(mutex_);
    for (auto held = held_.begin(); held != held_.end();) {
      std::optional<Answer<remoting::PullMessageReply>> answer;
      if (held->queue == queue) {
        answer = tryPull(held->request);
      }
      if (answer) {
        answers.emplace_back(held->responder, std::move(*answer));
        held = held_.erase(held);
      } else {
        ++held;
      }
    }
  }
  for (auto& [responder, answer] : answers) {
    (*responder)(std::move(answer));
  }
}

void FakeBroker::registerMembership() {
  router_.handleLater<remoting::Heartbeat>(
      {}, [this](const remoting::Heartbeat&, const RequestContext& context,
                 remoting::Responder<remoting::Heartbeat> responder) {
        const auto data = json::decode<remoting::HeartbeatData>(context.body());
        {
          MutexLock lock(mutex_);
          ++heartbeats_;
          connections_[context.connection->id()] = context.connection;
          if (data.ok()) {
            heartbeat_ = *data;
            for (const remoting::ConsumerData& consumer : data->consumer_data_set) {
              members_[consumer.group_name].insert(data->client_id);
            }
          }
          if (swallow_heartbeats_) {
            swallow(std::move(responder));
            return;
          }
        }
        responder(Answer<remoting::HeartbeatReply>());
      });
  router_.handle<remoting::UnregisterClient>(
      {}, [this](const remoting::UnregisterClient& request, const RequestContext&) {
        MutexLock lock(mutex_);
        members_[request.consumer_group.value_or("")].erase(request.client_id.value_or(""));
        return Answer<NoFields>();
      });
  router_.handleLater<remoting::GetConsumerListByGroup>(
      {}, [this](const remoting::GetConsumerListByGroup& request, const RequestContext&,
                 remoting::Responder<remoting::GetConsumerListByGroup> responder) {
        remoting::ConsumerIdList ids;
        {
          MutexLock lock(mutex_);
          ++member_questions_;
          if (swallow_member_questions_) {
            swallow(std::move(responder));
            return;
          }
          const std::set<std::string>& known = members_[request.consumer_group];
          ids.consumer_id_list = {known.begin(), known.end()};
        }
        responder(Answer<NoFields>::ofBody(json::encode(ids)));
      });
  router_.handle<remoting::LockBatchQueues>(
      {}, [this](const remoting::LockBatchQueues&, const RequestContext& context) {
        const auto body = json::decode<remoting::LockBatchBody>(context.body());
        remoting::LockBatchReplyBody reply;
        MutexLock lock(mutex_);
        ++lock_requests_;
        if (fail_locks_) {
          return Answer<NoFields>{ResponseCode::kSystemError, "refused by the test"};
        }
        for (const model::MessageQueue& queue : body->mq_set) {
          const auto [entry, is_new] = locks_.try_emplace(queue, body->client_id);
          if (!refuse_locks_ && entry->second == body->client_id) {
            reply.lock_ok_mq_set.insert(queue);
          } else if (is_new) {
            locks_.erase(entry);
          }
        }
        return Answer<NoFields>::ofBody(json::encode(reply));
      });
  router_.handle<remoting::UnlockBatchQueues>(
      {}, [this](const remoting::UnlockBatchQueues&, const RequestContext& context) {
        const auto body = json::decode<remoting::LockBatchBody>(context.body());
        MutexLock lock(mutex_);
        ++unlocks_;
        for (const model::MessageQueue& queue : body->mq_set) {
          const auto entry = locks_.find(queue);
          if (entry != locks_.end() && entry->second == body->client_id) {
            locks_.erase(entry);
          }
        }
        return Answer<NoFields>();
      });
}

void FakeBroker::registerOffsets() {
  router_.handleLater<
      remoting::QueryConsumerOffset>({}, [this](const remoting::QueryConsumerOffset& request,
                                                const RequestContext&,
                                                remoting::Responder<remoting::QueryConsumerOffset>
                                                    responder) {
    Answer<remoting::OffsetReply> answer{ResponseCode::kQueryNotFound, "Not found"};
    {
      MutexLock lock(mutex_);
      ++offset_questions_;
      if (swallow_offset_questions_) {
        swallow(std::move(responder));
        return;
      }
      const auto known = offsets_.find({request.consumer_group, {request.topic, request.queue_id}});
      if (fail_offset_questions_) {
        answer = {ResponseCode::kSystemError, "refused by the test"};
      } else if (known != offsets_.end()) {
        answer = remoting::OffsetReply{known->second};
      }
    }
    responder(std::move(answer));
  });
  router_.handle<remoting::UpdateConsumerOffset>(
      {}, [this](const remoting::UpdateConsumerOffset& request, const RequestContext&) {
        {
          MutexLock lock(mutex_);
          ++offset_updates_;
          if (refuse_offsets_) {
            return Answer<NoFields>{ResponseCode::kSystemError, "refused by the test"};
          }
        }
        setCommitted(request.consumer_group, request.topic, request.queue_id,
                     request.commit_offset);
        return Answer<NoFields>();
      });
  router_.handle<remoting::GetMaxOffset>(
      {}, [this](const remoting::GetMaxOffset& request, const RequestContext&) {
        std::function<void()> on_end_asked;
        {
          MutexLock lock(mutex_);
          on_end_asked = on_end_asked_;
        }
        if (on_end_asked) {
          on_end_asked();
        }
        MutexLock lock(mutex_);
        return Answer<remoting::OffsetReply>(remoting::OffsetReply{
            static_cast<int64_t>(queues_[{request.topic, request.queue_id}].size())});
      });
  router_.handle<remoting::GetMinOffset>(
      {}, [](const remoting::GetMinOffset&, const RequestContext&) {
        return Answer<remoting::OffsetReply>(remoting::OffsetReply{0});
      });
}

void FakeBroker::store(const QueueKey& queue, const std::string& body,
                       const std::string& properties, int32_t reconsume_times) {
  std::vector<std::string>& stored = queues_[queue];
  StoredMessage message;
  message.topic = queue.first;
  message.body = body;
  message.properties = properties;
  message.queue_id = queue.second;
  message.queue_offset = static_cast<int64_t>(stored.size());
  message.physical_offset = 1000 + message.queue_offset;
  message.reconsume_times = reconsume_times;
  stored.push_back(encodeStored(message));
  bodies_[queue].push_back(body);
}

}  // namespace rocketmq::client
