#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/model/config_tables.h"

// The texts are what Java brokers leave below config/. Java writes map entries in hash order, so
// the examples keep to the alphabetical order that is ours.

namespace rocketmq::model {
namespace {

/// `text` decoded and written again in the style of its file.
template <class T>
std::string again(std::string_view text, json::Style style = json::Style::kPretty) {
  const auto decoded = json::decode<T>(text);
  return decoded.ok() ? json::encode(*decoded, style) : decoded.status().toString();
}

constexpr std::string_view kTopicsV4 = R"({
	"dataVersion":{
		"counter":6,
		"timestamp":1795231846013
	},
	"topicConfigTable":{
		"TopicA":{
			"order":false,
			"perm":6,
			"readQueueNums":4,
			"topicFilterType":"SINGLE_TAG",
			"topicName":"TopicA",
			"topicSysFlag":0,
			"writeQueueNums":4
		}
	}
})";

constexpr std::string_view kTopicsV5 = R"({
	"dataVersion":{
		"counter":9,
		"stateVersion":0,
		"timestamp":1795236640717
	},
	"topicConfigTable":{
		"SELF_TEST_TOPIC":{
			"attributes":{},
			"order":false,
			"perm":6,
			"readQueueNums":1,
			"topicFilterType":"SINGLE_TAG",
			"topicName":"SELF_TEST_TOPIC",
			"topicSysFlag":0,
			"writeQueueNums":1
		},
		"TopicA":{
			"attributes":{
				"message.type":"DELAY"
			},
			"order":true,
			"perm":7,
			"readQueueNums":8,
			"topicFilterType":"MULTI_TAG",
			"topicName":"TopicA",
			"topicSysFlag":2,
			"writeQueueNums":9
		}
	}
})";

TEST(TopicConfigTableTest, FilesOfBothReleasesComeBackByteForByte) {
  EXPECT_EQ(again<TopicConfigTable>(kTopicsV4), kTopicsV4);
  EXPECT_EQ(again<TopicConfigTable>(kTopicsV5), kTopicsV5);
}

TEST(TopicConfigTableTest, ReadsEveryMember) {
  const auto table = json::decode<TopicConfigTable>(kTopicsV5);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->data_version, (DataVersion{.counter = 9, .timestamp = 1795236640717}));
  const TopicConfig& topic = table->topic_config_table.at("TopicA");
  EXPECT_EQ(topic, (TopicConfig{.topic_name = "TopicA",
                                .read_queue_nums = 8,
                                .write_queue_nums = 9,
                                .perm = 7,
                                .topic_filter_type = TopicFilterType::kMultiTag,
                                .topic_sys_flag = kTopicUnitSubscription,
                                .order = true,
                                .attributes = {{{"message.type", "DELAY"}}}}));
}

TEST(TopicConfigTableTest, ATopicOnTheWireIsCompact) {
  const std::string_view text =
      R"({"order":false,"perm":6,"readQueueNums":4,"topicFilterType":"SINGLE_TAG",)"
      R"("topicName":"T","topicSysFlag":0,"writeQueueNums":4})";
  EXPECT_EQ(again<TopicConfig>(text, json::Style::kFastjson), text);
}

constexpr std::string_view kOffsetsV4 = R"({
	"offsetTable":{
		"%RETRY%CG_A@CG_A":{0:2
		},
		"RMQ_SYS_TRANS_HALF_TOPIC@CID_RMQ_SYS_TRANS":{0:3
		},
		"RMQ_SYS_TRANS_OP_HALF_TOPIC@CID_RMQ_SYS_TRANS":{0:2
		},
		"TopicA@CG_A":{0:3,1:7,2:5,3:4
		}
	}
})";

TEST(ConsumerOffsetTableTest, TheFileComesBackByteForByte) {
  EXPECT_EQ(again<ConsumerOffsetTable>(kOffsetsV4), kOffsetsV4);
}

TEST(ConsumerOffsetTableTest, ReadsTheFileOfFive) {
  const auto table = json::decode<ConsumerOffsetTable>(R"({
	"dataVersion":{
		"counter":0,
		"stateVersion":0,
		"timestamp":1795236625196
	},
	"groupTopicMap":{
		"golden_group":["%RETRY%golden_group","GoldenPlain"]
	},
	"offsetTable":{
		"GoldenPlain@golden_group":{0:125,1:125,2:125,3:125
		},
		"%RETRY%golden_group@golden_group":{0:1
		}
	}
})");
  ASSERT_TRUE(table.ok()) << table.status().toString();
  EXPECT_EQ(table->data_version->timestamp, 1795236625196);
  EXPECT_EQ(table->offset_table.size(), 2U);
  EXPECT_EQ(table->offset_table.at("GoldenPlain@golden_group"),
            (std::map<int32_t, int64_t>{{0, 125}, {1, 125}, {2, 125}, {3, 125}}));
}

