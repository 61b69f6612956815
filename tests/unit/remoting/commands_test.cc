#include "remoting/protocol/commands/commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "remoting/protocol/command_list.h"
#include "tests/unit/remoting/test_vectors.h"

namespace rocketmq::remoting {
namespace {

/// The wire's view of a command: "name:type" per field, "!" behind required ones.
struct WireFields {
  RequestCode code;
  std::string_view request;
  std::string_view reply;
};

// The field lists of RocketMQ's header classes, 4.9.8 and 5.3.3 together, in the order in which
// this product writes them. Commands that are not listed have no fields in either direction.
constexpr WireFields kWireFields[] = {
    {RequestCode{10},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool maxReconsumeTimes:int batch:bool bname:str",
     "msgId:str! queueId:int! queueOffset:i64! transactionId:str MSG_REGION:str TRACE_ON:str "
     "recallHandle:str"},
    {RequestCode{11},
     "consumerGroup:str! topic:str! queueId:int! queueOffset:i64! maxMsgNums:int! "
     "sysFlag:int! commitOffset:i64! suspendTimeoutMillis:i64! subscription:str "
     "subVersion:i64! expressionType:str maxMsgBytes:int requestSource:int "
     "proxyFrowardClientId:str",
     "suggestWhichBrokerId:i64! nextBeginOffset:i64! minOffset:i64! maxOffset:i64! "
     "offsetDelta:i64 topicSysFlag:int groupSysFlag:int forbiddenType:int"},
    {RequestCode{12},
     "topic:str! key:str! maxNum:int! beginTimestamp:i64! endTimestamp:i64! "
     "_UNIQUE_KEY_QUERY:bool",
     "indexLastUpdateTimestamp:i64! indexLastUpdatePhyoffset:i64!"},
    {RequestCode{14}, "consumerGroup:str! topic:str! queueId:int! setZeroIfNotFound:bool",
     "offset:i64!"},
    {RequestCode{15}, "consumerGroup:str! topic:str! queueId:int! commitOffset:i64!", ""},
    {RequestCode{17},
     "topic:str! defaultTopic:str! readQueueNums:int! writeQueueNums:int! perm:int! "
     "topicFilterType:str! topicSysFlag:int order:bool attributes:str force:bool",
     ""},
    {RequestCode{26}, "", "version:str!"},
    {RequestCode{29}, "topic:str! queueId:int! timestamp:i64! boundaryType:str", "offset:i64!"},
    {RequestCode{30}, "topic:str! queueId:int! committed:bool", "offset:i64!"},
    {RequestCode{31}, "topic:str! queueId:int!", "offset:i64!"},
    {RequestCode{32}, "topic:str! queueId:int!", "timestamp:i64!"},
    {RequestCode{33}, "topic:str offset:i64!", ""},
    {RequestCode{34}, "", "IS_SUPPORT_HEART_BEAT_V2:bool IS_SUB_CHANGE:bool"},
    {RequestCode{35}, "clientID:str producerGroup:str consumerGroup:str", ""},
    {RequestCode{36},
     "offset:i64! group:str! delayLevel:int! originMsgId:str originTopic:str unitMode:bool "
     "maxReconsumeTimes:int",
     ""},
    {RequestCode{37},
     "topic:str producerGroup:str! tranStateTableOffset:i64! commitLogOffset:i64! "
     "commitOrRollback:int! fromTransactionCheck:bool msgId:str! transactionId:str bname:str",
     ""},
    {RequestCode{38}, "consumerGroup:str!", ""},
    {RequestCode{39},
     "topic:str tranStateTableOffset:i64! commitLogOffset:i64! msgId:str transactionId:str "
     "offsetMsgId:str bname:str",
     ""},
    {RequestCode{40}, "consumerGroup:str!", ""},
    {RequestCode{50},
     "accessKey:str! secretKey:str whiteRemoteAddress:str admin:bool defaultTopicPerm:str "
     "defaultGroupPerm:str topicPerms:str groupPerms:str",
     ""},
    {RequestCode{51}, "accessKey:str!", ""},
    {RequestCode{52}, "",
     "version:str! allAclFileVersion:str brokerName:str! brokerAddr:str! clusterName:str!"},
    {RequestCode{53}, "globalWhiteAddrs:str! aclFileFullPath:str", ""},
    {RequestCode{100}, "namespace:str! key:str! value:str!", ""},
    {RequestCode{101}, "namespace:str! key:str!", "value:str"},
    {RequestCode{102}, "namespace:str! key:str!", ""},
    {RequestCode{103},
     "brokerName:str! brokerAddr:str! clusterName:str! haServerAddr:str! brokerId:i64! "
     "heartbeatTimeoutMillis:i64 enableActingMaster:bool compressed:bool bodyCrc32:int",
     "haServerAddr:str masterAddr:str takesSingleTopics:bool"},  // The last one is ours.
    {RequestCode{104}, "brokerName:str! brokerAddr:str! clusterName:str! brokerId:i64!", ""},
    {RequestCode{105}, "topic:str! acceptStandardJsonOnly:bool", ""},
    {RequestCode{202}, "topic:str!", ""},
    {RequestCode{203}, "consumerGroup:str!", ""},
    {RequestCode{204}, "producerGroup:str!", ""},
    {RequestCode{205}, "brokerName:str!", "wipeTopicCount:int!"},
    {RequestCode{207}, "groupName:str! cleanOffset:bool removeOffset:bool", ""},
    {RequestCode{208}, "consumerGroup:str! topic:str topicList:str", ""},
    {RequestCode{215}, "topic:str!", ""},
    {RequestCode{216}, "topic:str! clusterName:str", ""},
    {RequestCode{217}, "topic:str!", ""},
    {RequestCode{219}, "namespace:str!", ""},
    {RequestCode{220}, "topic:str! group:str! queueId:int offset:i64 timestamp:i64! isForce:bool!",
     ""},
    {RequestCode{221}, "topic:str! group:str! clientAddr:str", ""},
    {RequestCode{222}, "topic:str! group:str! queueId:int offset:i64 timestamp:i64! isForce:bool!",
     ""},
    {RequestCode{223}, "topic:str! group:str! clientAddr:str", ""},
    {RequestCode{224}, "cluster:str!", ""},
    {RequestCode{300}, "topic:str!", ""},
    {RequestCode{303}, "topic:str! group:str!", ""},
    {RequestCode{307}, "consumerGroup:str! clientId:str! jstackEnable:bool", ""},
    {RequestCode{308}, "filterGroups:str compareGroup:str! topic:str!", ""},
    {RequestCode{309},
     "consumerGroup:str! clientId:str msgId:str brokerName:str topic:str topicSysFlag:int "
     "groupSysFlag:int",
     ""},
    {RequestCode{310},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool maxReconsumeTimes:int batch:bool bname:str",
     "msgId:str! queueId:int! queueOffset:i64! transactionId:str MSG_REGION:str TRACE_ON:str "
     "recallHandle:str"},
    {RequestCode{314}, "srcGroup:str! destGroup:str! topic:str offline:bool", ""},
    {RequestCode{315}, "statsName:str! statsKey:str!", ""},
    {RequestCode{317}, "isOrder:bool!", ""},
    {RequestCode{320},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool maxReconsumeTimes:int batch:bool bname:str",
     "msgId:str! queueId:int! queueOffset:i64! transactionId:str MSG_REGION:str TRACE_ON:str "
     "recallHandle:str"},
    {RequestCode{321}, "topic:str queueId:int index:i64 count:int consumerGroup:str", ""},
    {RequestCode{322}, "brokerName:str! brokerAddr:str! clusterName:str! brokerId:i64!",
     "changed:bool!"},
    {RequestCode{323}, "topic:str msgId:str", ""},
    {RequestCode{324},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool maxReconsumeTimes:int batch:bool bname:str",
     "msgId:str! queueId:int! queueOffset:i64! transactionId:str MSG_REGION:str TRACE_ON:str "
     "recallHandle:str"},
    {RequestCode{325},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool maxReconsumeTimes:int batch:bool bname:str",
     "msgId:str! queueId:int! queueOffset:i64! transactionId:str MSG_REGION:str TRACE_ON:str "
     "recallHandle:str"},
    {RequestCode{326},
     "producerGroup:str! topic:str! defaultTopic:str! defaultTopicQueueNums:int! queueId:int! "
     "sysFlag:int! bornTimestamp:i64! flag:int! properties:str reconsumeTimes:int "
     "unitMode:bool bornHost:str! storeHost:str! storeTimestamp:i64!",
     ""},
    {RequestCode{327}, "brokerName:str!", "addTopicCount:int!"},
    {RequestCode{351}, "topic:str! lo:bool", ""},
    {RequestCode{352}, "group:str!", ""},
    {RequestCode{361},
     "consumerGroup:str! topic:str! queueId:int! queueOffset:i64! maxMsgNums:int! "
     "sysFlag:int! commitOffset:i64! suspendTimeoutMillis:i64! subscription:str "
     "subVersion:i64! expressionType:str maxMsgBytes:int requestSource:int "
     "proxyFrowardClientId:str",
     "suggestWhichBrokerId:i64! nextBeginOffset:i64! minOffset:i64! maxOffset:i64! "
     "offsetDelta:i64 topicSysFlag:int groupSysFlag:int forbiddenType:int"},
    {RequestCode{370}, "producerGroup:str topic:str! recallHandle:str! bname:str",
     "msgId:str! MSG_REGION:str"},
};

constexpr SerializeType kCodecs[] = {SerializeType::kJson, SerializeType::kBinary};

template <class T>
struct ValueType {
  using Type = T;
};
template <class T>
struct ValueType<std::optional<T>> {
  using Type = T;
};

/// Gives every member a value that no other has, with the extremes of its type and bytes that need
/// escapes.
class Filler {
 public:
  explicit Filler(bool with_optionals) : with_optionals_(with_optionals) {}

