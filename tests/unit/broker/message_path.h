#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/subscription_groups.h"
#include "broker/pull/held_pulls.h"
#include "broker/schedule/delay_levels.h"
#include "broker/schedule/delay_service.h"
#include "broker/send/send_service.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "broker/traffic_observer.h"
#include "common/message/properties.h"
#include "remoting/lanes.h"
#include "store/message_store.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unmappable_file_system.h"

namespace rocketmq::broker {

/// Files of which nothing is in the cache while `is_cold`.
class ColdableFileSystem final : public test::UnmappableFileSystem {
 public:
  std::atomic<bool> is_cold{false};

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> real,
                              UnmappableFileSystem::map(path, options));
    return std::unique_ptr<MappedFile>(std::make_unique<File>(std::move(real), is_cold));
  }

 private:
  class File final : public test::ForwardingMappedFile {
   public:
    File(std::unique_ptr<MappedFile> real, const std::atomic<bool>& is_cold)
        : ForwardingMappedFile(std::move(real)), is_cold_(is_cold) {}
    bool isCached(std::string_view range) const override {
      return !is_cold_ && ForwardingMappedFile::isCached(range);
    }

   private:
    const std::atomic<bool>& is_cold_;
  };
};

/// A broker's message path without sockets and threads of its own: the real store in a temporary
/// folder, the real tables, a clock that tests move.
class MessagePath : public testing::Test {
 protected:
  MessagePath() {
    configure([](BrokerSettings&) {});
    openAll();
  }

  ~MessagePath() override { closeAll(); }

  /// Publishes the fixture's settings with a change.
  template <class Change>
  void configure(Change change) {
    BrokerSettings settings;
    settings.broker_name = "broker-a";
    settings.advertised_ip = "127.0.0.1";
    settings.store_root = dir_ / "store";
    settings.commit_log_file_bytes = 1 << 20;
    settings.consume_queue_file_bytes = 20 * 1000;
    settings.index_hash_slots = 100;
    settings.index_entries_max = 400;
    change(settings);
    settings_.store(std::make_shared<const BrokerSettings>(std::move(settings)));
  }

