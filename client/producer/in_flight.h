#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/mutex.h"

namespace rocketmq::client {

struct SendCall;
using SendCallPtr = std::shared_ptr<SendCall>;

/// The sends of a producer that have no outcome yet, and the bound for asynchronous ones.
///
/// Threads: any. Life: close() refuses new sends and gives up the ones in flight, so that the
/// producer can end each of them.
class InFlightSends {
 public:
  struct Limits {
    int64_t sends_max = 10'000;
    int64_t bytes_max = 256ll << 20;
  };

  enum class Admission : uint8_t { kAdmitted, kFull, kClosed };

  explicit InFlightSends(Limits limits) : limits_(limits) {}

  /// Takes a place for `bytes`, waiting for one until `until`. Who waits is woken when a quarter of
  /// the bound is free, and one of all who wait looks every two milliseconds. A send larger than
  /// the whole bound is admitted when nothing else is in flight.
  Admission admit(int64_t bytes, std::chrono::steady_clock::time_point until);

  /// The same for a send made by a callback: it may go up to twice over the bound and never waits,
  /// since the places it would wait for are given back by callbacks.
  Admission admitFromCallback(int64_t bytes);

  /// Gives a place back.
  void release(int64_t bytes);

  /// Registers a send until remove(). False when closed.
  bool add(const SendCallPtr& call);
  void remove(SendCall& call);

  /// Refuses everything from now on; returns what was in flight.
  std::vector<SendCallPtr> close();

 private:
  /// Returns with room, when closed or at `until`.
  void waitForRoomLocked(int64_t bytes, std::chrono::steady_clock::time_point until)
      ROCKETMQ_REQUIRES(mutex_);
  bool hasRoomLocked(int64_t bytes, int64_t factor) const ROCKETMQ_REQUIRES(mutex_);
  Admission takeLocked(int64_t bytes, int64_t factor) ROCKETMQ_REQUIRES(mutex_);

  const Limits limits_;
  Mutex mutex_;
  CondVar room_;
  int64_t sends_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  int64_t waiting_ ROCKETMQ_GUARDED_BY(mutex_) = 0;  ///< Callers of admit().
  bool somebody_looks_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::vector<SendCallPtr> calls_ ROCKETMQ_GUARDED_BY(mutex_);
  bool closed_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

}  // namespace rocketmq::client
