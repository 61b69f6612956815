#pragma once

#include <openssl/types.h>

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "remoting/protocol/command.h"

namespace rocketmq::remoting {

// How a request says who sends it (RocketMQ: SessionCredentials, AclUtils, AclSigner): its
// extFields have an AccessKey and a Signature, which is the HMAC-SHA1, with the secret key that
// belongs to the access key, of the values of all other fields in the order of the fields' names,
// and of the body.

inline constexpr std::string_view kAccessKeyField = "AccessKey";
inline constexpr std::string_view kSecurityTokenField = "SecurityToken";
inline constexpr std::string_view kSignatureField = "Signature";
/// C++ clients say with it who gave them their keys.
inline constexpr std::string_view kOnsChannelField = "OnsChannel";

/// Whether a field says who sends a request. It is for the receiver alone: whoever else had it
/// could ask for other things with it, since the request's code is not signed.
bool isCredentialField(std::string_view name);

/// 20 bytes in Base64.
using Signature = std::array<char, 28>;

/// A secret key, ready for use: what it costs to prepare it is paid once.
///
/// Threads: any.
class SigningKey {
 public:
  explicit SigningKey(std::string_view secret_key);

  /// The signature of the pieces, one after the other.
  Signature sign(std::span<const std::string_view> pieces) const;

 private:
  struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const;
  };
  using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

  static Digest begin(std::string_view padded_key);

  // SHA-1 after the padded key, for the inner and the outer hash of the HMAC.
  Digest inner_;
  Digest outer_;
};

/// Puts fields into the order in which they are signed and keeps their values; of fields with one
/// name the last counts.
std::vector<std::string_view> signedValues(std::vector<ExtFields::Entry> fields);

/// Whether the request's Signature was made with `key`. The zone fields, which clients add after
/// it, do not count. _UNIQUE_KEY_QUERY, which not all clients sign, counts or not, whichever fits,
/// where there is no body: a body is hashed once. The comparison takes as long for a wrong
/// signature as for the right one.
bool isSignedBy(const CommandView& request, const SigningKey& key);

}  // namespace rocketmq::remoting
