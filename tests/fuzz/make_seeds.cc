#include <array>
#include <concepts>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "broker/ha/transfer.h"
#include "broker/timer/timer_checkpoint.h"
#include "client/trace/trace_record.h"
#include "common/bytes.h"
#include "common/compress.h"
#include "common/message/properties.h"
#include "common/message/recall_handle.h"
#include "common/message/record.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/codes.h"
#include "remoting/protocol/command_list.h"
#include "remoting/protocol/frame.h"

// Writes the first seeds of every fuzz target with the encoders that RocketMQ's peers understand.
// What the fuzzer finds later is put beside them by hand.

namespace rocketmq::fuzz {
namespace {

using namespace std::string_literals;
using remoting::SerializeType;

class Seeds {
 public:
  explicit Seeds(std::string folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, std::string_view content) const {
    const std::filesystem::path path = std::filesystem::path(folder_) / target / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

 private:
  std::string folder_;
};

std::string frameOf(SerializeType type, std::string_view body = {}) {
  std::string frame;
  remoting::HeaderWriter writer(
      frame, {.code = 310, .opaque = 7, .serialize_type = type, .remark = "a remark"});
  for (const auto& [name, value] : std::array<std::pair<const char*, const char*>, 4>{
           {{"a", "group"}, {"b", "TopicTest"}, {"e", "3"}, {"i", "TAGS\1a\2KEYS\1k\2"}}}) {
    writer.add(name, value);
  }
  writer.finish(body.size());
  frame += body;
  return frame;
}

std::string recordOf(std::string_view body, int32_t sys_flag = 0) {
  MessageRecord record;
  record.topic = "TopicTest";
  record.queue_id = 2;
  record.queue_offset = 5;
  record.physical_offset = 1000;
  record.sys_flag = sys_flag;
  record.body = body;
  record.properties = "REAL_TOPIC\1T\2REAL_QID\0011\2UNIQ_KEY\1u\2PGROUP\1g\2TAGS\1a\2";
  std::string encoded(encodedSize(record), '\0');
  encodeRecord(record, encoded.data());
  return encoded;
}

/// As the target `command` numbers them.
template <class C>
std::string commandNumber() {
  char number = 0;
  bool found = false;
  remoting::forEachType(remoting::AllCommands{}, [&](auto tag) {
    found = found || std::same_as<typename decltype(tag)::Type, C>;
    number = static_cast<char>(number + (found ? 0 : 1));
  });
  return std::string(1, number);
}

std::string twoBytes(size_t size) {
  std::string out;
  ByteWriter(out).write(static_cast<uint16_t>(size));
  return out;
}

void addFrames(const Seeds& seeds) {
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kBinary}) {
    const bool is_json = type == SerializeType::kJson;
    const std::string kind = is_json ? "json" : "binary";
    const std::string frame = frameOf(type, "the body");
    const std::string header = frameOf(type).substr(remoting::kFramePrefixBytes);
    seeds.add("frame", kind, frame);
    seeds.add(is_json ? "header_json" : "header_binary", "send", header);
    seeds.add("connection", kind + "-whole", twoBytes(frame.size()) + frame);
    const size_t half = frame.size() / 2;
    seeds.add("connection", kind + "-halves",
              twoBytes(half) + frame.substr(0, half) + twoBytes(frame.size() - half) +
                  frame.substr(half));
  }
  seeds.add("frame", "huge-length", "\xFF\xFF\xFF\xFF\0\0\0\0"s);
  seeds.add("frame", "header-beyond-the-frame", "\0\0\0\x08\0\0\xFF\xFF{}{}"s);
  seeds.add("connection", "tls-client-hello",
            twoBytes(11) + "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s);
  seeds.add(
      "header_json", "escapes",
      R"({"code":10,"extFields":{"topic":"\u00e9\ud83d\ude00\/\n","queueId":3,"x":{"y":[1]}},)"
      R"("flag":0,"language":"GO","opaque":1,"version":1,"remark":null})");
  seeds.add("command", "send-v2",
            commandNumber<remoting::SendMessageV2>() +
                "a\0g\0b\0T\0c\0TBW102\0d\0"
                "4\0e\0"
                "1\0f\0"
                "0\0"
                "g\0"
                "1700000000000\0h\0"
                "0\0i\0TAGS\1a\2\0j\0"
                "0\0"s);
  seeds.add("command", "pull",
            commandNumber<remoting::PullMessage>() +
                "consumerGroup\0g\0topic\0T\0queueId\0"
                "0\0queueOffset\0"
                "0\0maxMsgNums\0"
                "32\0sysFlag\0"
                "2\0commitOffset\0"
                "0\0"
                "suspendTimeoutMillis\0"
                "15000\0subVersion\0"
                "0\0"s);
  seeds.add("command", "offset",
            commandNumber<remoting::QueryConsumerOffset>() +
                "consumerGroup\0g\0topic\0T\0queueId\0"
                "0\0"s);
}

void addMessages(const Seeds& seeds) {
  const std::string plain = recordOf("hello");
  seeds.add("message", "plain", plain);
  seeds.add("half_message", "half", plain);
  seeds.add("pull_body", "two", plain + recordOf("world"));
  for (const CompressionType type :
       {CompressionType::kZlib, CompressionType::kLz4, CompressionType::kZstd}) {
    const std::string name = std::to_string(static_cast<int>(type));
    const std::string packed = compress(type, std::string(300, 'x')).value();
    seeds.add("compressed", "type-" + name, std::string(1, static_cast<char>(type)) + packed);
    seeds.add("pull_body", "compressed-" + name, recordOf(packed, 1 | compressionFlag(type)));
  }
  // A kilobyte for a megabyte.
  seeds.add("compressed", "bomb",
            "\0"s + compress(CompressionType::kZlib, std::string(2u << 20, '\0')).value());

  std::string batch;
  appendBatchItem({.flag = 1, .body = "one", .properties = "TAGS\1a\2"}, batch);
  appendBatchItem({.flag = 0, .body = "two", .properties = ""}, batch);
  seeds.add("batch", "two", batch);
  seeds.add("batch", "claims-more", batch.substr(0, batch.size() - 3));

  seeds.add("half_message", "ops", "5,17,,-1,99999999999999999999,8");
  seeds.add("properties", "usual", "KEYS\0KEYS\1k1 k2\2TAGS\1a\2DELAY\0013\2WAIT\1false\2"s);
  seeds.add("properties", "odd", "A\0\1\2A\1\2=\2A\1b\2A\1c"s);
  seeds.add("properties", "timer", "TAGS\0TIMER_DELAY_SEC\00110\2TIMER_DELIVER_MS\1-1\2"s);
}

void addTexts(const Seeds& seeds) {
  seeds.add(
      "json", "fastjson",
      R"({offsetTable:{{"brokerName":"b","queueId":0,"topic":"T"}:5,},'a':"\x41\101",/*c*/b:[1,,2.5e3,null,true]})");
  seeds.add("json", "deep", std::string(80, '[') + std::string(80, ']'));
  seeds.add(
      "body", "heartbeat",
      "\0"s +
          R"({"clientID":"c@1","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",)"
          R"("consumeType":"CONSUME_PASSIVELY","groupName":"g","messageModel":"CLUSTERING",)"
          R"("subscriptionDataSet":[{"classFilterMode":false,"codeSet":[97],"subString":"a",)"
          R"("subVersion":1,"tagsSet":["a"],"topic":"T"}],"unitMode":false}],)"
          R"("producerDataSet":[{"groupName":"p"}]})");
  seeds.add(
      "body", "locks",
      "\x10"s +
          R"({"clientId":"c","consumerGroup":"g","mqSet":[{"brokerName":"b","queueId":1,"topic":"T"}]})");
  seeds.add(
      "body", "topics",
      "\x1C"s +
          R"({"dataVersion":{"counter":2,"timestamp":1},"topicConfigTable":{"T":{"order":false,)"
          R"("perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":"T",)"
          R"("topicSysFlag":0,"writeQueueNums":8}}})");
  seeds.add("body", "offsets",
            "\x13"s + R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:5}})");
  seeds.add("sql", "usual",
            "a > 5 AND (b = 'x' OR c IS NOT NULL) AND d BETWEEN 1 AND 9.5 AND e IN ('p','q')\0"
            "a\00110\2b\1x\2d\0013\2e\1p\2"s);
  seeds.add("sql", "texts", "a CONTAINS 'b' AND NOT (c STARTSWITH '\x01') OR TRUE\0a\1abc\2"s);
  seeds.add("sql", "deep", std::string(200, '(') + "a" + std::string(200, ')'));
  seeds.add("properties_file", "broker",
            "brokerName = a\nlistenPort=10911\n! c\nbrokerClusterName:D\\u00e9\\\n  more\n"
            "flushDiskType=SYNC_FLUSH\nmaxMessageSize=99999999999\nunknown key\n");
  seeds.add("acl_file", "java",
            "globalWhiteRemoteAddresses:\n- 10.10.103.*\n- 192.168.0.*\n\naccounts:\n"
            "- accessKey: RocketMQ\n  secretKey: \"12345678\"\n  whiteRemoteAddress:\n"
            "  admin: false\n  defaultTopicPerm: DENY\n  defaultGroupPerm: SUB\n"
            "  topicPerms:\n  - topicA=DENY\n  - topicB=PUB|SUB\n  groupPerms:\n"
            "  - groupA=DENY\n\n- accessKey: rocketmq2\n  secretKey: 12345678\n"
            "  whiteRemoteAddress: 192.168.1.*\n  admin: true\n");
  seeds.add("acl_file", "flow",
            "{accounts: [{accessKey: 'it''s a key', secretKey: \"\\x41234567\", admin: yes}], "
            "date: 2023-01-01, dataVersion: [{counter: 1, timestamp: 2}]}");
  seeds.add("acl_file", "aliases", "date: &a [*a]\nother: &b {k: *b}\naccounts: *a\n");
  seeds.add("acl_file", "twice",
            "dataVersion: [{counter: 1}]\ndataVersion: [{counter: 2, counter: 3}]\n");
  seeds.add("acl_file", "deep", "date: " + std::string(300, '['));
  seeds.add("tools_file", "java", "accessKey: rocketmq2\nsecretKey: \"12345678\"\n");
  seeds.add("tools_file", "wrong", "accessKey: [a]\nsecretKey: &a {b: *a}\n");
  seeds.add(
      "text", "recall-handle",
      RecallHandle{.topic = "T", .broker_name = "b", .deliver_ms = 5, .unique_key = "u"}.encode());
  seeds.add("text", "message-id", "7F00000100002A9F0000000000000BB8");
  seeds.add("text", "address", "[2001:db8::1]:10911");
  seeds.add("text", "addresses", "127.0.0.1:9876;localhost:9877");
  seeds.add("text", "tags", "TagA || TagB\0TAG\0"s);
  seeds.add("text", "delays", "1s 5m 2h 1d");
  seeds.add("text", "traversal", "../../x");
}

