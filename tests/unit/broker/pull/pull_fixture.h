#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/pull/pull_service.h"
#include "common/message/sys_flag.h"
#include "tests/unit/broker/fake_connection.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {

using remoting::ResponseCode;
using PullAnswer = remoting::Answer<remoting::PullMessageReply>;

/// Pulls of one group from one topic, over the real store and tables.
class PullServiceTest : public MessagePath {
 protected:
  PullServiceTest() {
    topics_->createForSend({.topic = "T", .default_topic = "TBW102", .default_topic_queues = 4});
    groups_->findOrCreate("G");
    pulls_.emplace(PullService::Parts{.settings = settings_,
                                      .topics = *topics_,
                                      .groups = *groups_,
                                      .clients = clients_,
                                      .offsets = *offsets_,
                                      .store = *store_,
                                      .held = held_,
                                      .lanes = lanes_,
                                      .traffic = traffic_,
                                      .clock = clock_,
                                      .has_slave_in_sync = [this] { return has_slave_; }});
  }
  ~PullServiceTest() override { lanes_.stop(); }

  struct Pull {
    std::string group = "G";
    std::string topic = "T";
    int32_t queue_id = 0;
    int64_t offset = 0;
    int32_t max = 32;
    int32_t sys_flag = pull_sys_flag::kSubscription;
    int64_t commit = 0;
    int64_t suspend_ms = 15'000;
    std::string subscription = "*";
    int64_t version = 0;
    std::string type = "TAG";
    bool is_lite = false;
  };

  /// Where the answer of one pull goes.
  struct Slot {
    std::optional<PullAnswer> answer;
    std::atomic<bool> has_answer{false};  ///< For answers that come from another thread.
    bool was_held = false;
    std::function<void()> before_hold;
  };

  class SlotResponder final : public PullResponder {
   public:
    SlotResponder(std::shared_ptr<Slot> slot, remoting::ConnectionPtr connection)
        : slot_(std::move(slot)), connection_(std::move(connection)) {}
    void answer(PullAnswer answer) override {
      slot_->answer = std::move(answer);
      slot_->has_answer = true;
    }
    const remoting::ConnectionPtr& connection() const override { return connection_; }
    void markHeld() override {
      slot_->was_held = true;
      if (slot_->before_hold) {
        slot_->before_hold();
      }
    }

   private:
    std::shared_ptr<Slot> slot_;
    remoting::ConnectionPtr connection_;
  };

  std::shared_ptr<Slot> start(const Pull& what, std::function<void()> before_hold = nullptr) {
    PullService::Header header;
    header.consumer_group = what.group;
    header.topic = what.topic;
    header.queue_id = what.queue_id;
    header.queue_offset = what.offset;
    header.max_messages = what.max;
    header.sys_flag = what.sys_flag;
    header.commit_offset = what.commit;
    header.suspend_timeout_ms = what.suspend_ms;
    header.subscription = what.subscription;
    header.subscription_version = what.version;
    header.expression_type = what.type;
    auto slot = std::make_shared<Slot>();
    slot->before_hold = std::move(before_hold);
    pulls_->pull(header, what.is_lite, std::make_unique<SlotResponder>(slot, connection_));
    return slot;
  }

  /// A pull that must be answered at once.
  PullAnswer pull(const Pull& what) {
    const auto slot = start(what);
    EXPECT_TRUE(slot->answer.has_value());
    return slot->answer.value_or(PullAnswer{});
  }

  ResponseCode codeOf(const Pull& what) { return pull(what).code; }

  static std::vector<std::string> bodies(const PullAnswer& answer) {
    std::string bytes;
    for (const auto& slice : answer.body.slices()) {
      bytes += slice.bytes;
    }
    std::vector<std::string> found;
    for (std::string_view rest = bytes; !rest.empty();) {
      const auto record = decodeRecord(rest, CrcCheck::kVerify);
      EXPECT_TRUE(record.ok());
      if (!record.ok()) {
        break;
      }
      found.emplace_back(record->body);
      rest.remove_prefix(static_cast<size_t>(record->total_size));
    }
    return found;
  }

  void subscribe(std::string expression, int64_t version = 1, std::string type = "TAG",
                 model::MessageModel model = model::MessageModel::kClustering) {
    GroupSubscription subscription;
    subscription.traits.message_model = model;
    model::SubscriptionData data;
    data.topic = "T";
    data.sub_string = std::move(expression);
    data.sub_version = version;
    data.expression_type = std::move(type);
    subscription.subscriptions = {data};
    clients_.registerConsumer("G", {.connection = connection_, .client_id = "c"}, subscription);
  }

  static constexpr int32_t kHold = pull_sys_flag::kSubscription | pull_sys_flag::kSuspend;

  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>(1);
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{{}, filters_, clock_};
  remoting::Lanes lanes_{{}};
  bool has_slave_ = false;
  std::optional<PullService> pulls_;
};

}  // namespace rocketmq::broker
