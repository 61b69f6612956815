#pragma once

#include <string>

#include "remoting/acl/signature.h"
#include "remoting/payload.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::remoting {

/// Who signs requests (RocketMQ: SessionCredentials).
struct SessionCredentials {
  std::string access_key;
  std::string secret_key;      ///< Never sent, never printed.
  std::string security_token;  ///< Sent and signed when it is not empty.

  /// InvalidArgument when one of the keys is there without the other.
  Status check() const;
  /// Nothing is to be signed.
  bool empty() const { return access_key.empty() && secret_key.empty(); }
};

/// Signs the requests of a client (RocketMQ: AclClientRPCHook).
///
/// Threads: any.
class RequestSigner {
 public:
  /// Null when there is nothing to sign with.
  static std::shared_ptr<const RequestSigner> of(const SessionCredentials& credentials);

  /// Adds AccessKey, SecurityToken and Signature to a header whose other fields have been added,
  /// and kept in `fields`, see HeaderWriter::keepFields().
  void sign(HeaderWriter& writer, const HeaderWriter::KeptFields& fields,
            const Payload& body) const;

 private:
  explicit RequestSigner(const SessionCredentials& credentials);

  const std::string access_key_;
  const std::string security_token_;
  const SigningKey key_;
};

}  // namespace rocketmq::remoting