void addFiles(const Seeds& seeds) {
  seeds.add("ha", "transfer",
            "\x05"s + "\0\0\0\0\0\0\x10\0\0\0\0\4abcd"s + "\0\0\0\0\0\0\x10\4\0\0\0\0"s);
  seeds.add("ha", "negative", "\x40"s + "\0\0\0\0\0\0\x10\0\xFF\xFF\xFF\xF0"s + "abcdefgh");
  client::PubTrace sent;
  sent.group = "g";
  sent.topic = "T";
  client::SubBeforeTrace given;
  given.request_id = "r";
  client::SubAfterTrace done;
  done.request_id = "r";
  seeds.add("trace", "records",
            client::encodeTrace(sent) + client::encodeTrace(given) + client::encodeTrace(done) +
                client::encodeTrace(client::EndTransactionTrace()));
  seeds.add("timer_files", "checkpoint",
            broker::TimerCheckpoint{.newest = {.queue_offset = 5, .log_end = 100},
                                    .safe = {.queue_offset = 4, .log_end = 90}}
                .encode(1000));
  std::string units;
  for (int64_t i = 0; i < 3; ++i) {
    ByteWriter writer(units);
    writer.write<int32_t>(52);
    writer.write<int64_t>(i == 0 ? -1 : (i - 1) * 52);
    writer.write<int32_t>(1);
    writer.write<int64_t>(1'700'000'000'000);
    writer.write<int32_t>(3000);
    writer.write<int64_t>(1000 * i);
    writer.write<int32_t>(200);
    writer.write<int32_t>(7);
    writer.write<int64_t>(0);
  }
  seeds.add("timer_files", "units", units);

  std::string index;
  ByteWriter writer(index);
  writer.write<int64_t>(1'700'000'000'000);
  writer.write<int64_t>(1'700'000'001'000);
  writer.write<int64_t>(0);
  writer.write<int64_t>(100);
  writer.write<int32_t>(1);
  writer.write<int32_t>(3);
  for (int32_t slot = 0; slot < 8; ++slot) {
    writer.write<int32_t>(slot == 3 ? 2 : 0);
  }
  for (int32_t entry = 0; entry < 3; ++entry) {
    writer.write<int32_t>(entry == 0 ? 0 : 3);
    writer.write<int64_t>(entry * 50);
    writer.write<int32_t>(entry);
    writer.write<int32_t>(entry == 2 ? 1 : 0);
  }
  seeds.add("index_file", "two-entries", index);

  seeds.add("store", "whole", "");
  for (int file = 0; file < 16; ++file) {
    const std::string number(1, static_cast<char>(file));
    seeds.add("store", "patched-" + std::to_string(file),
              "\0"s + number + "\0\x08\x04\xFF\xFF\xFF\xFF"s);
    seeds.add("store", "removed-" + std::to_string(file), "\3"s + number + "\0\0"s);
  }
  seeds.add("store", "cut", "\2\0\0\x64"s);
}

