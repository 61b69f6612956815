#include "tests/bench/limits/echo.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <asio.hpp>

#include "tools/mqbench/tally.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

using asio::ip::tcp;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kLengthBytes = 4;

void appendFrame(std::string& out, const std::string& content) {
  const auto length = static_cast<uint32_t>(content.size());
  std::array<char, kLengthBytes> head{};
  std::memcpy(head.data(), &length, sizeof(length));
  out.append(head.data(), head.size());
  out += content;
}

/// Finds the ends of frames in a stream of bytes; the content is passed over.
class FrameCounter {
 public:
  /// How many frames end within these bytes.
  int64_t feed(const char* at, size_t size) {
    int64_t frames = 0;
    while (size > 0) {
      size_t step = 0;
      if (have_ < kLengthBytes) {
        step = std::min(size, kLengthBytes - have_);
        std::memcpy(head_.data() + have_, at, step);
        have_ += step;
        if (have_ == kLengthBytes) {
          left_ = std::bit_cast<uint32_t>(head_);
        }
      } else {
        step = std::min(size, left_);
        left_ -= step;
      }
      at += step;
      size -= step;
      if (have_ == kLengthBytes && left_ == 0) {
        have_ = 0;
        ++frames;
      }
    }
    return frames;
  }

 private:
  std::array<char, kLengthBytes> head_{};
  size_t have_ = 0;
  size_t left_ = 0;
};

/// One end of a connection: reads frames, writes what was appended. Lives on one io_context.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  explicit Peer(tcp::socket socket) : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay(true));
  }
  virtual ~Peer() = default;

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](asio::error_code error, size_t size) {
                              if (error) {
                                return;
                              }
                              self->onFrames(self->counter_.feed(self->buffer_.data(), size));
                              self->read();
                            });
  }
  void close() { socket_.close(); }

 protected:
  virtual void onFrames(int64_t count) = 0;

  /// All that was appended while a write was under way leaves with the next.
  void append(const std::string& content) { appendFrame(waiting_, content); }
  void flush() {
    if (!writing_.empty() || waiting_.empty()) {
      return;
    }
    writing_.swap(waiting_);
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](asio::error_code error, size_t /*size*/) {
                        self->writing_.clear();
                        if (!error) {
                          self->flush();
                        }
                      });
  }

 private:
  tcp::socket socket_;
  std::array<char, kReadBytes> buffer_{};
  FrameCounter counter_;
  std::string waiting_;
  std::string writing_;
};

class Answerer final : public Peer {
 public:
  Answerer(tcp::socket socket, int32_t answer_bytes)
      : Peer(std::move(socket)), answer_(static_cast<size_t>(answer_bytes), 'a') {}

 private:
  void onFrames(int64_t count) override {
    for (int64_t i = 0; i < count; ++i) {
      append(answer_);
    }
    flush();
  }

  const std::string answer_;
};

/// What the askers of one run share.
struct Run {
  explicit Run(const EchoLoad& asked) : load(asked), tally(asked.interval_ms) {}

  const EchoLoad& load;
  Tally tally;
  int64_t end_ns = 0;
  std::atomic<int64_t> in_flight{0};
};

class Asker final : public Peer {
 public:
  Asker(tcp::socket socket, Run& run)
      : Peer(std::move(socket)), run_(run), question_(makeBody(run.load.frame_bytes)) {}

  void ask(int64_t due_ns) {
    stampSendTime(question_, due_ns);
    due_.push_back(due_ns);
    append(question_);
    flush();
  }

 private:
  void onFrames(int64_t count) override {
    for (int64_t i = 0; i < count; ++i) {
      run_.tally.succeeded(due_.front(), 1, run_.load.frame_bytes);
      due_.pop_front();
      if (run_.load.rate == 0 && nowNs() < run_.end_ns) {
        ask(nowNs());
      } else if (run_.in_flight.fetch_sub(1) == 1) {
        run_.in_flight.notify_all();
      }
    }
  }

  Run& run_;
  std::string question_;
  std::deque<int64_t> due_;
};

/// The connection that threads share which wait for their answers.
class SharedAsker final : public Peer {
 public:
  using Waiter = std::shared_ptr<std::promise<void>>;

  SharedAsker(tcp::socket socket, int32_t frame_bytes)
      : Peer(std::move(socket)), question_(makeBody(frame_bytes)) {}

  void ask(Waiter waiter) {
    waiters_.push_back(std::move(waiter));
    append(question_);
    flush();
  }

 private:
  void onFrames(int64_t count) override {
    for (int64_t i = 0; i < count; ++i) {
      waiters_.front()->set_value();
      waiters_.pop_front();
    }
  }

  const std::string question_;
  std::deque<Waiter> waiters_;
};

using Askers = std::vector<std::shared_ptr<Asker>>;

