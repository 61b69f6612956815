#include "remoting/acl/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/per_thread.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kSha1Bytes = 20;
constexpr size_t kSha1BlockBytes = 64;
using Sha1 = std::array<unsigned char, kSha1Bytes>;

void update(EVP_MD_CTX* digest, std::string_view bytes) {
  ROCKETMQ_CHECK(EVP_DigestUpdate(digest, bytes.data(), bytes.size()) == 1);
}

Sha1 finish(EVP_MD_CTX* digest) {
  Sha1 hash{};
  ROCKETMQ_CHECK(EVP_DigestFinal_ex(digest, hash.data(), nullptr) == 1);
  return hash;
}

std::string_view bytesOf(const Sha1& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

/// The key filled up with zeros to a block, each byte changed by `pad`.
std::array<char, kSha1BlockBytes> padded(std::string_view key, char pad) {
  std::array<char, kSha1BlockBytes> block{};
  std::copy(key.begin(), key.end(), block.begin());
  for (char& byte : block) {
    byte = static_cast<char>(byte ^ pad);
  }
  return block;
}

Sha1 sha1(std::string_view bytes) {
  Sha1 hash{};
  ROCKETMQ_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha1(), nullptr) == 1);
  return hash;
}

/// Fields that clients add when they have signed.
bool isNeverSigned(std::string_view name) {
  return name == kSignatureField || name == "__ZONE_NAME" || name == "__ZONE_MODE";
}

bool isUniqueKeyFlag(std::string_view name) { return name == "_UNIQUE_KEY_QUERY"; }

bool matches(std::vector<ExtFields::Entry> fields, std::string_view body, const SigningKey& key,
             std::string_view signature) {
  std::vector<std::string_view> pieces = signedValues(std::move(fields));
  pieces.push_back(body);
  const Signature expected = key.sign(pieces);
  return signature.size() == expected.size() &&
         CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace

void SigningKey::FreeDigest::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

SigningKey::Digest SigningKey::begin(std::string_view padded_key) {
  Digest digest(EVP_MD_CTX_new());
  ROCKETMQ_CHECK(digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha1(), nullptr) == 1);
  update(digest.get(), padded_key);
  return digest;
}

SigningKey::SigningKey(std::string_view secret_key) {
  Sha1 hashed{};
  std::string_view key = secret_key;
  if (key.size() > kSha1BlockBytes) {
    hashed = sha1(key);
    key = bytesOf(hashed);
  }
  for (const auto& [pad, digest] : {std::pair{'\x36', &inner_}, std::pair{'\x5C', &outer_}}) {
    std::array<char, kSha1BlockBytes> block = padded(key, pad);
    *digest = begin({block.data(), block.size()});
    OPENSSL_cleanse(block.data(), block.size());
  }
  OPENSSL_cleanse(hashed.data(), hashed.size());
}

Signature SigningKey::sign(std::span<const std::string_view> pieces) const {
  struct Scratch {
    Digest digest{EVP_MD_CTX_new()};
  };
  // Copied into rather than made anew: a context is several allocations.
  const Scratch* const kept = perThread<Scratch>();
  const Digest own(kept == nullptr ? EVP_MD_CTX_new() : nullptr);
  EVP_MD_CTX* const digest = kept == nullptr ? own.get() : kept->digest.get();
  ROCKETMQ_CHECK(digest != nullptr && EVP_MD_CTX_copy_ex(digest, inner_.get()) == 1);
  for (const std::string_view piece : pieces) {
    update(digest, piece);
  }
  const Sha1 inner = finish(digest);
  ROCKETMQ_CHECK(EVP_MD_CTX_copy_ex(digest, outer_.get()) == 1);
  update(digest, bytesOf(inner));
  const Sha1 hash = finish(digest);
  std::array<unsigned char, std::tuple_size_v<Signature> + 1> text{};  // And a zero byte.
  EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
  Signature signature{};
  std::copy_n(text.begin(), signature.size(), signature.begin());
  return signature;
}

std::vector<std::string_view> signedValues(std::vector<ExtFields::Entry> fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> values;
  values.reserve(fields.size() + 1);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i + 1 == fields.size() || fields[i].first != fields[i + 1].first) {
      values.push_back(fields[i].second);
    }
  }
  return values;
}

bool isCredentialField(std::string_view name) {
  return name == kAccessKeyField || name == kSignatureField || name == kSecurityTokenField ||
         name == kOnsChannelField;
}

bool isSignedBy(const CommandView& request, const SigningKey& key) {
  const std::string_view* const signature = request.ext_fields.find(kSignatureField);
  if (signature == nullptr) {
    return false;
  }
  std::vector<ExtFields::Entry> fields;
  fields.reserve(request.ext_fields.size());
  std::copy_if(request.ext_fields.begin(), request.ext_fields.end(), std::back_inserter(fields),
               [](const auto& field) { return !isNeverSigned(field.first); });
  if (matches(fields, request.body, key, *signature)) {
    return true;
  }
  // What has a body is no query, and is not hashed twice.
  return request.body.empty() &&
         std::erase_if(fields, [](const auto& field) { return isUniqueKeyFlag(field.first); }) >
             0 &&
         matches(fields, {}, key, *signature);
}

}  // namespace rocketmq::remoting
