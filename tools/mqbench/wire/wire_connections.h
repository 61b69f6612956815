#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {

/// A queue of the workload's topic and the master that has it.
struct WireQueue {
  std::string broker_addr;
  int32_t queue_id = 0;
};

/// Connections to brokers that are driven frame by frame, each with its own socket: what a load of
/// many clients looks like to a broker, for the price of one I/O thread. (The client library shares
/// one connection to a broker between all producers and consumers of an instance.)
///
/// Life:    open() -> use -> stop() (or the destructor): nothing calls back any more.
/// Threads: callbacks of the connections run on the pool's threads.
class WireConnections {
 public:
  explicit WireConnections(const Workload& workload);
  ~WireConnections() { stop(); }

  /// Asks the first name server that answers for the topic and opens the workload's connections,
  /// spread over the topic's masters: at least one to each, whatever the workload says. NotFound
  /// says that the topic has no writable queue.
  Status open();
  void stop();

  /// The topic's queues on the master that connection `index` leads to; never empty.
  const std::vector<WireQueue>& queuesOf(size_t index) const {
    return queues_by_broker_[index % queues_by_broker_.size()];
  }
  size_t brokers() const { return queues_by_broker_.size(); }
  /// Of all brokers together.
  size_t queues() const;
  size_t size() const { return connections_.size(); }
  /// One of the connections that lead to broker `broker`, by `turn`.
  remoting::Connection& connectionTo(size_t broker, size_t turn) {
    const size_t each = connections_.size() / brokers();
    return *connections_[broker + brokers() * (turn % each)];
  }
  remoting::Connection& operator[](size_t index) { return *connections_[index]; }

  /// One past the last offset of a queue.
  Result<int64_t> maxOffset(const WireQueue& queue);
  /// Sum of maxOffset() over all queues.
  Result<int64_t> storedMessages();

 private:
  Status findQueues();
  Status findQueuesFrom(const std::string& name_server);
  remoting::SessionCredentials credentials() const;
  remoting::Client::Options clientOptions() const;

  const Workload& workload_;
  remoting::IoPool pool_;
  remoting::Client admin_;  ///< Routes and offsets; shares no connection with the load.
  std::vector<std::unique_ptr<remoting::Client>> clients_;
  std::vector<remoting::ConnectionPtr> connections_;
  std::vector<std::vector<WireQueue>> queues_by_broker_;
};

}  // namespace rocketmq::bench
