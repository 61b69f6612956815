#include "broker/group/group_notices.h"

#include <iterator>
#include <utility>

#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::broker {

void GroupNotices::add(const std::string& group) {
  MutexLock lock(mutex_);
  if (waiting_.insert(group).second) {
    turns_.push_back({.group = group});
  }
}

std::deque<GroupNotices::Turn> GroupNotices::take() {
  MutexLock lock(mutex_);
  return std::exchange(turns_, {});
}

void GroupNotices::giveBack(std::deque<Turn> turns) {
  MutexLock lock(mutex_);
  turns.insert(turns.end(), std::make_move_iterator(turns_.begin()),
               std::make_move_iterator(turns_.end()));
  turns_ = std::move(turns);
}

void GroupNotices::begin(const std::string& group) {
  MutexLock lock(mutex_);
  waiting_.erase(group);
}

void tellChanged(const std::string& group, std::span<const remoting::ConnectionPtr> members) {
  remoting::NotifyConsumerIdsChanged request;
  request.consumer_group = group;
  std::string head;
  for (const remoting::ConnectionPtr& member : members) {
    if (!member->isOpen() || member->isCongested()) {
      continue;
    }
    // Nobody answers, so that one opaque does for all; those of one server speak one language.
    if (head.empty()) {
      head = member->encodeRequest(request, {}, member->nextOpaque(), remoting::kFlagOneway).head;
    }
    member->send({.head = head, .body = {}});
  }
}

}  // namespace rocketmq::broker
