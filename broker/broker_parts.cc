// Broker::Impl: its parts and how they are put together.

#include <algorithm>
#include <thread>
#include <utility>

#include "broker/acl/acl_handlers.h"
#include "broker/broker_impl.h"
#include "broker/handlers/admin_broker_handlers.h"
#include "broker/handlers/admin_group_handlers.h"
#include "broker/handlers/admin_offset_handlers.h"
#include "broker/handlers/admin_topic_handlers.h"
#include "broker/handlers/client_handlers.h"
#include "broker/handlers/lock_handlers.h"
#include "broker/handlers/offset_handlers.h"
#include "broker/handlers/pull_handlers.h"
#include "broker/handlers/query_handlers.h"
#include "broker/handlers/queue_entry_handlers.h"
#include "broker/handlers/relay_handlers.h"
#include "broker/handlers/reply_handlers.h"
#include "broker/handlers/send_handlers.h"
#include "broker/handlers/timer_handlers.h"
#include "broker/handlers/transaction_handlers.h"
#include "common/log.h"
#include "remoting/acl/credentials_file.h"
#include "store/store_folder.h"

namespace rocketmq::broker {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

size_t ioThreadsOf(const BrokerSettings& settings) {
  if (settings.io_threads > 0) {
    return static_cast<size_t>(settings.io_threads);
  }
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace

Broker::Impl::Impl(BrokerSettings settings, DelayLevels levels, const HostAddress& store_host,
                   Notice notice)
    : settings_(std::make_shared<const BrokerSettings>(std::move(settings))),
      levels_(std::move(levels)),
      store_host_(store_host),
      notice_(std::move(notice)),
      lanes_(remoting::Lanes::Options{}),
      pool_("broker-io", ioThreadsOf(*settings_.load())),
      held_pulls_({.held_max = static_cast<size_t>(settings_.load()->held_pulls_max)},
                  [this](remoting::UniqueFunction<void()> task) { postAnywhere(std::move(task)); }),
      send_gate_(settings_),
      stats_(settings_.load()->cluster_name, clock_.nowMs()),
      router_(&lanes_) {}

Status Broker::Impl::openFilters() {
  const auto settings = settings_.load();
  ROCKETMQ_ASSIGN_OR_RETURN(
      filters_,
      ConsumerFilters::open(
          configPath("consumerFilter.json"),
          BloomFilter(settings->bloom_error_percent_max, settings->bloom_groups_expected), clock_));
  return Status::ok();
}

Status Broker::Impl::openStore() {
  const auto settings = settings_.load();
  store::StoreOptions options = storeOptionsOf(*settings, levels_);
  // First of all: tables, too, are changed by opening them.
  ROCKETMQ_ASSIGN_OR_RETURN(auto folder, store::MessageStore::lock(options));
  ROCKETMQ_RETURN_IF_ERROR(openFilters());
  ROCKETMQ_ASSIGN_OR_RETURN(topics_,
                            TopicTable::open(configPath("topics.json"), settings_, clock_));
  const bool has_bit_maps = settings->queue_extension && settings->filter_bit_maps;
  if (topics_->knowsAllTopics()) {
    options.topic_exists = [this](auto topic) { return topics_->find(topic) != nullptr; };
  }
  options.bit_maps = has_bit_maps ? filters_.get() : nullptr;
  ROCKETMQ_ASSIGN_OR_RETURN(
      store_,
      store::MessageStore::open(std::move(folder), std::move(options), clock_,
                                [this](const store::Arrival& arrival) { onArrival(arrival); }));
  if (has_bit_maps) {
    filters_->useBitMaps([this] { return store_->appendedOffset(); });
  }
  return Status::ok();
}

Status Broker::Impl::openTables() {
  ROCKETMQ_ASSIGN_OR_RETURN(
      groups_, SubscriptionGroups::open(configPath("subscriptionGroup.json"), settings_, clock_));
  ROCKETMQ_ASSIGN_OR_RETURN(offsets_, ConsumerOffsets::open(configPath("consumerOffset.json")));
  cutOffsetsToLog();
  ROCKETMQ_ASSIGN_OR_RETURN(
      delays_, DelayService::open(configPath("delayOffset.json"), levels_, *store_, clock_));
  delays_for_arrivals_.store(delays_.get(), std::memory_order_release);
  const auto settings = settings_.load();
  if (settings->timer_wheel && settings->isSlave()) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        timer_copy_,
        TimerCopy::open({.settings = settings_, .store = *store_, .files = posixFileSystem()}));
  } else if (settings->timer_wheel) {
    ROCKETMQ_ASSIGN_OR_RETURN(message_timers_, TimerService::open({.settings = settings_,
                                                                   .store = *store_,
                                                                   .clock = clock_,
                                                                   .files = posixFileSystem()}));
    timers_for_arrivals_.store(message_timers_.get(), std::memory_order_release);
  }
  return Status::ok();
}

