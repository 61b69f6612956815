#include "tools/mqbench/produce.h"

#include <fmt/format.h>

#include <any>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rocketmq::bench {
namespace {

const char* nameOf(SendMode mode) {
  switch (mode) {
    case SendMode::kSync:
      return "sync";
    case SendMode::kAsync:
      return "async";
    case SendMode::kOneway:
      return "oneway";
    case SendMode::kBatch:
      return "batch";
    case SendMode::kTransaction:
      return "transaction";
  }
  return "";
}

/// Transactions that do nothing and are always committed.
class CommitAlways : public TransactionListener {
 public:
  LocalTransactionState executeLocalTransaction(const Message& /*message*/,
                                                const std::any& /*argument*/) override {
    return LocalTransactionState::kCommitMessage;
  }
  LocalTransactionState checkLocalTransaction(const MessageExt& /*message*/) override {
    return LocalTransactionState::kCommitMessage;
  }
};

TransactionProducerConfig producerConfig(const Workload& workload) {
  TransactionProducerConfig config;
  config.namesrv_addr = workload.namesrv_addr;
  config.credentials = workload.credentials;
  config.producer_group = workload.group + "_producer";
  config.async_in_flight_max = workload.in_flight_max;
  // What is measured is the broker; compressing the generator's bodies would measure zlib.
  config.compress_msg_body_over_howmuch = INT32_MAX;
  config.retry_times_when_send_failed = 0;
  config.retry_times_when_send_async_failed = 0;
  return config;
}

}  // namespace

LoadGenerator::LoadGenerator(const Workload& workload)
    : workload_(workload), producer_(producerConfig(workload), std::make_shared<CommitAlways>()) {}

void LoadGenerator::start() { producer_.start(); }

void LoadGenerator::sendProbe() {
  std::string body = makeBody(workload_.body_bytes);
  stampSendTime(body, nowNs());
  Message message(workload_.topic, std::move(body));
  producer_.send(message);
}

void LoadGenerator::run() {
  const int64_t start_ns = nowNs();
  const int64_t end_ns =
      start_ns + std::chrono::duration_cast<std::chrono::nanoseconds>(workload_.duration).count();
  std::vector<Histogram> latencies(static_cast<size_t>(workload_.threads));
  {
    std::vector<std::jthread> threads;
    for (int32_t i = 0; i < workload_.threads; ++i) {
      threads.emplace_back([this, i, start_ns, end_ns, &latencies] {
        sendLoop(i, start_ns, end_ns, latencies[static_cast<size_t>(i)]);
      });
    }
  }
  for (int64_t left = in_flight_.load(); left > 0; left = in_flight_.load()) {
    in_flight_.wait(left);
  }
  std::lock_guard lock(mutex_);
  latency_.merge(async_latency_);
  for (const Histogram& latency : latencies) {
    latency_.merge(latency);
  }
}

bool LoadGenerator::takeTicket(int64_t messages) {
  return workload_.messages == 0 || tickets_.fetch_add(messages) < workload_.messages;
}

void LoadGenerator::sendLoop(int32_t thread_index, int64_t start_ns, int64_t end_ns,
                             Histogram& latency) {
  Pacer pacer(start_ns, workload_.rate, workload_.threads, thread_index);
  std::string body = makeBody(workload_.body_bytes);
  const int64_t per_send = workload_.mode == SendMode::kBatch ? workload_.batch_size : 1;
  while (nowNs() < end_ns && takeTicket(per_send)) {
    const int64_t due_ns = pacer.waitNext();
    stampSendTime(body, due_ns);
    Message message(workload_.topic, body);
    try {
      sendOne(message, due_ns, latency);
    } catch (const MQException& failure) {
      countFailure(failure.what(), per_send);
    }
  }
}

void LoadGenerator::sendOne(Message& message, int64_t due_ns, Histogram& latency) {
  switch (workload_.mode) {
    case SendMode::kSync:
      producer_.send(message);
      latency.record(nowNs() - due_ns);
      sent_.fetch_add(1, std::memory_order_relaxed);
      return;
    case SendMode::kTransaction:
      producer_.sendMessageInTransaction(message);
      latency.record(nowNs() - due_ns);
      sent_.fetch_add(1, std::memory_order_relaxed);
      return;
    case SendMode::kOneway:
      producer_.sendOneway(message);
      sent_.fetch_add(1, std::memory_order_relaxed);
      return;
    case SendMode::kAsync:
      sendAsync(std::move(message), due_ns);
      return;
    case SendMode::kBatch:
      sendBatch(message, due_ns, latency);
      return;
  }
}

void LoadGenerator::sendAsync(Message message, int64_t due_ns) {
  in_flight_.fetch_add(1);
  const auto done = [this] {
    if (in_flight_.fetch_sub(1) == 1) {
      in_flight_.notify_all();
    }
  };
  SendCallback callback{
      .on_success =
          [this, due_ns, done](const SendResult&) {
            {
              std::lock_guard lock(mutex_);
              async_latency_.record(nowNs() - due_ns);
            }
            sent_.fetch_add(1, std::memory_order_relaxed);
            done();
          },
      .on_exception =
          [this, done](const MQException& failure) {
            countFailure(failure.what(), 1);
            done();
          },
  };
  try {
    producer_.send(std::move(message), std::move(callback));
  } catch (...) {
    done();
    throw;
  }
}

void LoadGenerator::sendBatch(const Message& message, int64_t due_ns, Histogram& latency) {
  std::vector<Message> batch(static_cast<size_t>(workload_.batch_size), message);
  producer_.send(batch);
  latency.record(nowNs() - due_ns, workload_.batch_size);
  sent_.fetch_add(workload_.batch_size, std::memory_order_relaxed);
}

void LoadGenerator::countFailure(const std::string& what, int64_t messages) {
  failed_.fetch_add(messages, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  if (first_error_.empty()) {
    first_error_ = what;
  }
}

std::string LoadGenerator::firstError() const {
  std::lock_guard lock(mutex_);
  return first_error_;
}

Report runProduce(const Workload& workload) {
  LoadGenerator generator(workload);
  generator.start();
  const int64_t start = nowNs();
  {
    const ProgressLine progress(workload.progress, [&generator](double elapsed) {
      return fmt::format("{:.0f} s  {} sent  {:.0f} msg/s  {} failed", elapsed, generator.sent(),
                         static_cast<double>(generator.sent()) / elapsed, generator.failed());
    });
    generator.run();
  }
  if (generator.failed() > 0) {
    std::fprintf(stderr, "first failure: %s\n", generator.firstError().c_str());
  }

  Report report;
  report.command = "produce";
  report.settings = {{"mode", nameOf(workload.mode)},
                     {"threads", std::to_string(workload.threads)},
                     {"size", std::to_string(workload.body_bytes)},
                     {"rate", std::to_string(workload.rate)},
                     {"topic", workload.topic}};
  report.messages = generator.sent();
  report.failures = generator.failed();
  report.body_bytes = generator.sent() * workload.body_bytes;
  report.elapsed = std::chrono::nanoseconds(nowNs() - start);
  if (workload.mode != SendMode::kOneway) {
    report.latencies.emplace_back("send", generator.latency());
  }
  return report;
}

}  // namespace rocketmq::bench
