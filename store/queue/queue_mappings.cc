#include "store/queue/queue_mappings.h"

namespace rocketmq::store {

void QueueMappings::onAppended() {
  if (!parts_.queues.hasTooManyMapped()) {
    return;
  }
  const int64_t bound = parts_.queues.mappedFilesMax();
  if (parts_.queues.mappedFiles() > bound + bound / 4) {
    trim();
  } else {
    wake_trimmer_();
  }
}

void QueueMappings::trim() {
  MutexLock lock(trim_mutex_);
  if (!parts_.queues.hasTooManyMapped()) {
    return;
  }
  const Queues queues = parts_.queues.all();
  unmap(queues, [](ConsumeQueue& queue) { return queue.isMappedInVain(); });
  unmap(queues, [](const ConsumeQueue& queue) { return queue.isMapped(); });
}

template <class Choice>
void QueueMappings::unmap(const Queues& queues, Choice is_chosen) {
  const int64_t wanted = parts_.queues.mappedFilesMax() - parts_.queues.mappedFilesMax() / 8;
  for (size_t i = 0; i < queues.size() && parts_.queues.mappedFiles() > wanted; ++i) {
    ConsumeQueue& queue = *queues[next_++ % queues.size()];
    if (is_chosen(queue)) {
      parts_.dispatcher.betweenBatches([&] { queue.unmapAllAtWork(parts_.append_mutex); });
    }
  }
}

}  // namespace rocketmq::store
