#include "broker/handlers/queue_entry_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "broker/handler_options.h"
#include "common/base64.h"
#include "common/excerpt.h"
#include "common/fields.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/consume_queue.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::ConsumeQueueData;
using remoting::NoFields;
using remoting::ResponseCode;
using store::QueueEntryDetail;

constexpr int32_t kEntriesMax = 1000;
constexpr size_t kUnitBytesWithoutMap = 20;

/// A unit of the extension as Java's JSON has it (RocketMQ: ConsumeQueueExt.CqExtUnit).
struct UnitJson {
  size_t bit_map_bytes = 0;
  std::optional<std::string> bit_map;  ///< Base64.
  int64_t store_timestamp_ms = 0;
  size_t bytes = 0;
  int64_t tags_code = 0;

  static constexpr auto fields() {
    using U = UnitJson;
    return std::tuple{optional("bitMapSize", &U::bit_map_bytes),
                      optional("filterBitMap", &U::bit_map),
                      optional("msgStoreTime", &U::store_timestamp_ms), optional("size", &U::bytes),
                      optional("tagsCode", &U::tags_code)};
  }
};

std::string jsonOf(const QueueEntryDetail::Unit& unit) {
  UnitJson json{.bit_map_bytes = unit.bit_map.size(),
                .bit_map = std::nullopt,
                .store_timestamp_ms = unit.store_timestamp_ms,
                .bytes = kUnitBytesWithoutMap + unit.bit_map.size(),
                .tags_code = unit.tags_code};
  if (!unit.bit_map.empty()) {
    json.bit_map = base64(unit.bit_map);
  }
  return json::encode(json);
}

/// RocketMQ parity (BitsArray): the last bit comes first, and a line has what is left of 8 bytes.
std::string bitsOf(std::string_view bit_map) {
  std::string bits;
  for (size_t i = bit_map.size(); i-- > 0;) {
    for (int bit = 7; bit >= 0; --bit) {
      bits += (static_cast<unsigned char>(bit_map[i]) >> bit & 1) != 0 ? '1' : '0';
    }
    if (i % 8 == 0) {
      bits += '\n';
    }
  }
  return bits;
}

/// `filter`: null for "everything".
ConsumeQueueData viewOf(const QueueEntryDetail& detail, bool evaluates,
                        const store::MessageFilter* filter) {
  ConsumeQueueData view{.physic_offset = detail.entry.physical_offset,
                        .physic_size = detail.entry.record_bytes,
                        .tags_code = detail.entry.tags_code};
  int64_t tags_code = detail.entry.tags_code;
  bool may_match = true;
  if (detail.has_address) {
    if (!detail.unit) {
      view.msg = fmt::format("Cq extend not exist!addr: {}", detail.entry.tags_code);
      return view;
    }
    view.extend_data_json = jsonOf(*detail.unit);
    tags_code = detail.unit->tags_code;
    if (!detail.unit->bit_map.empty()) {
      view.bit_map = bitsOf(detail.unit->bit_map);
      may_match = filter == nullptr ||
                  filter->matchesBitMap(detail.entry.physical_offset, detail.unit->bit_map);
    }
  }
  view.eval = evaluates && may_match && (filter == nullptr || filter->matchesTagsCode(tags_code));
  return view;
}

/// With a group, `eval` says whether the group's pull would look at the message at all, which is
/// what the consume queue alone can decide. (The Java broker leaves it false where an entry has no
/// unit; ours decides by the tag there too.)
Answer<NoFields> queueEntries(const QueueEntryParts& parts,
                              const remoting::QueryConsumeQueue& request) {
  const std::string& topic = request.topic;
  const TopicConfigPtr config = parts.topics.find(topic);
  if (config == nullptr) {
    return {ResponseCode::kTopicNotExist, "topic[" + excerpt(topic) + "] not exist"};
  }
  const int32_t queues = std::max(config->read_queue_nums, config->write_queue_nums);
  if (request.queue_id < 0 || request.queue_id >= queues) {
    return {ResponseCode::kSystemError, fmt::format("{}@{} is not exist! The topic has {} queues",
                                                    request.queue_id, topic, queues)};
  }
  remoting::QueryConsumeQueueBody body;
  body.min_queue_index = parts.store.minOffset(topic, request.queue_id);
  body.max_queue_index = parts.store.maxOffset(topic, request.queue_id);
  ActiveSubscriptionPtr subscription;
  if (request.consumer_group && !request.consumer_group->empty()) {
    const std::string& group = *request.consumer_group;
    subscription = parts.clients.findSubscription(group, topic).subscription;
    if (subscription == nullptr) {
      body.filter_data = excerpt(group) + "@" + excerpt(topic) + " is not online!";
    } else {
      body.subscription_data = subscription->data;
      const auto filter = parts.filters.find(group, topic);
      body.filter_data = filter ? json::encode(*filter, json::Style::kPretty) : "null";
    }
  }
  const int32_t count = std::clamp(request.count, 1, kEntriesMax);
  for (const QueueEntryDetail& detail :
       parts.store.queueEntryDetails(topic, request.queue_id, request.index, count)) {
    body.queue_data.push_back(
        viewOf(detail, subscription != nullptr,
               subscription == nullptr ? nullptr : subscription->filter.get()));
  }
  auto answer = Answer<NoFields>::ofBody(json::encode(body));
  if (body.queue_data.empty()) {
    answer.remark =
        fmt::format("Index {} of {}@{} is not exist!", request.index, request.queue_id, topic);
  }
  return answer;
}

}  // namespace

void registerQueueEntryHandlers(remoting::Router& router, const QueueEntryParts& parts) {
  router.handle<remoting::QueryConsumeQueue>(kAdminRead, [parts](const auto& request, const auto&) {
    return queueEntries(parts, request);
  });
}

}  // namespace rocketmq::broker
