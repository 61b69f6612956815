#include "broker/await_flushed.h"

#include <chrono>
#include <future>
#include <memory>

namespace rocketmq::broker {

Status awaitFlushed(store::MessageStore& store) {
  constexpr std::chrono::seconds kWaitMax{1};
  const auto flushed = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = flushed->get_future();
  // No deadline for the store, whose clock may be another: what nobody waits for any more ends with
  // its next flush.
  store.whenFlushed(store.commitLogMaxOffset(), std::chrono::steady_clock::time_point::max(),
                    [flushed](const Status& status) { flushed->set_value(status); });
  return outcome.wait_for(kWaitMax) == std::future_status::ready
             ? outcome.get()
             : Status::timeout("the commit log is not on the disk in time");
}

}  // namespace rocketmq::broker
