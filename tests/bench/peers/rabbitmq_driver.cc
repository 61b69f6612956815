// RabbitMQ: durable classic queues, persistent messages, publisher confirms. A consumer
// acknowledges, many messages at a time.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include <deque>
#include <stdexcept>
#include <string>

#include "tests/bench/peers/peer_driver.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr uint16_t kPrefetch = 1024;
constexpr uint64_t kAcknowledgeEach = 256;
constexpr int64_t kReceivePatienceUs = 100'000;
constexpr uint8_t kPersistent = 2;

void check(const amqp_rpc_reply_t& reply, const std::string& what) {
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    throw std::runtime_error(what + ": " +
                             (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                                  ? amqp_error_string2(reply.library_error)
                                  : "refused by the server"));
  }
}

void checkStatus(int status, const char* what) {
  if (status != AMQP_STATUS_OK) {
    throw std::runtime_error(std::string(what) + ": " + amqp_error_string2(status));
  }
}

/// A connection with one channel.
class Session {
 public:
  explicit Session(const PeerOptions& options) : state_(amqp_new_connection()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    checkStatus(amqp_socket_open(socket, "127.0.0.1", options.port), "connect");
    check(amqp_login(state_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
    amqp_channel_open(state_, kChannel);
    check(amqp_get_rpc_reply(state_), "channel");
  }
  ~Session() {
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  amqp_connection_state_t state() { return state_; }

  /// The next frame within the patience; false when none came.
  bool waitFrame(amqp_frame_t& frame) {
    amqp_maybe_release_buffers(state_);
    timeval patience{.tv_sec = 0, .tv_usec = kReceivePatienceUs};
    const int status = amqp_simple_wait_frame_noblock(state_, &frame, &patience);
    if (status == AMQP_STATUS_TIMEOUT) {
      return false;
    }
    checkStatus(status, "receive");
    return true;
  }

 private:
  amqp_connection_state_t state_;
};

/// Connections share the queues evenly.
std::string queueOf(const PeerOptions& options, int32_t thread_index) {
  return "bench-" + std::to_string(thread_index % options.queues);
}

void prepare(const PeerOptions& options) {
  Session session(options);
  for (int32_t i = 0; i < options.queues; ++i) {
    const std::string name = queueOf(options, i);
    amqp_queue_declare(session.state(), kChannel, amqp_cstring_bytes(name.c_str()), 0, 1, 0, 0,
                       amqp_empty_table);
    check(amqp_get_rpc_reply(session.state()), "declare " + name);
  }
}

/// Takes confirmations until at most `left_max` messages wait for theirs.
void awaitConfirms(PeerRun& run, Session& session, std::deque<int64_t>& due, uint64_t& confirmed,
                   size_t left_max) {
  while (due.size() > left_max) {
    amqp_frame_t frame;
    if (!session.waitFrame(frame)) {
      if (nowNs() > run.end_ns + 10'000'000'000) {
        throw std::runtime_error("no confirmation within 10 s");
      }
      continue;
    }
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("a message was not confirmed");
    }
    const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    // Confirmations without `multiple` may come out of order; which of them it is does not matter
    // to the count, and the oldest one's latency is charged.
    const uint64_t upto = ack->multiple != 0 ? ack->delivery_tag : confirmed + 1;
    for (; confirmed < upto && !due.empty(); ++confirmed) {
      run.tally.succeeded(due.front(), 1, run.options.body_bytes);
      due.pop_front();
    }
  }
}

void produce(PeerRun& run) {
  Session session(run.options);
  amqp_confirm_select(session.state(), kChannel);
  check(amqp_get_rpc_reply(session.state()), "confirms");
  const std::string queue = queueOf(run.options, run.thread_index);
  std::string body = makeBody(run.options.body_bytes);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = kPersistent;
  std::deque<int64_t> due;
  uint64_t confirmed = 0;
  const auto window = static_cast<size_t>(run.options.in_flight);
  while (!run.isOver()) {
    due.push_back(nowNs());
    checkStatus(amqp_basic_publish(session.state(), kChannel, amqp_empty_bytes,
                                   amqp_cstring_bytes(queue.c_str()), 0, 0, &properties,
                                   {body.size(), body.data()}),
                "publish");
    awaitConfirms(run, session, due, confirmed, window - 1);
  }
  awaitConfirms(run, session, due, confirmed, 0);
}

void consume(PeerRun& run) {
  Session session(run.options);
  const std::string queue = queueOf(run.options, run.thread_index);
  amqp_basic_qos(session.state(), kChannel, 0, kPrefetch, 0);
  check(amqp_get_rpc_reply(session.state()), "prefetch");
  amqp_basic_consume(session.state(), kChannel, amqp_cstring_bytes(queue.c_str()), amqp_empty_bytes,
                     0, 0, 0, amqp_empty_table);
  check(amqp_get_rpc_reply(session.state()), "consume");
  uint64_t unacknowledged = 0;
  while (!run.isOver()) {
    amqp_maybe_release_buffers(session.state());
    timeval patience{.tv_sec = 0, .tv_usec = kReceivePatienceUs};
    amqp_envelope_t envelope;
    const amqp_rpc_reply_t reply = amqp_consume_message(session.state(), &envelope, &patience, 0);
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
        reply.library_error == AMQP_STATUS_TIMEOUT) {
      continue;
    }
    check(reply, "receive");
    run.tally.counted(1, static_cast<int64_t>(envelope.message.body.len));
    if (++unacknowledged == kAcknowledgeEach) {
      checkStatus(amqp_basic_ack(session.state(), kChannel, envelope.delivery_tag, 1),
                  "acknowledge");
      unacknowledged = 0;
    }
    amqp_destroy_envelope(&envelope);
  }
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  using namespace rocketmq::bench;
  return runPeerDriver(argc, argv, {"RabbitMQ", prepare, produce, consume});
}
