#pragma once

#include "remoting/protocol/commands/commands.h"

namespace rocketmq::remoting {

/// A list of types to go through at compile time, see forEachType().
template <class... T>
struct TypeList {};

/// Names a type in an argument list without making an object of it.
template <class T>
struct TypeTag {
  using Type = T;
};

/// Calls `visit(TypeTag<T>{})` for each type, in order.
template <class... T, class Visitor>
constexpr void forEachType(TypeList<T...>, Visitor&& visit) {
  (visit(TypeTag<T>{}), ...);
}

/// Every command, by code. Tests and documentation go through it; a request that is not in the list
/// is not tested.
using AllCommands = TypeList<
    SendMessage, PullMessage, QueryMessage, QueryConsumerOffset, UpdateConsumerOffset,
    UpdateAndCreateTopic, UpdateAndCreateTopicList, GetAllTopicConfig, UpdateBrokerConfig,
    GetBrokerConfig, GetBrokerRuntimeInfo, SearchOffsetByTimestamp, GetMaxOffset, GetMinOffset,
    GetEarliestMessageStoreTime, ViewMessageById, Heartbeat, UnregisterClient,
    ConsumerSendMessageBack, EndTransaction, GetConsumerListByGroup, CheckTransactionState,
    NotifyConsumerIdsChanged, LockBatchQueues, UnlockBatchQueues, GetAllConsumerOffset,
    GetAllDelayOffset, CheckClientConfig, UpdateAndCreateAclConfig, DeleteAclConfig,
    GetBrokerClusterAclInfo, UpdateGlobalWhiteAddrsConfig, GetBrokerClusterAclConfig,
    GetTimerCheckPoint, GetTimerMetrics, PutKvConfig, GetKvConfig, DeleteKvConfig, RegisterBroker,
    UnregisterBroker, GetRouteInfoByTopic, GetBrokerClusterInfo, UpdateAndCreateSubscriptionGroup,
    GetAllSubscriptionGroupConfig, GetTopicStatsInfo, GetConsumerConnectionList,
    GetProducerConnectionList, WipeWritePermOfBroker, GetAllTopicListFromNameServer,
    DeleteSubscriptionGroup, GetConsumeStats, DeleteTopicInBroker, DeleteTopicInNameServer,
    RegisterTopicInNameServer, GetKvListByNamespace, ResetConsumerClientOffset,
    GetConsumerStatusFromClient, InvokeBrokerToResetOffset, InvokeBrokerToGetConsumerStatus,
    GetTopicsByCluster, UpdateAndCreateSubscriptionGroupList, QueryTopicConsumeByWho,
    QueryConsumeTimeSpan, GetSystemTopicListFromNameServer, GetSystemTopicListFromBroker,
    CleanExpiredConsumeQueue, GetConsumerRunningInfo, QueryCorrectionOffset, ConsumeMessageDirectly,
    SendMessageV2, GetUnitTopicList, GetHasUnitSubTopicList, GetHasUnitSubUnunitTopicList,
    CloneGroupOffset, ViewBrokerStatsData, CleanUnusedTopic, GetBrokerConsumeStats,
    UpdateNamesrvConfig, GetNamesrvConfig, SendBatchMessage, QueryConsumeQueue, QueryDataVersion,
    ResumeCheckHalfMessage, SendReplyMessage, SendReplyMessageV2, PushReplyMessageToClient,
    AddWritePermOfBroker, GetAllProducerInfo, DeleteExpiredCommitLog, GetTopicConfig,
    GetSubscriptionGroupConfig, LitePullMessage, RecallMessage, GetAllMessageRequestMode,
    GetBrokerHaStatus>;

}  // namespace rocketmq::remoting