TEST(ConsumerOffsetTableTest, AcceptsQuotedQueueIds) {
  const auto table = json::decode<ConsumerOffsetTable>(R"({"offsetTable":{"T@G":{"0":5,"1":7}}})");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(json::encode(*table), R"({"offsetTable":{"T@G":{0:5,1:7}}})");
}

constexpr std::string_view kGroupV4 = R"("CG_A":{
			"brokerId":0,
			"consumeBroadcastEnable":true,
			"consumeEnable":true,
			"consumeFromMinEnable":true,
			"groupName":"CG_A",
			"notifyConsumerIdsChangedEnable":true,
			"retryMaxTimes":16,
			"retryQueueNums":1,
			"whichBrokerWhenConsumeSlowly":1
		})";

constexpr std::string_view kGroupsV5 = R"({
	"dataVersion":{
		"counter":2,
		"stateVersion":0,
		"timestamp":1795236658524
	},
	"forbiddenTable":{
		"CG_A":{
			"TopicA":1
		}
	},
	"subscriptionGroupTable":{
		"CG_A":{
			"attributes":{},
			"brokerId":0,
			"consumeBroadcastEnable":true,
			"consumeEnable":true,
			"consumeFromMinEnable":true,
			"consumeMessageOrderly":false,
			"consumeTimeoutMinute":15,
			"groupName":"CG_A",
			"groupRetryPolicy":{
				"type":"CUSTOMIZED"
			},
			"groupSysFlag":0,
			"notifyConsumerIdsChangedEnable":true,
			"retryMaxTimes":16,
			"retryQueueNums":1,
			"whichBrokerWhenConsumeSlowly":1
		},
		"CG_B":{
			"attributes":{
				"k":"v"
			},
			"brokerId":1,
			"consumeBroadcastEnable":false,
			"consumeEnable":false,
			"consumeFromMinEnable":false,
			"consumeMessageOrderly":true,
			"consumeTimeoutMinute":5,
			"groupName":"CG_B",
			"groupRetryPolicy":{
				"customizedRetryPolicy":{
					"next":[10000,30000]
				},
				"exponentialRetryPolicy":{
					"initial":5000,
					"max":7200000,
					"multiplier":2
				},
				"type":"EXPONENTIAL"
			},
			"groupSysFlag":1,
			"notifyConsumerIdsChangedEnable":false,
			"retryMaxTimes":3,
			"retryQueueNums":2,
			"subscriptionDataSet":[{"topic":"T"}],
			"whichBrokerWhenConsumeSlowly":2
		}
	}
})";

TEST(SubscriptionGroupTableTest, FilesOfBothReleasesComeBackByteForByte) {
  const std::string v4 =
      "{\n\t\"dataVersion\":{\n\t\t\"counter\":2,\n\t\t\"timestamp\":1795236508436\n\t},\n"
      "\t\"subscriptionGroupTable\":{\n\t\t" +
      std::string(kGroupV4) + "\n\t}\n}";
  EXPECT_EQ(again<SubscriptionGroupTable>(v4), v4);
  EXPECT_EQ(again<SubscriptionGroupTable>(kGroupsV5), kGroupsV5);
}

TEST(SubscriptionGroupTableTest, DefaultsAreRocketMqs) {
  EXPECT_EQ(json::encode(SubscriptionGroupConfig{.group_name = "G"}),
            R"({"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,)"
            R"("consumeFromMinEnable":true,"groupName":"G","notifyConsumerIdsChangedEnable":true,)"
            R"("retryMaxTimes":16,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1})");
}

TEST(DelayOffsetTableTest, FilesOfBothReleasesComeBackByteForByte) {
  const std::string_view v4 = "{\n\t\"offsetTable\":{1:3\n\t}\n}";
  EXPECT_EQ(again<DelayOffsetTable>(v4), v4);
  const std::string_view v5 = R"({
	"dataVersion":{
		"counter":2,
		"stateVersion":0,
		"timestamp":1795236664219
	},
	"offsetTable":{1:1,2:1,3:1,18:0
	}
})";
  EXPECT_EQ(again<DelayOffsetTable>(v5), v5);
}

TEST(KvConfigTableTest, TheFileComesBackByteForByte) {
  const std::string_view text = R"({"configTable":{"NS":{"k":"v"}}})";
  EXPECT_EQ(again<KvConfigTable>(text, json::Style::kFastjson), text);
}

}  // namespace
}  // namespace rocketmq::model
