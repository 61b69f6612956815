#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "client/consumer/allocate_within.h"
#include "client/instance/name_space.h"
#include "common/check.h"
#include "common/log.h"
#include "common/validate.h"
#include "rocketmq/exceptions.h"

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

/// The first four bytes of the MD5, big-endian.
uint32_t ringPlace(const std::string& key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ROCKETMQ_CHECK(EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_md5(), nullptr) == 1);
  uint32_t place = 0;
  for (size_t i = 0; i < 4; ++i) {
    place = place << 8 | digest[i];
  }
  return place;
}

/// Its ring is made of the names that brokers know: members that are RocketMQ's own come to the
/// same division.
struct ConsistentHash {
  int32_t virtual_nodes = 0;

  std::vector<MessageQueue> operator()(const std::string& group, const std::string& client_id,
                                       const std::vector<MessageQueue>& all_queues,
                                       const std::vector<std::string>& all_clients) const {
    std::vector<MessageQueue> mine;
    if (indexOf(group, client_id, all_clients) == all_clients.size()) {
      return mine;
    }
    std::map<uint32_t, const std::string*> ring;
    for (const std::string& client : all_clients) {
      for (int32_t node = 0; node < virtual_nodes; ++node) {
        ring[ringPlace(client + "-" + std::to_string(node))] = &client;
      }
    }
    for (const MessageQueue& queue : all_queues) {
      auto owner = ring.lower_bound(ringPlace(queue.toString()));
      owner = owner == ring.end() ? ring.begin() : owner;
      if (*owner->second == client_id) {
        mine.push_back(queue);
      }
    }
    return mine;
  }
};

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

AllocateMessageQueueStrategy allocateByConfig(std::vector<MessageQueue> queues) {
  return [queues = std::move(queues), averagely = allocateAveragely()](
             const std::string& group, const std::string& client_id,
             const std::vector<MessageQueue>& all_queues,
             const std::vector<std::string>& all_clients) {
    // Nobody configures these, and without them what has failed would never be consumed.
    if (!all_queues.empty() && isRetryTopic(all_queues.front().topic)) {
      return averagely(group, client_id, all_queues, all_clients);
    }
    std::vector<MessageQueue> mine;
    std::copy_if(all_queues.begin(), all_queues.end(), std::back_inserter(mine),
                 [&](const MessageQueue& queue) {
                   return std::find(queues.begin(), queues.end(), queue) != queues.end();
                 });
    return mine;
  };
}

AllocateMessageQueueStrategy allocateByMachineRoom(std::set<std::string> rooms) {
  return [rooms = std::move(rooms)](
             const std::string& group, const std::string& client_id,
             const std::vector<MessageQueue>& all_queues,
             const std::vector<std::string>& all_clients) -> std::vector<MessageQueue> {
    const size_t index = indexOf(group, client_id, all_clients);
    const size_t clients = all_clients.size();
    if (index == clients) {
      return {};
    }
    std::vector<MessageQueue> ours;
    for (const MessageQueue& queue : all_queues) {
      const size_t split = queue.broker_name.find('@');
      if (split != std::string::npos && rooms.contains(queue.broker_name.substr(0, split))) {
        ours.push_back(queue);
      }
    }
    // RocketMQ parity: an equal run for everybody, and one of the rest for the first ones.
    const size_t share = ours.size() / clients;
    const auto first = ours.begin() + static_cast<ptrdiff_t>(index * share);
    std::vector<MessageQueue> mine(first, first + static_cast<ptrdiff_t>(share));
    if (index < ours.size() % clients) {
      mine.push_back(ours[index + share * clients]);
    }
    return mine;
  };
}

AllocateMessageQueueStrategy allocateByConsistentHash(int32_t virtual_nodes) {
  if (virtual_nodes < 1) {
    throw MQClientException(-1, "allocateByConsistentHash: virtual_nodes is " +
                                    std::to_string(virtual_nodes) + ", but must be at least 1");
  }
  return ConsistentHash{virtual_nodes};
}

}  // namespace rocketmq

namespace rocketmq::client {

std::vector<MessageQueue> allocateWithin(const std::string& name_space,
                                         const AllocateMessageQueueStrategy& allocate,
                                         const std::string& group, const std::string& client_id,
                                         const std::vector<MessageQueue>& all_queues,
                                         const std::vector<std::string>& all_clients) {
  if (name_space.empty() || allocate.target<ConsistentHash>() != nullptr) {
    return allocate(group, client_id, all_queues, all_clients);
  }
  std::vector<MessageQueue> shown = all_queues;
  for (MessageQueue& queue : shown) {
    queue.topic = withoutNamespace(name_space, queue.topic);
  }
  std::vector<MessageQueue> mine =
      allocate(withoutNamespace(name_space, group), client_id, shown, all_clients);
  for (MessageQueue& queue : mine) {
    queue.topic = wrapNamespace(name_space, queue.topic);
  }
  return mine;
}

}  // namespace rocketmq::client