  void fill(std::string& text);
  void fill(ShortText& text);
  void fill(int32_t& number) { number = INT32_MIN + ++filled_; }
  void fill(int64_t& number) { number = INT64_MAX - ++filled_; }
  void fill(bool& flag) { flag = ++filled_ % 2 == 0; }
  template <class T>
  void fill(std::optional<T>& maybe) {
    if (with_optionals_) {
      fill(maybe.emplace());
    }
  }

 private:
  bool with_optionals_;
  int32_t filled_ = 0;
};

void Filler::fill(std::string& text) {
  text = "\"text\\\x01 " + std::to_string(++filled_) + " \xE6\xB6\x88\n";
}

void Filler::fill(ShortText& text) {
  std::string longer;
  fill(longer);
  text = longer;
}

struct FieldInfo {
  std::string_view name;
  std::string_view wire_name;  ///< In the header's style.
  std::string_view type;
  bool is_required;
  bool may_be_absent;  ///< Its member is a std::optional.
};

/// A header class without its type, so that the tests are compiled once and not per command.
struct HeaderType {
  RequestCode code;
  bool is_reply;
  NameStyle style;
  std::span<const FieldInfo> fields;
  /// Writes the fields of a header that Filler has filled.
  void (*write_filled)(HeaderWriter& writer, NameStyle style, bool with_optionals);
  /// Decodes fields into a header and writes those of the header.
  Status (*copy)(const ExtFields& from, NameStyle style, HeaderWriter& to);

