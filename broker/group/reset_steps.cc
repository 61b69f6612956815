#include "broker/group/reset_steps.h"

#include <algorithm>

namespace rocketmq::broker {

AskedConnections::AskedConnections(const std::set<uint64_t>& connections, size_t& counted)
    : connections_(connections.begin(), connections.end()), counted_(counted) {
  counted_ += connections_.size();
}

bool AskedConnections::contains(uint64_t connection_id) const {
  return std::ranges::binary_search(connections_, connection_id);
}

bool AskedConnections::isEqualTo(const std::set<uint64_t>& connections) const {
  return std::ranges::equal(connections_, connections);
}

AskedConnectionsPtr ResetSteps::ask(const std::set<uint64_t>& wanted,
                                    const AskedConnectionsPtr& known) {
  if (known != nullptr && known->isEqualTo(wanted)) {
    return known;
  }
  if (wanted.empty() || wanted.size() > kStepsMax - steps_) {
    return nullptr;
  }
  return std::make_shared<const AskedConnections>(wanted, steps_);
}

std::optional<ResetStep> ResetSteps::of(const PendingReset& reset, uint64_t connection_id) {
  if (const auto step = reset.steps.find(connection_id); step != reset.steps.end()) {
    return step->second;
  }
  const bool is_asked = reset.asked != nullptr && reset.asked->contains(connection_id);
  return is_asked ? std::optional(ResetStep::kAsked) : std::nullopt;
}

bool ResetSteps::set(PendingReset& reset, uint64_t connection_id, ResetStep step) {
  if (const auto known = reset.steps.find(connection_id); known != reset.steps.end()) {
    known->second = step;
    return true;
  }
  if (steps_ >= kStepsMax) {
    return false;
  }
  reset.steps.emplace(connection_id, step);
  by_connection_[connection_id].insert(&reset);
  ++steps_;
  return true;
}

void ResetSteps::clear(PendingReset& reset) {
  for (const auto& [connection_id, step] : reset.steps) {
    const auto resets = by_connection_.find(connection_id);
    resets->second.erase(&reset);
    if (resets->second.empty()) {
      by_connection_.erase(resets);
    }
  }
  steps_ -= reset.steps.size();
  reset.steps.clear();
}

void ResetSteps::forgetConnection(uint64_t connection_id) {
  const auto resets = by_connection_.find(connection_id);
  if (resets == by_connection_.end()) {
    return;
  }
  for (PendingReset* const reset : resets->second) {
    reset->steps.erase(connection_id);
  }
  steps_ -= resets->second.size();
  by_connection_.erase(resets);
}

}  // namespace rocketmq::broker