  void openAll() {
    const auto settings = settings_.load();
    auto opened = store::MessageStore::open(
        storeOptionsOf(*settings, levels_), clock_,
        [this](const store::Arrival& arrival) { onArrival(arrival); }, files_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
    const std::string config = settings->store_root + "/config/";
    topics_ = std::move(*TopicTable::open(config + "topics.json", settings_, clock_));
    groups_ =
        std::move(*SubscriptionGroups::open(config + "subscriptionGroup.json", settings_, clock_));
    offsets_ = std::move(*ConsumerOffsets::open(config + "consumerOffset.json"));
    delays_ = std::move(*DelayService::open(config + "delayOffset.json", levels_, *store_, clock_));
    guarantee_.emplace(settings_, *store_, nullptr);
    makeSends(nullptr);
  }

  void makeSends(const TimerService* timers) {
    sends_.emplace(SendService::Parts{.settings = settings_,
                                      .topics = *topics_,
                                      .groups = *groups_,
                                      .store = *store_,
                                      .guarantee = *guarantee_,
                                      .delay_levels = levels_,
                                      .traffic = traffic_,
                                      .clock = clock_,
                                      .timers = timers},
                   host_);
  }

  void closeAll() {
    held_.stop();
    delays_.reset();
    if (store_ != nullptr) {
      EXPECT_TRUE(store_->close().isOk());
      store_.reset();
    }
  }

  void onArrival(const store::Arrival& arrival) {
    held_.onArrival(arrival);
    if (arrival.topic == kScheduleTopic && delays_ != nullptr) {
      delays_->onArrival(arrival);
    }
  }

  /// Runs what held pulls posted.
  void runPosted() {
    while (!posted_.empty()) {
      auto task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }

  /// Puts three files and a half behind what the log has. After the next openAll() no file in front
  /// of them is mapped until somebody reads it: the index, which would, is off, and these are as
  /// many as the file queueends needs not to look at one in front of them.
  void fillLogFiles() {
    configure([](BrokerSettings& settings) { settings.message_index = false; });
    const int64_t end = store_->commitLogMaxOffset() + 3'500'000;
    while (store_->commitLogMaxOffset() < end) {
      send({.topic = "Filler", .body = std::string(100'000, 'x')});
    }
  }

  struct Send {
    std::string topic = "T";
    std::string body = "hello";
    PropertyMap properties = {};
    int32_t queue_id = 0;
    int32_t sys_flag = 0;
    int32_t flag = 0;
    bool batch = false;
    std::optional<int32_t> reconsume_times = std::nullopt;
    std::optional<int32_t> max_reconsume_times = std::nullopt;
    int32_t client_version = 409;
    bool may_block = true;
    TimestampMs born_ms = 1234;
  };

  SendOutcome trySend(const Send& send) {
    const std::string properties = formatProperties(send.properties);
    remoting::SendMessageHeader<std::string_view> header;
    header.producer_group = "P";
    header.topic = send.topic;
    header.default_topic = "TBW102";
    header.default_topic_queue_nums = 4;
    header.queue_id = send.queue_id;
    header.sys_flag = send.sys_flag;
    header.born_timestamp_ms = send.born_ms;
    header.flag = send.flag;
    header.properties = properties;
    header.reconsume_times = send.reconsume_times;
    header.max_reconsume_times = send.max_reconsume_times;
    header.batch = send.batch;
    return sends_->send({.header = header,
                         .body = send.body,
                         .born_host = host_,
                         .client_version = send.client_version,
                         .may_block = send.may_block});
  }

  /// A send that must succeed.
  remoting::SendMessageReply send(const Send& what) {
    const SendOutcome outcome = trySend(what);
    EXPECT_EQ(outcome.answer.code, remoting::ResponseCode::kSuccess) << outcome.answer.remark;
    return outcome.answer.header.value_or(remoting::SendMessageReply{});
  }

  /// A message as it was stored; its bytes live as long as it does.
  struct Stored {
    store::LogSlice slice;
    MessageRecord record;
    PropertyMap properties;
  };

  /// Every message of a queue.
  std::vector<Stored> stored(std::string_view topic, int32_t queue_id = 0) {
    std::vector<Stored> messages;
    for (const store::QueueEntry& entry : store_->queueEntries(topic, queue_id, 0, 1000)) {
      auto slice = store_->recordAt(entry.physical_offset);
      EXPECT_TRUE(slice.ok()) << slice.status().message();
      const auto record = decodeRecord(slice->bytes, CrcCheck::kVerify);
      EXPECT_TRUE(record.ok()) << record.status().message();
      messages.push_back({*slice, *record, parseProperties(record->properties)});
    }
    return messages;
  }

  test::TempDir dir_;
  ColdableFileSystem files_;
  ManualClock clock_;
  const HostAddress host_ = *HostAddress::parse("127.0.0.1:10911");
  const DelayLevels levels_ = *DelayLevels::parse("1s 5s 10s 30s 1m");
  LiveSettings settings_{std::make_shared<const BrokerSettings>()};
  TrafficObserver traffic_;
  std::deque<remoting::UniqueFunction<void()>> posted_;
  HeldPulls held_{
      {}, [this](remoting::UniqueFunction<void()> task) { posted_.push_back(std::move(task)); }};
  std::unique_ptr<store::MessageStore> store_;
  std::unique_ptr<TopicTable> topics_;
  std::unique_ptr<SubscriptionGroups> groups_;
  std::unique_ptr<ConsumerOffsets> offsets_;
  std::unique_ptr<DelayService> delays_;
  std::optional<StoreGuarantee> guarantee_;
  std::optional<SendService> sends_;
};

}  // namespace rocketmq::broker
