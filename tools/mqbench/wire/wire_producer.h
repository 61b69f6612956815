#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "tools/mqbench/tally.h"
#include "tools/mqbench/wire/wire_connections.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {

/// Sends a workload's messages over connections of its own (see WireConnections).
///
/// Without a rate every connection has `in_flight` requests out and sends the next when an answer
/// comes. With one, messages are sent when they are due, over the connections in turn, whether or
/// not earlier ones have been answered: a slow broker does not slow the load down, and a latency
/// counts from when its message was due.
class WireProducer {
 public:
  explicit WireProducer(const Workload& workload);
  /// Ends all connections first: no callback finds the rest gone.
  ~WireProducer() { connections_.stop(); }

  Status open() { return connections_.open(); }
  /// Until the workload's count or time is reached and everything in flight has been answered.
  Status run();

  const Tally& tally() const { return tally_; }

 private:
  /// One connection, with the next queue to send to. Touched by the connection's thread alone once
  /// a closed loop has begun; by the thread of run() otherwise.
  struct Sender {
    remoting::Connection* connection = nullptr;
    const std::vector<WireQueue>* queues = nullptr;
    size_t turn = 0;
  };

  void runClosedLoop();
  void runAtRate();
  Status runOneway();
  /// Of `sent` one-way messages: how many the queues, which held `before`, got.
  Status countStored(int64_t before, int64_t sent);
  void send(Sender& sender, int64_t due_ns, bool go_on);
  template <class Request>
  void sendAs(Sender& sender, int64_t due_ns, bool go_on);
  template <class Request>
  Request nextRequest(Sender& sender) const;
  remoting::Payload nextBody(int64_t due_ns) const;
  bool takeTicket();
  void awaitAnswers();

  const Workload& workload_;
  const int64_t per_send_;
  const std::string body_;        ///< As makeBody(); its head is replaced in each message.
  const std::string batch_body_;  ///< All of a batch; used when the mode says so.
  WireConnections connections_;
  std::vector<Sender> senders_;
  Tally tally_;
  int64_t end_ns_ = 0;
  std::atomic<int64_t> tickets_{0};
  std::atomic<int64_t> in_flight_{0};
};

}  // namespace rocketmq::bench