void Broker::Impl::cutOffsetsToLog() {
  if (settings_.load()->isSlave()) {
    return;  // Its log is still to come.
  }
  const size_t cut = offsets_->cutToEnds([this](std::string_view topic, int32_t queue_id) {
    return store_->maxOffset(topic, queue_id);
  });
  if (cut > 0) {
    log::warn(
        "{} positions of consumer groups were beyond the end of their queue, whose last messages "
        "are lost, and were set back to it",
        cut);
  }
}

Status Broker::Impl::openAcl() {
  const auto settings = settings_.load();
  if (!settings->acl) {
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(
      acl_, AclManager::open(settings->rocketmq_home, settings->replyTopic(), clock_));
  // A slave's master asks it who it is, as it asks every client.
  ROCKETMQ_ASSIGN_OR_RETURN(const auto credentials,
                            remoting::readToolsCredentials(settings->rocketmq_home));
  signer_ = remoting::RequestSigner::of(credentials);
  return Status::ok();
}

void Broker::Impl::makeClients() {
  const auto settings = settings_.load();
  clients_.emplace(ClientRegistry::Options{
                       .may_notify =
                           [this](std::string_view name) {
                             const GroupConfigPtr group = groups_->find(name);
                             return settings_.load()->notify_consumer_ids_changed &&
                                    (group == nullptr || group->notify_consumer_ids_changed_enable);
                           },
                       .on_other_expression =
                           [this](std::string_view topic, std::string_view group) {
                             held_pulls_.wakeGroup(topic, group);
                           },
                       .expiry = milliseconds(settings->channel_expired_timeout_ms)},
                   *filters_, clock_);
  heartbeats_.emplace(*clients_, *groups_, *topics_, clock_);
  locks_.emplace(configPath("queueLocks.json"), milliseconds(settings->queue_lock_lifetime_ms));
  locks_->load(clock_.monotonic());
  remoting::Client::Options options;
  options.connect_timeout = milliseconds(settings->connect_timeout_ms);
  // Of a master's tables; name servers and masters are of one's own choice.
  options.limits.frame_bytes_max = kSmallFileBytesMax + remoting::kHeaderBytesMax;
  options.limits.idle_timeout = seconds(settings->client_connection_idle_max_seconds);
  options.tls = tls_.client;
  options.on_closed = [this](const remoting::ConnectionPtr&, const std::string& address) {
    registrar_->connectionLost(address);
  };
  options.signer = signer_;
  outgoing_.emplace(pool_, nullptr, std::move(options));
  registrar_.emplace(pool_, *outgoing_, *topics_, settings_);
  topics_->setChangeListener([this](std::string_view topic) {
    topic.empty() ? registrar_->topicsChanged() : registrar_->topicChanged(topic);
  });
}

Status Broker::Impl::openReplication() {
  ROCKETMQ_ASSIGN_OR_RETURN(replication_,
                            Replication::open({.settings = settings_,
                                               .store = *store_,
                                               .clock = clock_,
                                               .tables = {.client = *outgoing_,
                                                          .lanes = lanes_,
                                                          .topics = *topics_,
                                                          .groups = *groups_,
                                                          .offsets = *offsets_,
                                                          .delays = *delays_,
                                                          .store = *store_,
                                                          .timers = timer_copy_.get()}}));
  registrar_->setMasterListener(
      [this](const Registrar::Master& master) { replication_->setMaster(master); });
  return Status::ok();
}

Status Broker::Impl::makeServices() {
  guarantee_.emplace(settings_, *store_, replication_->server());
  if (!settings_.load()->isSlave()) {
    ROCKETMQ_ASSIGN_OR_RETURN(transactions_, Transactions::open({.settings = settings_,
                                                                 .topics = *topics_,
                                                                 .clients = *clients_,
                                                                 .store = *store_,
                                                                 .guarantee = *guarantee_,
                                                                 .offsets = *offsets_,
                                                                 .traffic = stats_,
                                                                 .clock = clock_},
                                                                store_host_));
  }
  sends_.emplace(SendService::Parts{.settings = settings_,
                                    .topics = *topics_,
                                    .groups = *groups_,
                                    .store = *store_,
                                    .guarantee = *guarantee_,
                                    .delay_levels = levels_,
                                    .traffic = stats_,
                                    .clock = clock_,
                                    .timers = message_timers_.get()},
                 store_host_);
  recalls_.emplace(RecallService::Parts{
      .settings = settings_, .topics = *topics_, .sends = *sends_, .clock = clock_});
  send_backs_.emplace(SendBackService::Parts{.settings = settings_,
                                             .topics = *topics_,
                                             .groups = *groups_,
                                             .store = *store_,
                                             .delay_levels = levels_,
                                             .traffic = stats_},
                      store_host_);
  replies_.emplace(
      ReplyService::Parts{
          .settings = settings_, .clients = *clients_, .sends = *sends_, .clock = clock_},
      store_host_.toString());
  pulls_.emplace(PullService::Parts{.settings = settings_,
                                    .topics = *topics_,
                                    .groups = *groups_,
                                    .clients = *clients_,
                                    .offsets = *offsets_,
                                    .store = *store_,
                                    .held = held_pulls_,
                                    .lanes = lanes_,
                                    .traffic = stats_,
                                    .clock = clock_,
                                    .has_slave_in_sync = [server = replication_->server()] {
                                      return server != nullptr && server->inSyncSlaves() > 0;
                                    }});
  runtime_info_.emplace(RuntimeInfo::Parts{.settings = settings_,
                                           .store = *store_,
                                           .delays = *delays_,
                                           .lanes = lanes_,
                                           .stats = stats_,
                                           .ha = replication_->reporter(),
                                           .clock = clock_,
                                           .timers = message_timers_.get()});
  announced_permission_ = settings_.load()->broker_permission;
  config_.emplace(settings_, clock_,
                  [this](const BrokerSettings& settings) { onSettingsChanged(settings); });
  return Status::ok();
}

void Broker::Impl::registerHandlers() {
  if (settings_.load()->metrics_port != 0) {
    rpc_latency_ = std::make_unique<remoting::RpcLatency>();
    router_.measure(rpc_latency_.get());
  }
  registerSendHandlers(router_, {.settings = settings_,
                                 .sends = *sends_,
                                 .send_backs = *send_backs_,
                                 .recalls = *recalls_,
                                 .gate = send_gate_,
                                 .guarantee = *guarantee_,
                                 .held_pulls = held_pulls_,
                                 .lanes = lanes_,
                                 .topics = *topics_});
  if (transactions_) {
    registerTransactionHandlers(router_, {.transactions = *transactions_,
                                          .gate = send_gate_,
                                          .guarantee = *guarantee_,
                                          .held_pulls = held_pulls_,
                                          .lanes = lanes_});
  } else {
    refuseTransactions(router_);
  }
  registerPullHandlers(router_, *pulls_);
  registerOffsetHandlers(router_, {.settings = settings_,
                                   .offsets = *offsets_,
                                   .store = *store_,
                                   .topics = *topics_,
                                   .groups = *groups_});
  registerClientHandlers(
      router_,
      {.settings = settings_, .clients = *clients_, .heartbeats = *heartbeats_, .lanes = lanes_});
  registerLockHandlers(router_, *locks_, clock_);
  registerQueryHandlers(router_, *store_, settings_);
  registerReplyHandlers(router_, *replies_);
  registerAclHandlers(router_, acl_.get(), settings_);
  registerAdminHandlers();
}

void Broker::Impl::registerAdminHandlers() {
  registerAdminTopicHandlers(router_, {.settings = settings_,
                                       .topics = *topics_,
                                       .offsets = *offsets_,
                                       .clients = *clients_,
                                       .store = *store_,
                                       .held_pulls = held_pulls_,
                                       .stats = stats_,
                                       .registrar = *registrar_});
  registerAdminGroupHandlers(router_, {.settings = settings_,
                                       .groups = *groups_,
                                       .offsets = *offsets_,
                                       .clients = *clients_,
                                       .delays = *delays_,
                                       .stats = stats_});
  registerAdminOffsetHandlers(router_, {.settings = settings_,
                                        .topics = *topics_,
                                        .groups = *groups_,
                                        .offsets = *offsets_,
                                        .clients = *clients_,
                                        .store = *store_,
                                        .held_pulls = held_pulls_,
                                        .stats = stats_,
                                        .clock = clock_});
  registerAdminBrokerHandlers(router_, {.config = *config_,
                                        .runtime_info = *runtime_info_,
                                        .stats = stats_,
                                        .ha = replication_->reporter()});
  registerTimerHandlers(router_, {.topics = *topics_,
                                  .timers = message_timers_.get(),
                                  .copy = timer_copy_.get(),
                                  .settings = settings_});
  registerQueueEntryHandlers(
      router_, {.topics = *topics_, .clients = *clients_, .filters = *filters_, .store = *store_});
  registerRelayHandlers(
      router_, {.settings = settings_, .clients = *clients_, .store = *store_, .lanes = lanes_});
}

}  // namespace rocketmq::broker
