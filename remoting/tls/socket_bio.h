#pragma once

#include <openssl/types.h>

namespace rocketmq::remoting {

/// OpenSSL's way to a non-blocking socket, which it borrows. Unlike OpenSSL's own, writing to a
/// peer that has gone never raises SIGPIPE, which a library must not leave to its user. Null when
/// out of memory.
BIO* newSocketBio(int socket);

}  // namespace rocketmq::remoting
