#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rocketmq::remoting {

/// RocketMQ's request codes (RequestCode.java), by the names of the protocol's own list.
enum class RequestCode : int32_t {
  kSendMessage = 10,
  kPullMessage = 11,
  kQueryMessage = 12,
  kQueryConsumerOffset = 14,
  kUpdateConsumerOffset = 15,
  kUpdateAndCreateTopic = 17,
  kUpdateAndCreateTopicList = 18,
  kGetAllTopicConfig = 21,
  kUpdateBrokerConfig = 25,
  kGetBrokerConfig = 26,
  kGetBrokerRuntimeInfo = 28,
  kSearchOffsetByTimestamp = 29,
  kGetMaxOffset = 30,
  kGetMinOffset = 31,
  kGetEarliestMessageStoreTime = 32,
  kViewMessageById = 33,
  kHeartbeat = 34,
  kUnregisterClient = 35,
  kConsumerSendMessageBack = 36,
  kEndTransaction = 37,
  kGetConsumerListByGroup = 38,
  kCheckTransactionState = 39,
  kNotifyConsumerIdsChanged = 40,
  kLockBatchQueues = 41,
  kUnlockBatchQueues = 42,
  kGetAllConsumerOffset = 43,
  kGetAllDelayOffset = 45,
  kCheckClientConfig = 46,
  kUpdateAndCreateAclConfig = 50,
  kDeleteAclConfig = 51,
  kGetBrokerClusterAclInfo = 52,
  kUpdateGlobalWhiteAddrsConfig = 53,
  kGetBrokerClusterAclConfig = 54,
  kGetTimerCheckPoint = 60,
  kGetTimerMetrics = 61,
  kPutKvConfig = 100,
  kGetKvConfig = 101,
  kDeleteKvConfig = 102,
  kRegisterBroker = 103,
  kUnregisterBroker = 104,
  kGetRouteInfoByTopic = 105,
  kGetBrokerClusterInfo = 106,
  kUpdateAndCreateSubscriptionGroup = 200,
  kGetAllSubscriptionGroupConfig = 201,
  kGetTopicStatsInfo = 202,
  kGetConsumerConnectionList = 203,
  kGetProducerConnectionList = 204,
  kWipeWritePermOfBroker = 205,
  kGetAllTopicListFromNameServer = 206,
  kDeleteSubscriptionGroup = 207,
  kGetConsumeStats = 208,
  kDeleteTopicInBroker = 215,
  kDeleteTopicInNameServer = 216,
  kRegisterTopicInNameServer = 217,
  kGetKvListByNamespace = 219,
  kResetConsumerClientOffset = 220,
  kGetConsumerStatusFromClient = 221,
  kInvokeBrokerToResetOffset = 222,
  kInvokeBrokerToGetConsumerStatus = 223,
  kGetTopicsByCluster = 224,
  kUpdateAndCreateSubscriptionGroupList = 225,
  kQueryTopicConsumeByWho = 300,
  kQueryConsumeTimeSpan = 303,
  kGetSystemTopicListFromNameServer = 304,
  kGetSystemTopicListFromBroker = 305,
  kCleanExpiredConsumeQueue = 306,
  kGetConsumerRunningInfo = 307,
  kQueryCorrectionOffset = 308,
  kConsumeMessageDirectly = 309,
  kSendMessageV2 = 310,
  kGetUnitTopicList = 311,
  kGetHasUnitSubTopicList = 312,
  kGetHasUnitSubUnunitTopicList = 313,
  kCloneGroupOffset = 314,
  kViewBrokerStatsData = 315,
  kCleanUnusedTopic = 316,
  kGetBrokerConsumeStats = 317,
  kUpdateNamesrvConfig = 318,
  kGetNamesrvConfig = 319,
  kSendBatchMessage = 320,
  kQueryConsumeQueue = 321,
  kQueryDataVersion = 322,
  kResumeCheckHalfMessage = 323,
  kSendReplyMessage = 324,
  kSendReplyMessageV2 = 325,
  kPushReplyMessageToClient = 326,
  kAddWritePermOfBroker = 327,
  kGetAllProducerInfo = 328,
  kDeleteExpiredCommitLog = 329,
  kGetTopicConfig = 351,
  kGetSubscriptionGroupConfig = 352,
  kLitePullMessage = 361,
  kRecallMessage = 370,
  kGetAllMessageRequestMode = 402,
  kGetBrokerHaStatus = 907,
};

/// RocketMQ's response codes (ResponseCode.java).
enum class ResponseCode : int32_t {
  kSuccess = 0,
  kSystemError = 1,
  kSystemBusy = 2,
  kRequestCodeNotSupported = 3,
  kFlushDiskTimeout = 10,
  kSlaveNotAvailable = 11,
  kFlushSlaveTimeout = 12,
  kMessageIllegal = 13,
  kServiceNotAvailable = 14,
  kVersionNotSupported = 15,
  kNoPermission = 16,
  kTopicNotExist = 17,
  kTopicExistAlready = 18,
  kPullNotFound = 19,
  kPullRetryImmediately = 20,
  kPullOffsetMoved = 21,
  kQueryNotFound = 22,
  kSubscriptionParseFailed = 23,
  kSubscriptionNotExist = 24,
  kSubscriptionNotLatest = 25,
  kSubscriptionGroupNotExist = 26,
  kFilterDataNotExist = 27,
  kFilterDataNotLatest = 28,
  kInvalidParameter = 29,
  kConsumerNotOnline = 206,
  kConsumeMessageTimeout = 207,
  kNoMessage = 208,
  kUpdateAndCreateAclConfigFailed = 209,
  kDeleteAclConfigFailed = 210,
  kUpdateGlobalWhiteAddrsConfigFailed = 211,
  kFlowControl = 215,
  kIllegalOperation = 604,
};

/// "SEND_MESSAGE" for kSendMessage; the number as text for codes without a name.
std::string toString(RequestCode code);
/// "TOPIC_NOT_EXIST" for kTopicNotExist; the number as text for codes without a name.
std::string toString(ResponseCode code);

/// The programming language a peer announces (LanguageCode.java).
enum class Language : uint8_t {
  kJava = 0,
  kCpp = 1,
  kDotnet = 2,
  kPython = 3,
  kDelphi = 4,
  kErlang = 5,
  kRuby = 6,
  kOther = 7,
  kHttp = 8,
  kGo = 9,
  kPhp = 10,
  kOms = 11,
  kRust = 12,
  kNodeJs = 13,
};

std::string_view toString(Language language);
/// kOther for names nobody knows. Case does not matter.
Language languageFromName(std::string_view name);
/// kOther for numbers nobody knows.
Language languageFromOrdinal(int32_t ordinal);

/// The release whose behaviour we announce until the 5.x client protocol exists (MQVersion.java).
inline constexpr int32_t kAnnouncedVersion = 409;  // V4_9_8

// Ordinals that change how a peer must be treated.
inline constexpr int32_t kVersion3_0_7 = 28;
inline constexpr int32_t kVersion3_0_11 = 37;
inline constexpr int32_t kVersion3_1_8 = 62;
inline constexpr int32_t kVersion3_4_9 = 121;
inline constexpr int32_t kVersion4_0_0 = 213;
inline constexpr int32_t kVersion4_9_4 = 401;
inline constexpr int32_t kVersion5_0_0 = 413;

/// "V4_9_8" for 409, "HIGHER_VERSION" above the list, the number as text below 0.
std::string versionName(int32_t version);

}  // namespace rocketmq::remoting
