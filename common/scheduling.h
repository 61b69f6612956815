#pragma once

#include <cstdint>

namespace rocketmq {

/// How long a thread has the processor at a time while others want it, too.
enum class Turns : uint8_t {
  kUsual,
  /// A quarter of a millisecond, for work that goes on for long beside threads that somebody waits
  /// for. Its share of the processor is about the same, as long as it calls giveWay().
  kShort,
};

/// Sets it for the calling thread; a system call when that is a change. A hint, which takes effect
/// from Linux 6.12 on.
void takeTurns(Turns turns);

/// Ends the calling thread's turn if that is short and over: whoever waits for this processor has
/// it now. The system alone would see to that with its next tick, up to 4 ms later, unless who
/// waits has used less than its share. To be called after pieces of work of some 100 us at most;
/// costs a look at the clock, and a system call when the turn is over.
void giveWay();

}  // namespace rocketmq