void askAtRate(Run& run, asio::io_context& context, const Askers& askers) {
  Pacer pacer(nowNs(), run.load.rate, 1, 0);
  for (size_t i = 0; nowNs() < run.end_ns; ++i) {
    const int64_t due_ns = pacer.waitNext();
    run.in_flight.fetch_add(1);
    asio::post(context, [asker = askers[i % askers.size()], due_ns] { asker->ask(due_ns); });
  }
}

void askAfterAnswers(Run& run, asio::io_context& context, const Askers& askers) {
  run.in_flight = static_cast<int64_t>(askers.size()) * run.load.in_flight;
  for (const auto& asker : askers) {
    asio::post(context, [asker, &run] {
      for (int32_t i = 0; i < run.load.in_flight; ++i) {
        asker->ask(nowNs());
      }
    });
  }
}

}  // namespace

void serveEcho(int threads, int32_t answer_bytes) {
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    contexts.push_back(std::make_unique<asio::io_context>(1));
  }
  tcp::acceptor acceptor(*contexts[0], tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  size_t turn = 0;
  std::function<void()> accept = [&] {
    acceptor.async_accept(
        *contexts[turn++ % contexts.size()], [&](asio::error_code error, tcp::socket socket) {
          if (!error) {
            auto executor = socket.get_executor();
            auto peer = std::make_shared<Answerer>(std::move(socket), answer_bytes);
            asio::post(executor, [peer] { peer->read(); });
            accept();
          }
        });
  };
  accept();
  for (const auto& context : contexts) {
    workers.emplace_back([&context] {
      const auto work = asio::make_work_guard(*context);
      context->run();
    });
  }
  std::printf("port %d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  for (const auto& context : contexts) {
    context->stop();
  }
}

namespace {

tcp::socket connectTo(asio::io_context& context, uint16_t port) {
  tcp::socket socket(context);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  return socket;
}

Report reportOf(int64_t questions, const EchoLoad& load, int64_t elapsed_ns, Histogram latency) {
  Report report;
  report.command = "echo";
  report.messages = questions;
  report.body_bytes = questions * load.frame_bytes;
  report.elapsed = std::chrono::nanoseconds(elapsed_ns);
  report.latencies.emplace_back("send", std::move(latency));
  return report;
}

}  // namespace

Report runEcho(const EchoLoad& load) {
  asio::io_context context(1);
  Run run(load);
  Askers askers;
  for (int32_t i = 0; i < load.connections; ++i) {
    askers.push_back(std::make_shared<Asker>(connectTo(context, load.port), run));
    askers.back()->read();
  }
  const int64_t start_ns = nowNs();
  run.tally.restart(start_ns);
  run.end_ns = start_ns + static_cast<int64_t>(load.seconds * 1e9);
  std::jthread thread([&context] {
    const auto work = asio::make_work_guard(context);
    context.run();
  });
  if (load.rate > 0) {
    askAtRate(run, context, askers);
  } else {
    askAfterAnswers(run, context, askers);
  }
  for (int64_t left = run.in_flight.load(); left > 0; left = run.in_flight.load()) {
    run.in_flight.wait(left);
  }
  const int64_t elapsed = nowNs() - start_ns;
  context.stop();
  thread.join();
  askers.clear();

  Report report = reportOf(run.tally.messages(), load, elapsed, run.tally.latency());
  report.settings = {{"connections", std::to_string(load.connections)},
                     {"size", std::to_string(load.frame_bytes)},
                     {"rate", std::to_string(load.rate)}};
  report.intervals = run.tally.intervals();
  return report;
}

Report runEchoCallers(const EchoLoad& load, int32_t callers) {
  asio::io_context context(1);
  auto asker = std::make_shared<SharedAsker>(connectTo(context, load.port), load.frame_bytes);
  asker->read();
  std::jthread io([&context] {
    const auto work = asio::make_work_guard(context);
    context.run();
  });
  const int64_t start_ns = nowNs();
  const int64_t end_ns = start_ns + static_cast<int64_t>(load.seconds * 1e9);
  std::vector<Histogram> latencies(static_cast<size_t>(callers));
  std::vector<std::jthread> threads;
  for (Histogram& latency : latencies) {
    threads.emplace_back([&] {
      for (int64_t begin_ns = nowNs(); begin_ns < end_ns; begin_ns = nowNs()) {
        auto waiter = std::make_shared<std::promise<void>>();
        std::future<void> answered = waiter->get_future();
        asio::post(context, [&asker, waiter] { asker->ask(waiter); });
        answered.get();
        latency.record(nowNs() - begin_ns);
      }
    });
  }
  threads.clear();
  const int64_t elapsed = nowNs() - start_ns;
  context.stop();
  io.join();
  asker.reset();
  Histogram all;
  for (const Histogram& latency : latencies) {
    all.merge(latency);
  }
  Report report = reportOf(all.count(), load, elapsed, all);
  report.settings = {{"callers", std::to_string(callers)},
                     {"size", std::to_string(load.frame_bytes)}};
  return report;
}

}  // namespace rocketmq::bench
