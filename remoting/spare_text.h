#pragma once

#include <string>

namespace rocketmq::remoting {

// Heads of frames live from when they are encoded until they have left, mostly on one I/O thread;
// their memory is used again there instead of being freed and allocated for each. A thread keeps
// few and small ones, the rest is freed.

/// An empty string, with memory where this thread has some to spare.
std::string takeSpareText();

/// Ends the use of a string.
void giveSpareText(std::string text);

}  // namespace rocketmq::remoting
