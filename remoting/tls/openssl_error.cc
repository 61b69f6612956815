#include "remoting/tls/openssl_error.h"

#include <openssl/err.h>

#include <system_error>

namespace rocketmq::remoting {

std::string takeOpensslError() {
  const unsigned long first = ERR_peek_error();
  ERR_clear_error();
  if (first == 0) {
    return "unknown error";
  }
  if (ERR_SYSTEM_ERROR(first)) {
    return std::error_code(ERR_GET_REASON(first), std::system_category()).message();
  }
  if (const char* const reason = ERR_reason_error_string(first)) {
    return reason;
  }
  return "error " + std::to_string(first);
}

}  // namespace rocketmq::remoting
