#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rocketmq::store {

/// Computes the bit maps that the consume queue's extension keeps of messages: one filter in front
/// of the filters of a topic's readers (RocketMQ: CommitLogDispatcherCalcBitMap).
///
/// A reader may skip a message by its map alone when it was in the table of filters, as it is now,
/// before the message was appended: see MessageFilter::matchesBitMap(). Whoever changes the table
/// publishes the change first, then lets version() grow, and then takes
/// MessageStore::appendedOffset(): messages from there on have the change in their map, or have
/// none.
/// Threads: any; called by sending threads, so it must be quick.
class BitMapSource {
 public:
  virtual ~BitMapSource() = default;
  /// Size of every map.
  virtual int32_t bytes() const = 0;
  /// Grows with every change of what mark() does.
  virtual uint64_t version() const = 0;
  /// Sets the bits of those who want a message in `map`, bytes() of zeros. False when nobody
  /// filters the topic: then the message has no map.
  virtual bool mark(std::string_view topic, std::string_view properties,
                    std::span<char> map) const = 0;
};

}  // namespace rocketmq::store
