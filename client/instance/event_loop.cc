#include "client/instance/event_loop.h"

#include <utility>

#include <asio/io_context.hpp>

#include "client/instance/retired_threads.h"
#include "common/mutex.h"
#include "common/per_process.h"

namespace rocketmq::client {

namespace {

struct Current {
  Mutex mutex;
  std::weak_ptr<EventLoop> loop ROCKETMQ_GUARDED_BY(mutex);
};

}  // namespace

std::shared_ptr<EventLoop> EventLoop::shared() {
  Current& current = PerProcess<Current>::get();
  MutexLock lock(current.mutex);
  std::shared_ptr<EventLoop> loop = current.loop.lock();
  if (loop == nullptr) {
    loop = std::make_shared<EventLoop>();
    current.loop = loop;
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
