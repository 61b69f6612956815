// NATS JetStream: one stream kept in files, one subject. A send is over when the server has
// acknowledged it; a consumer is ordered and acknowledges nothing.
#include <nats/nats.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "tests/bench/peers/peer_driver.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

constexpr const char* kStream = "BENCH";
constexpr const char* kSubject = "bench";
constexpr int64_t kReceivePatienceMs = 100;

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) {
    throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
  }
}

template <class T, void (*Destroy)(T*)>
struct Destroyer {
  void operator()(T* object) const { Destroy(object); }
};
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, Destroy>>;

/// A connection with its JetStream context.
class Session {
 public:
  explicit Session(const PeerOptions& options, jsOptions* js_options = nullptr) {
    natsConnection* connection = nullptr;
    const std::string url = "nats://127.0.0.1:" + std::to_string(options.port);
    check(natsConnection_ConnectTo(&connection, url.c_str()), "connect");
    connection_.reset(connection);
    jsCtx* js = nullptr;
    check(natsConnection_JetStream(&js, connection, js_options), "JetStream");
    js_.reset(js);
  }
  jsCtx* js() { return js_.get(); }

 private:
  Owned<natsConnection, natsConnection_Destroy> connection_;
  Owned<jsCtx, jsCtx_Destroy> js_;
};

void prepare(const PeerOptions& options) {
  Session session(options);
  const char* subjects[] = {kSubject};
  jsStreamConfig config;
  check(jsStreamConfig_Init(&config), "stream settings");
  config.Name = kStream;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  check(js_AddStream(nullptr, session.js(), &config, nullptr, nullptr), "add stream");
}

void produceSync(PeerRun& run) {
  Session session(run.options);
  const std::string body = makeBody(run.options.body_bytes);
  while (!run.isOver()) {
    const int64_t due_ns = nowNs();
    check(js_Publish(nullptr, session.js(), kSubject, body.data(), static_cast<int>(body.size()),
                     nullptr, nullptr),
          "publish");
    run.tally.succeeded(due_ns, 1, run.options.body_bytes);
  }
}

/// The library keeps `in_flight` messages out; they count when all have been acknowledged.
void produceWindow(PeerRun& run) {
  jsOptions options;
  check(jsOptions_Init(&options), "options");
  options.PublishAsync.MaxPending = run.options.in_flight;
  options.PublishAsync.StallWait = 10'000;
  Session session(run.options, &options);
  const std::string body = makeBody(run.options.body_bytes);
  int64_t sent = 0;
  while (!run.isOver()) {
    check(js_PublishAsync(session.js(), kSubject, body.data(), static_cast<int>(body.size()),
                          nullptr),
          "publish");
    ++sent;
  }
  check(js_PublishAsyncComplete(session.js(), nullptr), "acknowledgements");
  run.tally.counted(sent, sent * run.options.body_bytes);
}

void produce(PeerRun& run) { run.options.in_flight == 1 ? produceSync(run) : produceWindow(run); }

void consume(PeerRun& run) {
  Session session(run.options);
  jsSubOptions options;
  check(jsSubOptions_Init(&options), "subscription settings");
  options.Stream = kStream;
  options.Ordered = true;
  natsSubscription* raw = nullptr;
  check(js_SubscribeSync(&raw, session.js(), kSubject, nullptr, &options, nullptr), "subscribe");
  const Owned<natsSubscription, natsSubscription_Destroy> subscription(raw);
  while (!run.isOver()) {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, raw, kReceivePatienceMs);
    if (status == NATS_TIMEOUT) {
      continue;
    }
    check(status, "receive");
    run.tally.counted(1, natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
  }
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  using namespace rocketmq::bench;
  return runPeerDriver(argc, argv, {"NATS JetStream", prepare, produce, consume});
}
