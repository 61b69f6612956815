#include "remoting/tls/openssl_error.h"

#include <openssl/err.h>

namespace rocketmq::remoting {

std::string takeOpensslError() {
  const unsigned long first = ERR_peek_error();
  ERR_clear_error();
  if (first == 0) {
    return "unknown error";
  }
  if (const char* const reason = ERR_reason_error_string(first)) {
    return reason;
  }
  return "error " + std::to_string(first);
}

}  // namespace rocketmq::remoting
