#pragma once

#include <cstddef>

namespace rocketmq {

/// Lets this process have as many files open as the system permits it: every connection is one, and
/// the soft limit of a login shell would end at about 1000 clients.
void raiseOpenFilesLimit();

/// How many files this process may have open; SIZE_MAX: any number.
size_t openFilesMax();

}  // namespace rocketmq
