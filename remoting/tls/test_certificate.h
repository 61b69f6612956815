#pragma once

#include <openssl/types.h>

#include <memory>

#include "common/status.h"

namespace rocketmq::remoting {

/// A self-signed certificate on a P-256 key, for servers in test mode (RocketMQ: netty's
/// SelfSignedCertificate). Valid from yesterday on for a year.
struct TestCertificate {
  struct Free {
    void operator()(EVP_PKEY* key) const;
    void operator()(X509* certificate) const;
  };

  std::unique_ptr<EVP_PKEY, Free> key;
  std::unique_ptr<X509, Free> certificate;

  static Result<TestCertificate> make();
};

}  // namespace rocketmq::remoting