  std::string encode(SerializeType codec, bool with_optionals = true) const {
    std::string out;
    HeaderWriter writer(out, {.code = 7, .serialize_type = codec, .remark = "remark"});
    write_filled(writer, style, with_optionals);
    writer.finish(0);
    return out;
  }

  Status decode(const ExtFields& ext_fields) const {
    std::string ignored;
    HeaderWriter writer(ignored, {.remark = {}});
    return copy(ext_fields, style, writer);
  }
};

template <class T>
void writeFilled(HeaderWriter& writer, NameStyle style, bool with_optionals) {
  T header{};
  Filler filler(with_optionals);
  forEachField<T>([&](const auto& field) { filler.fill(header.*(field.member)); });
  encodeFields(header, style, writer);
}

template <class T>
Status copyFields(const ExtFields& from, NameStyle style, HeaderWriter& to) {
  T header{};
  const Status status = decodeFields(from, style, header);
  if (status.isOk()) {
    encodeFields(header, style, to);
  }
  return status;
}

template <class Member>
constexpr std::string_view typeName() {
  using Type = typename ValueType<Member>::Type;
  if constexpr (std::is_same_v<Type, bool>) {
    return "bool";
  } else if constexpr (std::is_same_v<Type, int32_t>) {
    return "int";
  } else if constexpr (std::is_same_v<Type, int64_t>) {
    return "i64";
  } else {
    static_assert(std::is_same_v<Type, std::string> || std::is_same_v<Type, ShortText>);
    return "str";
  }
}

template <class Owner, class Member>
constexpr FieldInfo infoOf(const Field<Owner, Member>& field, NameStyle style) {
  return {.name = field.name,
          .wire_name = style == NameStyle::kShort ? field.short_name : field.name,
          .type = typeName<Member>(),
          .is_required = field.is_required,
          .may_be_absent = IsOptional<Member>::value};
}

template <class T, NameStyle kStyle>
constexpr auto kInfos = std::apply(
    [](const auto&... field) {
      return std::array<FieldInfo, sizeof...(field)>{infoOf(field, kStyle)...};
    },
    T::fields());

template <class T, NameStyle kStyle>
constexpr HeaderType headerType(RequestCode code, bool is_reply) {
  return {code, is_reply, kStyle, kInfos<T, kStyle>, &writeFilled<T>, &copyFields<T>};
}

/// The request and the reply of every command.
template <class... C>
constexpr auto headerTypes(TypeList<C...>) {
  return std::array{
      headerType<C, nameStyleOf<C>()>(C::kCode, false)...,
      headerType<typename C::Reply, NameStyle::kLong>(C::kCode, true)...,
  };
}

constexpr auto kHeaderTypes = headerTypes(AllCommands{});

template <class Check>
void forEachHeader(Check check) {
  for (const HeaderType& type : kHeaderTypes) {
    SCOPED_TRACE(toString(type.code) + (type.is_reply ? " reply" : ""));
    check(type);
  }
}

const HeaderType& requestType(RequestCode code) {
  return *std::ranges::find(kHeaderTypes, code, &HeaderType::code);
}

std::string wireText(const HeaderType& type) {
  std::string text;
  for (const FieldInfo& field : type.fields) {
    text += text.empty() ? "" : " ";
    text.append(field.name).append(":").append(field.type).append(field.is_required ? "!" : "");
  }
  return text;
}

TEST(CommandsTest, FieldsAreThoseOfRocketMq) {
  std::map<RequestCode, WireFields> expected;
  for (const WireFields& fields : kWireFields) {
    ASSERT_TRUE(expected.emplace(fields.code, fields).second);
  }
  forEachHeader([&](const HeaderType& type) {
    const WireFields& fields = expected[type.code];
    EXPECT_EQ(wireText(type), type.is_reply ? fields.reply : fields.request);
  });
}

// A decoded header is compared by writing it again: all values differ, so that equal bytes mean
// that each value has found its own member.
TEST(CommandsTest, EveryHeaderSurvivesBothCodecsWithAndWithoutItsOptionalFields) {
  forEachHeader([](const HeaderType& type) {
    for (const SerializeType codec : kCodecs) {
      for (const bool with_optionals : {true, false}) {
        const std::string bytes = type.encode(codec, with_optionals);
        const DecodedFrame frame(bytes);
        ASSERT_TRUE(frame.isOk()) << frame.status().toString();
        const auto expected = std::ranges::count_if(type.fields, [&](const FieldInfo& field) {
          return with_optionals || !field.may_be_absent;
        });
        EXPECT_EQ(frame->ext_fields.size(), static_cast<size_t>(expected));

        std::string again;
        HeaderWriter writer(again, {.code = 7, .serialize_type = codec, .remark = "remark"});
        const Status status = type.copy(frame->ext_fields, type.style, writer);
        writer.finish(0);
        EXPECT_TRUE(status.isOk()) << status.message();
        EXPECT_EQ(again, bytes);
      }
    }
  });
}

TEST(CommandsTest, EachRequiredFieldIsMissedByNameAndNoOther) {
  forEachHeader([](const HeaderType& type) {
    const DecodedFrame frame(type.encode(SerializeType::kJson));
    for (const FieldInfo& field : type.fields) {
      ExtFields others;
      for (const auto& [name, value] : frame->ext_fields) {
        if (name != field.wire_name) {
          others.add(name, value);
        }
      }
      EXPECT_EQ(
          type.decode(others).message(),
          field.is_required ? "missing required field '" + std::string(field.wire_name) + "'" : "");
    }
  });
}

TEST(CommandsTest, EachNumberThatIsNoneIsNamed) {
  forEachHeader([](const HeaderType& type) {
    const DecodedFrame frame(type.encode(SerializeType::kJson));
    for (const FieldInfo& field : type.fields) {
      ExtFields fields = frame->ext_fields;
      fields.add(field.wire_name, "x");
      const bool is_number = field.type == "int" || field.type == "i64";
      EXPECT_EQ(type.decode(fields).message(),
                is_number
                    ? "field '" + std::string(field.wire_name) + "' = \"x\" is not a number of " +
                          (field.type == "int" ? "32 bits" : "64 bits")
                    : "");
    }
  });
}

TEST(CommandsTest, FramesOfEveryCommandCutAtAnyByteAreCorruption) {
  forEachHeader([](const HeaderType& type) {
    for (const SerializeType codec : kCodecs) {
      const std::string frame = type.encode(codec);
      const std::string header = frame.substr(kFramePrefixBytes);
      for (size_t size = 0; size < header.size(); ++size) {
        ASSERT_TRUE(DecodedFrame(frame.substr(0, kFramePrefixBytes + size)).isCorrupt()) << size;
        ASSERT_TRUE(DecodedFrame(makeFrame(codec, header.substr(0, size))).isCorrupt()) << size;
      }
    }
  });
}

TEST(CommandsTest, NamesWithinAHeaderAreDistinct) {
  forEachHeader([](const HeaderType& type) {
    std::set<std::string_view> names;
    for (const FieldInfo& field : type.fields) {
      EXPECT_TRUE(names.insert(field.name).second) << field.name;
      EXPECT_FALSE(field.wire_name.empty()) << field.name;
    }
  });
}

TEST(CommandsTest, SendsUseTheLettersAToNInTheOrderOfJava) {
  for (const RequestCode code : {RequestCode::kSendMessageV2, RequestCode::kSendBatchMessage,
                                 RequestCode::kSendReplyMessageV2}) {
    const HeaderType& type = requestType(code);
    std::string text;
    for (const FieldInfo& field : type.fields) {
      text.append(field.wire_name).append("=").append(field.name).append(" ");
    }
    EXPECT_EQ(text,
              "a=producerGroup b=topic c=defaultTopic d=defaultTopicQueueNums e=queueId f=sysFlag "
              "g=bornTimestamp h=flag i=properties j=reconsumeTimes k=unitMode "
              "l=maxReconsumeTimes m=batch n=bname ");
  }
  for (const RequestCode code : {RequestCode::kSendMessage, RequestCode::kSendReplyMessage}) {
    EXPECT_EQ(requestType(code).style, NameStyle::kLong);
  }
}

TEST(CommandsTest, HotRequestsDecodeIntoViewsOfTheFrame) {
  const DecodedFrame frame(requestType(RequestCode::kPullMessage).encode(SerializeType::kBinary));
  ASSERT_TRUE(frame.isOk());
  BasicPullMessage<std::string_view> view;
  ASSERT_TRUE(decodeFields(frame->ext_fields, NameStyle::kLong, view).isOk());
  EXPECT_EQ(view.topic, frame.field("topic"));
  EXPECT_TRUE(frame.contains(view.topic));
  EXPECT_EQ(view.subscription, frame.field("subscription"));
  EXPECT_TRUE(frame.contains(*view.subscription));
  EXPECT_EQ(std::to_string(view.queue_offset), frame.field("queueOffset"));
}

TEST(CommandsTest, DeletingAGroupTakesOffsetsAlongByTheNameOfEitherRelease) {
  EXPECT_FALSE(DeleteSubscriptionGroup{}.wantsOffsetsRemoved());
  EXPECT_TRUE(
      (DeleteSubscriptionGroup{.group_name = "G", .clean_offset = true}).wantsOffsetsRemoved());
  EXPECT_TRUE(
      (DeleteSubscriptionGroup{.group_name = "G", .remove_offset = true}).wantsOffsetsRemoved());
}

TEST(CommandsTest, RequestOfAJavaClientDecodesIntoItsStruct) {
  const DecodedFrame frame(fromHex(kQueryOffsetRequestBinary));
  QueryConsumerOffset request;
  ASSERT_TRUE(decodeFields(frame->ext_fields, NameStyle::kLong, request).isOk());
  EXPECT_EQ(request.consumer_group, "CG");
  EXPECT_EQ(request.topic, "TopicTest");
  EXPECT_EQ(request.queue_id, 0);
  EXPECT_FALSE(request.set_zero_if_not_found.has_value());
}

}  // namespace
}  // namespace rocketmq::remoting
