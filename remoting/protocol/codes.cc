#include "remoting/protocol/codes.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace rocketmq::remoting {
namespace {

template <class Code>
struct CodeName {
  Code code;
  std::string_view name;
};

// By code, for the binary search.

constexpr CodeName<RequestCode> kRequestNames[] = {
    {RequestCode::kSendMessage, "SEND_MESSAGE"},
    {RequestCode::kPullMessage, "PULL_MESSAGE"},
    {RequestCode::kQueryMessage, "QUERY_MESSAGE"},
    {RequestCode::kQueryConsumerOffset, "QUERY_CONSUMER_OFFSET"},
    {RequestCode::kUpdateConsumerOffset, "UPDATE_CONSUMER_OFFSET"},
    {RequestCode::kUpdateAndCreateTopic, "UPDATE_AND_CREATE_TOPIC"},
    {RequestCode::kUpdateAndCreateTopicList, "UPDATE_AND_CREATE_TOPIC_LIST"},
    {RequestCode::kGetAllTopicConfig, "GET_ALL_TOPIC_CONFIG"},
    {RequestCode::kUpdateBrokerConfig, "UPDATE_BROKER_CONFIG"},
    {RequestCode::kGetBrokerConfig, "GET_BROKER_CONFIG"},
    {RequestCode::kGetBrokerRuntimeInfo, "GET_BROKER_RUNTIME_INFO"},
    {RequestCode::kSearchOffsetByTimestamp, "SEARCH_OFFSET_BY_TIMESTAMP"},
    {RequestCode::kGetMaxOffset, "GET_MAX_OFFSET"},
    {RequestCode::kGetMinOffset, "GET_MIN_OFFSET"},
    {RequestCode::kGetEarliestMessageStoreTime, "GET_EARLIEST_MSG_STORETIME"},
    {RequestCode::kViewMessageById, "VIEW_MESSAGE_BY_ID"},
    {RequestCode::kHeartbeat, "HEART_BEAT"},
    {RequestCode::kUnregisterClient, "UNREGISTER_CLIENT"},
    {RequestCode::kConsumerSendMessageBack, "CONSUMER_SEND_MSG_BACK"},
    {RequestCode::kEndTransaction, "END_TRANSACTION"},
    {RequestCode::kGetConsumerListByGroup, "GET_CONSUMER_LIST_BY_GROUP"},
    {RequestCode::kCheckTransactionState, "CHECK_TRANSACTION_STATE"},
    {RequestCode::kNotifyConsumerIdsChanged, "NOTIFY_CONSUMER_IDS_CHANGED"},
    {RequestCode::kLockBatchQueues, "LOCK_BATCH_MQ"},
    {RequestCode::kUnlockBatchQueues, "UNLOCK_BATCH_MQ"},
    {RequestCode::kGetAllConsumerOffset, "GET_ALL_CONSUMER_OFFSET"},
    {RequestCode::kGetAllDelayOffset, "GET_ALL_DELAY_OFFSET"},
    {RequestCode::kCheckClientConfig, "CHECK_CLIENT_CONFIG"},
    {RequestCode::kUpdateAndCreateAclConfig, "UPDATE_AND_CREATE_ACL_CONFIG"},
    {RequestCode::kDeleteAclConfig, "DELETE_ACL_CONFIG"},
    {RequestCode::kGetBrokerClusterAclInfo, "GET_BROKER_CLUSTER_ACL_INFO"},
    {RequestCode::kUpdateGlobalWhiteAddrsConfig, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG"},
    {RequestCode::kGetBrokerClusterAclConfig, "GET_BROKER_CLUSTER_ACL_CONFIG"},
    {RequestCode::kGetTimerCheckPoint, "GET_TIMER_CHECK_POINT"},
    {RequestCode::kGetTimerMetrics, "GET_TIMER_METRICS"},
    {RequestCode::kPutKvConfig, "PUT_KV_CONFIG"},
    {RequestCode::kGetKvConfig, "GET_KV_CONFIG"},
    {RequestCode::kDeleteKvConfig, "DELETE_KV_CONFIG"},
    {RequestCode::kRegisterBroker, "REGISTER_BROKER"},
    {RequestCode::kUnregisterBroker, "UNREGISTER_BROKER"},
    {RequestCode::kGetRouteInfoByTopic, "GET_ROUTEINFO_BY_TOPIC"},
    {RequestCode::kGetBrokerClusterInfo, "GET_BROKER_CLUSTER_INFO"},
    {RequestCode::kUpdateAndCreateSubscriptionGroup, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP"},
    {RequestCode::kGetAllSubscriptionGroupConfig, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG"},
    {RequestCode::kGetTopicStatsInfo, "GET_TOPIC_STATS_INFO"},
    {RequestCode::kGetConsumerConnectionList, "GET_CONSUMER_CONNECTION_LIST"},
    {RequestCode::kGetProducerConnectionList, "GET_PRODUCER_CONNECTION_LIST"},
    {RequestCode::kWipeWritePermOfBroker, "WIPE_WRITE_PERM_OF_BROKER"},
    {RequestCode::kGetAllTopicListFromNameServer, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
    {RequestCode::kDeleteSubscriptionGroup, "DELETE_SUBSCRIPTIONGROUP"},
    {RequestCode::kGetConsumeStats, "GET_CONSUME_STATS"},
    {RequestCode::kDeleteTopicInBroker, "DELETE_TOPIC_IN_BROKER"},
    {RequestCode::kDeleteTopicInNameServer, "DELETE_TOPIC_IN_NAMESRV"},
    {RequestCode::kRegisterTopicInNameServer, "REGISTER_TOPIC_IN_NAMESRV"},
    {RequestCode::kGetKvListByNamespace, "GET_KVLIST_BY_NAMESPACE"},
    {RequestCode::kResetConsumerClientOffset, "RESET_CONSUMER_CLIENT_OFFSET"},
    {RequestCode::kGetConsumerStatusFromClient, "GET_CONSUMER_STATUS_FROM_CLIENT"},
    {RequestCode::kInvokeBrokerToResetOffset, "INVOKE_BROKER_TO_RESET_OFFSET"},
    {RequestCode::kInvokeBrokerToGetConsumerStatus, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS"},
    {RequestCode::kGetTopicsByCluster, "GET_TOPICS_BY_CLUSTER"},
    {RequestCode::kUpdateAndCreateSubscriptionGroupList,
     "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST"},
    {RequestCode::kQueryTopicConsumeByWho, "QUERY_TOPIC_CONSUME_BY_WHO"},
    {RequestCode::kQueryConsumeTimeSpan, "QUERY_CONSUME_TIME_SPAN"},
    {RequestCode::kGetSystemTopicListFromNameServer, "GET_SYSTEM_TOPIC_LIST_FROM_NS"},
    {RequestCode::kGetSystemTopicListFromBroker, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER"},
    {RequestCode::kCleanExpiredConsumeQueue, "CLEAN_EXPIRED_CONSUMEQUEUE"},
    {RequestCode::kGetConsumerRunningInfo, "GET_CONSUMER_RUNNING_INFO"},
    {RequestCode::kQueryCorrectionOffset, "QUERY_CORRECTION_OFFSET"},
    {RequestCode::kConsumeMessageDirectly, "CONSUME_MESSAGE_DIRECTLY"},
    {RequestCode::kSendMessageV2, "SEND_MESSAGE_V2"},
    {RequestCode::kGetUnitTopicList, "GET_UNIT_TOPIC_LIST"},
    {RequestCode::kGetHasUnitSubTopicList, "GET_HAS_UNIT_SUB_TOPIC_LIST"},
    {RequestCode::kGetHasUnitSubUnunitTopicList, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST"},
    {RequestCode::kCloneGroupOffset, "CLONE_GROUP_OFFSET"},
    {RequestCode::kViewBrokerStatsData, "VIEW_BROKER_STATS_DATA"},
    {RequestCode::kCleanUnusedTopic, "CLEAN_UNUSED_TOPIC"},
    {RequestCode::kGetBrokerConsumeStats, "GET_BROKER_CONSUME_STATS"},
    {RequestCode::kUpdateNamesrvConfig, "UPDATE_NAMESRV_CONFIG"},
    {RequestCode::kGetNamesrvConfig, "GET_NAMESRV_CONFIG"},
    {RequestCode::kSendBatchMessage, "SEND_BATCH_MESSAGE"},
    {RequestCode::kQueryConsumeQueue, "QUERY_CONSUME_QUEUE"},
    {RequestCode::kQueryDataVersion, "QUERY_DATA_VERSION"},
    {RequestCode::kResumeCheckHalfMessage, "RESUME_CHECK_HALF_MESSAGE"},
    {RequestCode::kSendReplyMessage, "SEND_REPLY_MESSAGE"},
    {RequestCode::kSendReplyMessageV2, "SEND_REPLY_MESSAGE_V2"},
    {RequestCode::kPushReplyMessageToClient, "PUSH_REPLY_MESSAGE_TO_CLIENT"},
    {RequestCode::kAddWritePermOfBroker, "ADD_WRITE_PERM_OF_BROKER"},
    {RequestCode::kGetAllProducerInfo, "GET_ALL_PRODUCER_INFO"},
    {RequestCode::kDeleteExpiredCommitLog, "DELETE_EXPIRED_COMMITLOG"},
    {RequestCode::kGetTopicConfig, "GET_TOPIC_CONFIG"},
    {RequestCode::kGetSubscriptionGroupConfig, "GET_SUBSCRIPTIONGROUP_CONFIG"},
    {RequestCode::kLitePullMessage, "LITE_PULL_MESSAGE"},
    {RequestCode::kRecallMessage, "RECALL_MESSAGE"},
    {RequestCode::kGetAllMessageRequestMode, "GET_ALL_MESSAGE_REQUEST_MODE"},
    {RequestCode::kGetBrokerHaStatus, "GET_BROKER_HA_STATUS"},
};

constexpr CodeName<ResponseCode> kResponseNames[] = {
    {ResponseCode::kSuccess, "SUCCESS"},
    {ResponseCode::kSystemError, "SYSTEM_ERROR"},
    {ResponseCode::kSystemBusy, "SYSTEM_BUSY"},
    {ResponseCode::kRequestCodeNotSupported, "REQUEST_CODE_NOT_SUPPORTED"},
    {ResponseCode::kFlushDiskTimeout, "FLUSH_DISK_TIMEOUT"},
    {ResponseCode::kSlaveNotAvailable, "SLAVE_NOT_AVAILABLE"},
    {ResponseCode::kFlushSlaveTimeout, "FLUSH_SLAVE_TIMEOUT"},
    {ResponseCode::kMessageIllegal, "MESSAGE_ILLEGAL"},
    {ResponseCode::kServiceNotAvailable, "SERVICE_NOT_AVAILABLE"},
    {ResponseCode::kVersionNotSupported, "VERSION_NOT_SUPPORTED"},
    {ResponseCode::kNoPermission, "NO_PERMISSION"},
    {ResponseCode::kTopicNotExist, "TOPIC_NOT_EXIST"},
    {ResponseCode::kTopicExistAlready, "TOPIC_EXIST_ALREADY"},
    {ResponseCode::kPullNotFound, "PULL_NOT_FOUND"},
    {ResponseCode::kPullRetryImmediately, "PULL_RETRY_IMMEDIATELY"},
    {ResponseCode::kPullOffsetMoved, "PULL_OFFSET_MOVED"},
    {ResponseCode::kQueryNotFound, "QUERY_NOT_FOUND"},
    {ResponseCode::kSubscriptionParseFailed, "SUBSCRIPTION_PARSE_FAILED"},
    {ResponseCode::kSubscriptionNotExist, "SUBSCRIPTION_NOT_EXIST"},
    {ResponseCode::kSubscriptionNotLatest, "SUBSCRIPTION_NOT_LATEST"},
    {ResponseCode::kSubscriptionGroupNotExist, "SUBSCRIPTION_GROUP_NOT_EXIST"},
    {ResponseCode::kFilterDataNotExist, "FILTER_DATA_NOT_EXIST"},
    {ResponseCode::kFilterDataNotLatest, "FILTER_DATA_NOT_LATEST"},
    {ResponseCode::kInvalidParameter, "INVALID_PARAMETER"},
    {ResponseCode::kConsumerNotOnline, "CONSUMER_NOT_ONLINE"},
    {ResponseCode::kConsumeMessageTimeout, "CONSUME_MSG_TIMEOUT"},
    {ResponseCode::kNoMessage, "NO_MESSAGE"},
    {ResponseCode::kUpdateAndCreateAclConfigFailed, "UPDATE_AND_CREATE_ACL_CONFIG_FAILED"},
    {ResponseCode::kDeleteAclConfigFailed, "DELETE_ACL_CONFIG_FAILED"},
    {ResponseCode::kUpdateGlobalWhiteAddrsConfigFailed, "UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED"},
    {ResponseCode::kFlowControl, "FLOW_CONTROL"},
    {ResponseCode::kIllegalOperation, "ILLEGAL_OPERATION"},
};

static_assert(std::ranges::is_sorted(kRequestNames, {}, &CodeName<RequestCode>::code));
static_assert(std::ranges::is_sorted(kResponseNames, {}, &CodeName<ResponseCode>::code));

template <class Code, size_t kSize>
std::string nameIn(const CodeName<Code> (&names)[kSize], Code code) {
  const auto* found = std::ranges::lower_bound(names, code, {}, &CodeName<Code>::code);
  if (found == std::end(names) || found->code != code) {
    return std::to_string(static_cast<int32_t>(code));
  }
  return std::string(found->name);
}

}  // namespace

std::string toString(RequestCode code) { return nameIn(kRequestNames, code); }

std::string toString(ResponseCode code) { return nameIn(kResponseNames, code); }

}  // namespace rocketmq::remoting
