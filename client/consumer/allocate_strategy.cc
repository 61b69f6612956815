#include <algorithm>

#include "common/log.h"
#include "rocketmq/consumer_config.h"

namespace rocketmq {
namespace {

/// Place of `client_id` among the sorted clients; the number of clients when it is not one of them.
size_t indexOf(const std::string& group, const std::string& client_id,
               const std::vector<std::string>& all_clients) {
  const auto found = std::find(all_clients.begin(), all_clients.end(), client_id);
  if (found == all_clients.end()) {
    log::info("[BUG] ConsumerGroup: {} The consumerId: {} not in cidAll of {} members", group,
              client_id, all_clients.size());
  }
  return static_cast<size_t>(found - all_clients.begin());
}

}  // namespace

AllocateMessageQueueStrategy allocateAveragely() {
  return [](const std::string& group, const std::string& client_id,
            const std::vector<MessageQueue>& all_queues,
            const std::vector<std::string>& all_clients) -> std::vector<MessageQueue> {
    const size_t index = indexOf(group, client_id, all_clients);
    const size_t clients = all_clients.size();
    if (index == clients) {
      return {};
    }
    const size_t rest = all_queues.size() % clients;
    const size_t share = all_queues.size() / clients;
    // The first `rest` clients take one queue more than the others.
    const size_t begin = index * share + std::min(index, rest);
    const size_t count = share + (index < rest ? 1 : 0);
    const auto first = all_queues.begin() + static_cast<ptrdiff_t>(begin);
    return {first, first + static_cast<ptrdiff_t>(count)};
  };
}

AllocateMessageQueueStrategy allocateAveragelyByCircle() {
  return [](const std::string& group, const std::string& client_id,
            const std::vector<MessageQueue>& all_queues,
            const std::vector<std::string>& all_clients) -> std::vector<MessageQueue> {
    std::vector<MessageQueue> mine;
    const size_t index = indexOf(group, client_id, all_clients);
    if (index == all_clients.size()) {
      return mine;
    }
    for (size_t i = index; i < all_queues.size(); i += all_clients.size()) {
      mine.push_back(all_queues[i]);
    }
    return mine;
  };
}

}  // namespace rocketmq
