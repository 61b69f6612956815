#include "tests/support/certificates.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace rocketmq::test {
namespace {

constexpr const char* kNewKey = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

void openssl(const std::string& arguments) {
  ASSERT_EQ(std::system(("openssl " + arguments + " >/dev/null 2>&1").c_str()), 0) << arguments;
}

}  // namespace

void Certificates::makeAuthority(const std::string& name) const {
  openssl(std::string("req -x509") + kNewKey + " -days 2 -subj /CN=" + name + " -keyout " +
          key(name) + " -out " + pem(name));
}

void Certificates::makeCertificate(const std::string& name, const std::string& authority,
                                   int days) const {
  const std::string request = folder_ + "/" + name + ".csr";
  openssl(std::string("req") + kNewKey + " -subj /CN=" + name + " -keyout " + key(name) + " -out " +
          request);
  openssl("x509 -req -days " + std::to_string(days) + " -in " + request + " -CA " + pem(authority) +
          " -CAkey " + key(authority) + " -CAcreateserial -out " + pem(name));
}

}  // namespace rocketmq::test
