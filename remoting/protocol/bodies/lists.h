#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/topic_route.h"

namespace rocketmq::remoting {

/// Answer to GET_BROKER_CLUSTER_INFO. Always in json::Style::kFastjson.
struct ClusterInfo {
  std::map<std::string, model::BrokerData> broker_addr_table;       ///< By broker name.
  std::map<std::string, std::set<std::string>> cluster_addr_table;  ///< Names, by cluster.

  friend bool operator==(const ClusterInfo&, const ClusterInfo&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("brokerAddrTable", &ClusterInfo::broker_addr_table),
                      optional("clusterAddrTable", &ClusterInfo::cluster_addr_table)};
  }
};

/// Answer to all requests that list topics.
struct TopicList {
  /// GET_SYSTEM_TOPIC_LIST_FROM_NS: a broker to ask for its system topics.
  std::optional<std::string> broker_addr = {};
  std::vector<std::string> topic_list;

  friend bool operator==(const TopicList&, const TopicList&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("brokerAddr", &TopicList::broker_addr),
                      optional("topicList", &TopicList::topic_list)};
  }
};

/// Answer to QUERY_TOPIC_CONSUME_BY_WHO.
struct GroupList {
  std::vector<std::string> group_list;

  friend bool operator==(const GroupList&, const GroupList&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("groupList", &GroupList::group_list)};
  }
};

/// Names and values, all of them text: answer to GET_BROKER_RUNTIME_INFO, GET_KVLIST_BY_NAMESPACE
/// and REGISTER_BROKER.
struct KvTable {
  std::map<std::string, std::string> table;

  friend bool operator==(const KvTable&, const KvTable&) = default;

  static constexpr auto fields() { return std::tuple{optional("table", &KvTable::table)}; }
};

}  // namespace rocketmq::remoting
