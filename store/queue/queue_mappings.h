#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/mutex.h"
#include "store/dispatch/dispatcher.h"
#include "store/queue/queue_table.h"

namespace rocketmq::store {

/// Keeps the files of the queues that are mapped at once near QueueTable's bound: a system lets a
/// process map so many files and no more (vm.max_map_count), and a queue in use maps one file, with
/// an extension two. Above the bound the queues go first that nobody has written or read since
/// the last time, then others in turn; who uses one again maps it again.
/// Threads: any that hold no lock of the store.
class QueueMappings {
 public:
  /// Borrowed.
  struct Parts {
    QueueTable& queues;
    Dispatcher& dispatcher;
    Mutex& append_mutex;
  };

  /// `wake_trimmer` has somebody call trim() soon.
  QueueMappings(const Parts& parts, std::function<void()> wake_trimmer)
      : parts_(parts), wake_trimmer_(std::move(wake_trimmer)) {}

  /// To be called after appends. Returns at once, unless the bound has been passed by so much that
  /// the caller has to help.
  void onAppended();

  /// Gives up mappings when there are too many, until there are an eighth fewer than that.
  void trim();

 private:
  using Queues = std::vector<std::shared_ptr<ConsumeQueue>>;

  template <class Choice>
  void unmap(const Queues& queues, Choice is_chosen) ROCKETMQ_REQUIRES(trim_mutex_);

  const Parts parts_;
  const std::function<void()> wake_trimmer_;
  Mutex trim_mutex_;
  size_t next_ ROCKETMQ_GUARDED_BY(trim_mutex_) = 0;  ///< Whose turn it is.
};

}  // namespace rocketmq::store
