#pragma once

#include <string>

namespace rocketmq::remoting {

/// What OpenSSL says about the last failure on this thread, and forgets all of it.
std::string takeOpensslError();

}  // namespace rocketmq::remoting