void addTables(const Seeds& seeds) {
  const std::string table =
      R"({"dataVersion":{"counter":2,"timestamp":1},"subscriptionGroupTable":{"g":{"groupName":"g"}}})";
  const std::string changes =
      R"({"dataVersion":{"counter":3,"timestamp":2},"name":"h","put":{"groupName":"h"}})"
      "\n"
      R"({"dataVersion":{"counter":4,"timestamp":3},"name":"g","removed":true})"
      "\n{\"cut";
  seeds.add("table_file", "changed", twoBytes(table.size()) + table + changes);
  seeds.add("table_file", "empty", twoBytes(0) + changes);
}

void addRegisterBodies(const Seeds& seeds) {
  remoting::RegisterBrokerBody body;
  body.filter_server_list = {"127.0.0.1:1"};
  body.topic_config_serialize_wrapper.topic_config_table["T"].topic_name = "T";
  constexpr std::array<int32_t, 3> kVersions = {0, remoting::kVersion3_0_11,
                                                remoting::kVersion5_0_0};
  for (int form = 0; form < 6; ++form) {
    const auto bytes = remoting::encodeRegisterBrokerBody(body, (form & 1) != 0,
                                                          kVersions[static_cast<size_t>(form / 2)]);
    seeds.add("register_body", "form-" + std::to_string(form),
              std::string(1, static_cast<char>(form)) + bytes.value());
  }
}

}  // namespace
}  // namespace rocketmq::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_fuzz_seeds FOLDER\n";
    return 1;
  }
  const rocketmq::fuzz::Seeds seeds(argv[1]);
  rocketmq::fuzz::addFrames(seeds);
  rocketmq::fuzz::addMessages(seeds);
  rocketmq::fuzz::addTexts(seeds);
  rocketmq::fuzz::addFiles(seeds);
  rocketmq::fuzz::addTables(seeds);
  rocketmq::fuzz::addRegisterBodies(seeds);
  return 0;
}
