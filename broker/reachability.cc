#include "broker/reachability.h"

#include <utility>

namespace rocketmq::broker {

void checkReachable(remoting::Client& client, const std::string& advertised_address,
                    std::chrono::milliseconds timeout, std::function<void(const Status&)> done) {
  client.connect(advertised_address, remoting::deadlineAfter(timeout),
                 [&client, advertised_address,
                  done = std::move(done)](Result<remoting::ConnectionPtr> connection) {
                   if (connection.ok()) {
                     client.closeAddress(advertised_address, "reachability checked");
                   }
                   done(connection.status());
                 });
}

std::string unreachableAdvice(std::string_view advertised_address, const Status& why) {
  return "clients are told to connect to " + std::string(advertised_address) +
         ", but this broker itself cannot (" + why.message() +
         "); set brokerIP1 to an address of this machine, or of its container's host, that clients "
         "can reach";
}

}  // namespace rocketmq::broker
