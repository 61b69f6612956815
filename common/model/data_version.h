#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "common/fields.h"

namespace rocketmq::model {

/// Tells whether two copies of a table are the same: of topics on broker and name server, of
/// settings on master and slave. Only equality counts; a restored older version is a change too.
struct DataVersion {
  int64_t counter = 0;
  /// When the table last changed, in milliseconds since 1970.
  int64_t timestamp = 0;
  /// 5.x: the epoch of the master. Absent, as 4.9 writes it, is equal to 0.
  std::optional<int64_t> state_version = {};

  /// The version after a change at `now_ms`.
  void nextVersion(int64_t now_ms) {
    ++counter;
    timestamp = now_ms;
  }

  friend bool operator==(const DataVersion& a, const DataVersion& b) {
    return a.counter == b.counter && a.timestamp == b.timestamp &&
           a.state_version.value_or(0) == b.state_version.value_or(0);
  }

  static constexpr auto fields() {
    return std::tuple{optional("counter", &DataVersion::counter),
                      optional("stateVersion", &DataVersion::state_version),
                      optional("timestamp", &DataVersion::timestamp)};
  }
};

}  // namespace rocketmq::model
