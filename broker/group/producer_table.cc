#include "broker/group/producer_table.h"

#include <cstddef>
#include <iterator>

#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::broker {
namespace {

void logLeft(std::string_view client_id, std::string_view group) {
  static LogLimiter limiter(kMemberLinesPerSecond);
  limiter.info("producer {} of group {} left", client_id, group);
}

}  // namespace

void ProducerTable::link(const ClientInfo& client) {
  Link& link = links_[client.client_id][client.connection->id()];
  link.connection = client.connection;
  ++link.groups;
}

void ProducerTable::unlink(const MemberKey& key) {
  const auto links = links_.find(key.client_id);
  const auto link = links->second.find(key.connection_id);
  if (--link->second.groups == 0) {
    links->second.erase(link);
    if (links->second.empty()) {
      links_.erase(links);
    }
  }
}

template <class Predicate>
ProducerTable::Groups::iterator ProducerTable::erase(Groups::iterator group, Members::iterator from,
                                                     Members::iterator to, Predicate gone) {
  while (from != to) {
    if (!gone(from->second)) {
      ++from;
      continue;
    }
    logLeft(from->first.client_id, group->first);
    unlink(from->first);
    from = group->second.erase(from);
  }
  return group->second.empty() ? groups_.erase(group) : std::next(group);
}

bool ProducerTable::add(const std::string& group, const ClientInfo& client) {
  MutexLock lock(mutex_);
  const bool is_new =
      groups_[group]
          .insert_or_assign(MemberKey{client.connection->id(), client.client_id}, client)
          .second;
  if (is_new) {
    link(client);
  }
  return is_new;
}

void ProducerTable::remove(std::string_view group, const MemberKey& key) {
  MutexLock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) {
    return;
  }
  const auto [from, to] = found->second.equal_range(key);
  erase(found, from, to, [](const ClientInfo&) { return true; });
}

void ProducerTable::removeConnection(std::string_view group, uint64_t connection_id) {
  MutexLock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) {
    return;
  }
  Members& members = found->second;
  erase(found, members.lower_bound(MemberKey{connection_id, {}}),
        members.lower_bound(MemberKey{connection_id + 1, {}}),
        [](const ClientInfo&) { return true; });
}

void ProducerTable::removeSilentSince(TimestampMs oldest) {
  MutexLock lock(mutex_);
  for (auto group = groups_.begin(); group != groups_.end();) {
    group = erase(group, group->second.begin(), group->second.end(),
                  [oldest](const ClientInfo& client) { return client.updatedMs() < oldest; });
  }
}

std::vector<remoting::ConnectionPtr> ProducerTable::silentSince(TimestampMs oldest) const {
  std::vector<remoting::ConnectionPtr> silent;
  MutexLock lock(mutex_);
  for (const auto& [name, members] : groups_) {
    for (const auto& [key, client] : members) {
      if (client.updatedMs() < oldest) {
        silent.push_back(client.connection);
      }
    }
  }
  return silent;
}

std::vector<ClientInfo> ProducerTable::clients(std::string_view group) const {
  std::vector<ClientInfo> clients;
  MutexLock lock(mutex_);
  if (const auto members = groups_.find(group); members != groups_.end()) {
    for (const auto& [key, client] : members->second) {
      clients.push_back(client);
    }
  }
  return clients;
}

std::map<std::string, std::vector<ClientInfo>> ProducerTable::all() const {
  std::map<std::string, std::vector<ClientInfo>> groups;
  MutexLock lock(mutex_);
  for (const auto& [name, members] : groups_) {
    for (const auto& [key, client] : members) {
      groups[name].push_back(client);
    }
  }
  return groups;
}

remoting::ConnectionPtr ProducerTable::findConnection(std::string_view client_id) const {
  MutexLock lock(mutex_);
  const auto links = links_.find(client_id);
  // Connection ids grow, so the last link is the newest connection.
  return links == links_.end() ? nullptr : links->second.rbegin()->second.connection;
}

remoting::ConnectionPtr ProducerTable::pickConnection(std::string_view group) const {
  MutexLock lock(mutex_);
  const auto members = groups_.find(group);
  if (members == groups_.end()) {
    return nullptr;
  }
  const auto index = static_cast<ptrdiff_t>(picks_++ % members->second.size());
  return std::next(members->second.begin(), index)->second.connection;
}

}  // namespace rocketmq::broker
