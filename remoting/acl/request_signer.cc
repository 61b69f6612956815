#include "remoting/acl/request_signer.h"

namespace rocketmq::remoting {

Status SessionCredentials::check() const {
  if (access_key.empty() != secret_key.empty()) {
    return Status::invalidArgument(access_key.empty()
                                       ? "there is a secret key without an access key: set both"
                                       : "there is an access key without a secret key: set both");
  }
  return Status::ok();
}

std::shared_ptr<const RequestSigner> RequestSigner::of(const SessionCredentials& credentials) {
  if (credentials.empty()) {
    return nullptr;
  }
  return std::shared_ptr<const RequestSigner>(new RequestSigner(credentials));
}

RequestSigner::RequestSigner(const SessionCredentials& credentials)
    : access_key_(credentials.access_key),
      security_token_(credentials.security_token),
      key_(credentials.secret_key) {}

void RequestSigner::sign(HeaderWriter& writer, const HeaderWriter::KeptFields& fields,
                         const Payload& body) const {
  writer.add(kAccessKeyField, access_key_);
  if (!security_token_.empty()) {
    writer.add(kSecurityTokenField, security_token_);
  }
  std::vector<std::string_view> pieces = signedValues({fields.begin(), fields.end()});
  for (const Payload::Slice& slice : body.slices()) {
    pieces.push_back(slice.bytes);
  }
  const Signature signature = key_.sign(pieces);
  writer.add(kSignatureField, {signature.data(), signature.size()});
}

}  // namespace rocketmq::remoting
