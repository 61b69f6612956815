#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/json/encode.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/model/topic_config.h"
#include "namesrv/handlers/handlers.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/commands/namesrv_route.h"

namespace rocketmq::namesrv {

namespace {

using remoting::Answer;
using remoting::Lane;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;
using remoting::Router;

Answer<NoFields> topicList(std::vector<std::string> topics) {
  remoting::TopicList list;
  list.topic_list = std::move(topics);
  return Answer<NoFields>::ofBody(json::encode(list));
}

/// Clusters and brokers have topics of their own names; a broker's address goes with them, so that
/// the caller can ask it for its other system topics.
remoting::TopicList systemTopics(const RouteTable& table) {
  remoting::TopicList list;
  for (const auto& [cluster, broker_names] : table.clusters()) {
    list.topic_list.push_back(cluster);
    list.topic_list.insert(list.topic_list.end(), broker_names.begin(), broker_names.end());
  }
  for (const auto& [name, broker] : table.brokers()) {
    if (!list.broker_addr && !broker.broker_addrs.empty()) {
      list.broker_addr = broker.broker_addrs.begin()->second;
    }
  }
  return list;
}

remoting::ClusterInfo clusterInfo(const RouteTable& table) {
  return {.broker_addr_table = table.brokers(), .cluster_addr_table = table.clusters()};
}

/// Registers a request without fields for what `read` gives, encoded after the table has been left.
template <remoting::Command C, class Read>
void addTableView(Router& router, const Routes& routes, Read read) {
  router.handle<C>({.lane = Lane::kAdmin, .only_reads = true},
                   [&routes, read](const C&, const RequestContext&) {
                     // RocketMQ parity: unlike routes, in fastjson's way for every version.
                     return Answer<NoFields>::ofBody(json::encode(routes.read(read)));
                   });
}

/// Registers a request without fields for a list of topics, which a setting can switch off.
template <remoting::Command C, class IsEnabled, class MakeList>
void addTopicList(Router& router, const Routes& routes, IsEnabled is_enabled, MakeList make_list) {
  router.handle<C>({.lane = Lane::kAdmin, .only_reads = true},
                   [&routes, is_enabled, make_list](const C& request,
                                                    const RequestContext&) -> Answer<NoFields> {
                     if (!is_enabled()) {
                       return {ResponseCode::kSystemError, "disable"};
                     }
                     return topicList(make_list(*routes.snapshot(), request));
                   });
}

void addTopicLists(Router& router, const Routes& routes, const LiveSettings& settings) {
  const auto all_enabled = [&settings] { return settings.current()->all_topic_list; };
  const auto enabled = [&settings] { return settings.current()->topic_list; };
  addTopicList<remoting::GetAllTopicListFromNameServer>(
      router, routes, all_enabled,
      [](const RouteSnapshot& all, const auto&) { return all.topics(); });
  addTopicList<remoting::GetTopicsByCluster>(
      router, routes, enabled,
      [](const RouteSnapshot& all, const remoting::GetTopicsByCluster& request) {
        return all.topicsOfCluster(request.cluster);
      });
  addTopicList<remoting::GetUnitTopicList>(
      router, routes, enabled, [](const RouteSnapshot& all, const auto&) {
        return all.topicsWithFlags(model::kTopicUnit, model::kTopicUnit);
      });
  addTopicList<remoting::GetHasUnitSubTopicList>(
      router, routes, enabled, [](const RouteSnapshot& all, const auto&) {
        return all.topicsWithFlags(model::kTopicUnitSubscription, model::kTopicUnitSubscription);
      });
  addTopicList<remoting::GetHasUnitSubUnunitTopicList>(
      router, routes, enabled, [](const RouteSnapshot& all, const auto&) {
        return all.topicsWithFlags(model::kTopicUnit | model::kTopicUnitSubscription,
                                   model::kTopicUnitSubscription);
      });
}

void addWritePerms(Router& router, Routes& routes) {
  using remoting::AddWritePermOfBroker;
  using remoting::AddWritePermOfBrokerReply;
  using remoting::WipeWritePermOfBroker;
  using remoting::WipeWritePermOfBrokerReply;
  router.handle<WipeWritePermOfBroker>(
      {.lane = Lane::kAdmin}, [&](const WipeWritePermOfBroker& request, const RequestContext&) {
        const int32_t topics = routes.change(
            [&](RouteTable& table, RouteTime) { return table.wipeWritePerm(request.broker_name); });
        static LogLimiter limiter;
        if (const auto left_out = limiter.admit()) {
          log::info("write permission taken from {} topics of a broker{}", topics,
                    LogLimiter::note(*left_out));
        }
        return Answer(WipeWritePermOfBrokerReply{.wipe_topic_count = topics});
      });
  router.handle<AddWritePermOfBroker>(
      {.lane = Lane::kAdmin}, [&](const AddWritePermOfBroker& request, const RequestContext&) {
        const int32_t topics = routes.change(
            [&](RouteTable& table, RouteTime) { return table.addWritePerm(request.broker_name); });
        static LogLimiter limiter;
        if (const auto left_out = limiter.admit()) {
          log::info("write permission given to {} topics of a broker{}", topics,
                    LogLimiter::note(*left_out));
        }
        return Answer(AddWritePermOfBrokerReply{.add_topic_count = topics});
      });
}

}  // namespace

void addAdminHandlers(Router& router, Routes& routes, const LiveSettings& settings) {
  using remoting::DeleteTopicInNameServer;
  addTopicLists(router, routes, settings);
  addWritePerms(router, routes);
  addTableView<remoting::GetSystemTopicListFromNameServer>(router, routes, systemTopics);
  addTableView<remoting::GetBrokerClusterInfo>(router, routes, clusterInfo);
  router.handle<DeleteTopicInNameServer>(
      {.lane = Lane::kAdmin}, [&](const DeleteTopicInNameServer& request, const RequestContext&) {
        routes.change([&](RouteTable& table, RouteTime) {
          if (request.cluster_name.value_or("").empty()) {
            table.deleteTopic(request.topic);
          } else {
            table.deleteTopic(request.topic, *request.cluster_name);
          }
          return true;
        });
        return Answer<NoFields>();
      });
}

}  // namespace rocketmq::namesrv
