#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/json/raw_json.h"

namespace rocketmq::model {

/// How many queues of a topic one broker name has.
struct QueueData {
  std::string broker_name;
  int32_t read_queue_nums = 0;
  int32_t write_queue_nums = 0;
  int32_t perm = 0;
  int32_t topic_sys_flag = 0;

  friend bool operator==(const QueueData&, const QueueData&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("brokerName", &QueueData::broker_name),
                      optional("perm", &QueueData::perm),
                      optional("readQueueNums", &QueueData::read_queue_nums),
                      optional("topicSysFlag", &QueueData::topic_sys_flag),
                      optional("writeQueueNums", &QueueData::write_queue_nums)};
  }
};

/// The brokers that share a name: master (id 0) and slaves, with their addresses "ip:port".
struct BrokerData {
  std::string cluster;
  std::string broker_name;
  std::map<int64_t, std::string> broker_addrs;
  std::optional<bool> enable_acting_master = {};  ///< 5.x.
  std::optional<std::string> zone_name = {};      ///< 5.x.

  friend bool operator==(const BrokerData&, const BrokerData&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("brokerAddrs", &BrokerData::broker_addrs),
                      optional("brokerName", &BrokerData::broker_name),
                      optional("cluster", &BrokerData::cluster),
                      optional("enableActingMaster", &BrokerData::enable_acting_master),
                      optional("zoneName", &BrokerData::zone_name)};
  }
};

/// Where a topic lives: the answer to GET_ROUTEINFO_BY_TOPIC. Written with Style::kStrict for
/// clients from V4_9_4 on or that ask for it, else with Style::kFastjson; never with blanks, since
/// a Go client cuts addresses out of the text.
struct TopicRouteData {
  std::vector<QueueData> queue_datas;
  std::vector<BrokerData> broker_datas;
  std::map<std::string, std::vector<std::string>> filter_server_table;
  /// "broker-a:4;broker-b:4" for topics with a fixed order of queues.
  std::optional<std::string> order_topic_conf = {};
  /// 5.x, static topics only.
  std::optional<json::RawJson> topic_queue_mapping_by_broker = {};

  friend bool operator==(const TopicRouteData&, const TopicRouteData&) = default;

  static constexpr auto fields() {
    using R = TopicRouteData;
    return std::tuple{optional("brokerDatas", &R::broker_datas),
                      optional("filterServerTable", &R::filter_server_table),
                      optional("orderTopicConf", &R::order_topic_conf),
                      optional("queueDatas", &R::queue_datas),
                      optional("topicQueueMappingByBroker", &R::topic_queue_mapping_by_broker)};
  }
};

}  // namespace rocketmq::model
