#include "common/thread.h"

#include <pthread.h>

namespace rocketmq {

NamedThread::NamedThread(std::string name, std::function<void()> body)
    : thread_([name = std::move(name), body = std::move(body)]() noexcept {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        body();
      }) {}

}  // namespace rocketmq
