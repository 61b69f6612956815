#include "client/instance/event_loop.h"

#include <utility>

#include <asio/io_context.hpp>

#include "client/instance/retired_threads.h"
#include "common/mutex.h"

namespace rocketmq::client {

std::shared_ptr<EventLoop> EventLoop::shared() {
  // Never destroyed: a client that is a static object may be shut down after everything else.
  static Mutex& mutex = *new Mutex;
  static std::weak_ptr<EventLoop>& current = *new std::weak_ptr<EventLoop>;
  MutexLock lock(mutex);
  std::shared_ptr<EventLoop> loop = current.lock();
  if (loop == nullptr) {
    loop = std::make_shared<EventLoop>();
    current = loop;
  }
  return loop;
}

EventLoop::EventLoop() : pool_(std::make_shared<remoting::IoPool>("rmq-client-io", 1)) {}

EventLoop::~EventLoop() {
  if (isCurrent()) {
    RetiredThreads::instance().run([pool = std::move(pool_)]() mutable { pool.reset(); });
  }
}

bool EventLoop::isCurrent() const {
  return pool_->context(0).get_executor().running_in_this_thread();
}

}  // namespace rocketmq::client
