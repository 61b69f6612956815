#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/subscription_data.h"

namespace rocketmq::remoting {

/// One entry of a consume queue, and whether the group's filter lets it pass.
struct ConsumeQueueData {
  int64_t physic_offset = 0;
  int32_t physic_size = 0;
  int64_t tags_code = 0;
  std::optional<std::string> extend_data_json = {};
  std::optional<std::string> bit_map = {};
  bool eval = false;
  std::optional<std::string> msg = {};  ///< Why there is no answer in `eval`.

  friend bool operator==(const ConsumeQueueData&, const ConsumeQueueData&) = default;

  static constexpr auto fields() {
    using C = ConsumeQueueData;
    return std::tuple{optional("bitMap", &C::bit_map),
                      optional("eval", &C::eval),
                      optional("extendDataJson", &C::extend_data_json),
                      optional("msg", &C::msg),
                      optional("physicOffset", &C::physic_offset),
                      optional("physicSize", &C::physic_size),
                      optional("tagsCode", &C::tags_code)};
  }
};

/// Answer to QUERY_CONSUME_QUEUE.
struct QueryConsumeQueueBody {
  /// When the request names a group.
  std::optional<model::SubscriptionData> subscription_data = {};
  std::optional<std::string> filter_data = {};
  std::vector<ConsumeQueueData> queue_data;
  int64_t max_queue_index = 0;
  int64_t min_queue_index = 0;

  friend bool operator==(const QueryConsumeQueueBody&, const QueryConsumeQueueBody&) = default;

  static constexpr auto fields() {
    using Q = QueryConsumeQueueBody;
    return std::tuple{
        optional("filterData", &Q::filter_data), optional("maxQueueIndex", &Q::max_queue_index),
        optional("minQueueIndex", &Q::min_queue_index), optional("queueData", &Q::queue_data),
        optional("subscriptionData", &Q::subscription_data)};
  }
};

}  // namespace rocketmq::remoting
