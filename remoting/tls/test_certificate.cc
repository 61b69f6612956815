#include "remoting/tls/test_certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <utility>

#include "remoting/tls/openssl_error.h"

namespace rocketmq::remoting {
namespace {

constexpr long kDaySeconds = 24L * 60 * 60;

bool describe(X509* certificate, EVP_PKEY* key) {
  constexpr long kVersion3 = 2;
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const common_name = reinterpret_cast<const unsigned char*>("rocketmq-test");
  return X509_set_version(certificate, kVersion3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kDaySeconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * kDaySeconds) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

void TestCertificate::Free::operator()(EVP_PKEY* owned) const { EVP_PKEY_free(owned); }

void TestCertificate::Free::operator()(X509* owned) const { X509_free(owned); }

Result<TestCertificate> TestCertificate::make() {
  TestCertificate made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  if (made.key == nullptr || made.certificate == nullptr ||
      !describe(made.certificate.get(), made.key.get())) {
    return Status::internal("cannot make a certificate for TLS's test mode: " + takeOpensslError());
  }
  return made;
}

}  // namespace rocketmq::remoting
