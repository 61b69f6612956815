#include <string>

#include "broker/group/queue_locks_file.h"
#include "common/check.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/model/config_tables.h"
#include "common/model/consumer_filter_data.h"
#include "common/model/topic_route.h"
#include "remoting/protocol/bodies/acl_config.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/connections.h"
#include "remoting/protocol/bodies/consume_queue.h"
#include "remoting/protocol/bodies/consume_time_span.h"
#include "remoting/protocol/bodies/consumer_running_info.h"
#include "remoting/protocol/bodies/ha_status.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/command_list.h"
#include "tests/fuzz/fuzz_target.h"

// Every JSON body of the protocol and every table below config/. The input is the number of a type,
// then the text.

namespace rocketmq::remoting {
namespace {

using AllBodies =
    TypeList<HeartbeatData, TopicConfigList, SubscriptionGroupList, ConsumerConnection,
             ProducerConnection, ProducerTable, QueryConsumeQueueBody, QueryConsumeTimeSpanBody,
             ConsumerRunningInfo, ConsumeMessageDirectlyResult, HaStatus, ClusterInfo, TopicList,
             GroupList, KvTable, ConsumerIdList, LockBatchBody, LockBatchReplyBody,
             CheckClientConfigBody, ResetOffsetBody, ResetOffsetListBody, GetConsumerStatusBody,
             QueryCorrectionOffsetBody, ConsumeStats, BrokerConsumeStats, TopicStats,
             BrokerStatsData, RegisterBrokerBody, model::TopicConfigTable,
             model::SubscriptionGroupTable, model::ConsumerOffsetTable, model::DelayOffsetTable,
             model::KvConfigTable, model::TopicRouteData, model::SubscriptionData,
             model::TopicConfig, model::SubscriptionGroupConfig, AclConfig, TimerMetricsTable,
             MessageRequestModes, model::ConsumerFilterTable, broker::QueueLocksFile>;

template <class T>
void checkBody(std::string_view text) {
  const Result<T> body = json::decode<T>(text);
  if (!body.ok()) {
    return;
  }
  for (const json::Style style : {json::Style::kFastjson, json::Style::kStrict,
                                  json::Style::kPretty, json::Style::kStandard}) {
    // Texts that are no UTF-8 are mended when they are written, and keys may fall together then.
    const Result<T> mended = json::decode<T>(json::encode(*body, style));
    ROCKETMQ_CHECK(mended.ok());
    const std::string once = json::encode(*mended, style);
    const Result<T> again = json::decode<T>(once);
    ROCKETMQ_CHECK(again.ok());
    ROCKETMQ_CHECK(json::encode(*again, style) == once);
  }
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(body, input) {
  fuzz::Input parts(input);
  const size_t wanted = parts.byte();
  const std::string_view text = parts.rest();
  size_t number = 0;
  forEachType(AllBodies{}, [&](auto tag) {
    if (number++ == wanted) {
      checkBody<typename decltype(tag)::Type>(text);
    }
  });
  static_cast<void>(decodeResetOffsetBody(text));
}

}  // namespace rocketmq::remoting
