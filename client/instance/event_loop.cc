#include "client/instance/event_loop.h"

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

}  // namespace rocketmq::client
