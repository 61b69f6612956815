#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/snapshot.h"
#include "namesrv/route_table.h"

namespace rocketmq::namesrv {

/// The process's one RouteTable, with its routes published for queries.
///
/// Threads: any. change() and read() take turns and may last some milliseconds when a broker with
/// many topics registers, so they belong on a lane; find() and snapshot() never wait for them.
class Routes {
 public:
  /// `clock` is borrowed.
  Routes(RouteTable::Options options, const Clock& clock)
      : clock_(clock), table_(options), published_(table_.publish()) {}

  /// The route of a topic, null when nobody has it.
  TopicRoutePtr find(std::string_view topic) const { return published_.load()->find(topic); }

  /// All of them. Whoever looks through them does so without keeping a broker from registering.
  std::shared_ptr<const RouteSnapshot> snapshot() const { return published_.load(); }

  /// Runs `body(RouteTable&, RouteTime now)`, publishes the routes that it changed and gives what
  /// it returns.
  template <class Body>
  auto change(Body&& body) {
    MutexLock lock(mutex_);
    auto result = std::forward<Body>(body)(table_, clock_.monotonic());
    published_.store(table_.publish());
    return result;
  }

  /// Runs `body(const RouteTable&)` and gives what it returns.
  template <class Body>
  auto read(Body&& body) const {
    MutexLock lock(mutex_);
    return std::forward<Body>(body)(table_);
  }

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  RouteTable table_ ROCKETMQ_GUARDED_BY(mutex_);
  Snapshot<RouteSnapshot> published_;
};

}  // namespace rocketmq::namesrv
