#include "remoting/protocol/bodies/offsets.h"

#include "common/json/decode.h"
#include "common/json/raw_json.h"

namespace rocketmq::remoting {
namespace {

/// ResetOffsetBody before anybody knows its form.
struct EitherForm {
  json::RawJson offset_table;

  static constexpr auto fields() {
    return std::tuple{optional("offsetTable", &EitherForm::offset_table)};
  }
};

}  // namespace

ResetOffsetListBody toListForm(const ResetOffsetBody& body) {
  ResetOffsetListBody list;
  list.offset_table.reserve(body.offset_table.size());
  for (const auto& [queue, offset] : body.offset_table) {
    list.offset_table.push_back({.broker_name = queue.broker_name,
                                 .offset = offset,
                                 .queue_id = queue.queue_id,
                                 .topic = queue.topic});
  }
  return list;
}

Result<ResetOffsetBody> decodeResetOffsetBody(std::string_view text) {
  ROCKETMQ_ASSIGN_OR_RETURN(const EitherForm form, json::decode<EitherForm>(text));
  if (!form.offset_table.text.starts_with('[')) {
    return json::decode<ResetOffsetBody>(text);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const ResetOffsetListBody list,
                            json::decode<ResetOffsetListBody>(text));
  ResetOffsetBody body;
  for (const QueueWithOffset& entry : list.offset_table) {
    body.offset_table.insert_or_assign(
        {.topic = entry.topic, .broker_name = entry.broker_name, .queue_id = entry.queue_id},
        entry.offset);
  }
  return body;
}

}  // namespace rocketmq::remoting
