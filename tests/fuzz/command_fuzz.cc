#include <string>

#include "common/check.h"
#include "remoting/acl/signature.h"
#include "remoting/protocol/command_list.h"
#include "remoting/protocol/field_codec.h"
#include "tests/fuzz/fuzz_target.h"

// The typed fields of every request and of its answer, and the signature among them. The input is
// the number of a command, then names and values, each ended by a zero byte.

namespace rocketmq::remoting {
namespace {

template <Described T>
std::string encoded(const T& header, NameStyle style) {
  std::string frame;
  HeaderWriter writer(frame, {});
  encodeFields(header, style, writer);
  writer.finish(0);
  return frame;
}

/// What was decoded and encoded once stays the same ever after.
template <Described T>
void checkFields(const ExtFields& fields, NameStyle style) {
  T header{};
  if (!decodeFields(fields, style, header).isOk()) {
    return;
  }
  const std::string once = encoded(header, style);
  std::string bytes = once;
  CommandView command;
  ROCKETMQ_CHECK(decodeFrame(bytes.data(), bytes.size(), command).isOk());
  T again{};
  ROCKETMQ_CHECK(decodeFields(command.ext_fields, style, again).isOk());
  ROCKETMQ_CHECK(encoded(again, style) == once);
}

/// A request is signed by what its client signed, whatever is among its fields.
void checkSignature(const ExtFields& fields) {
  static const SigningKey key("12345678");
  CommandView request;
  for (const auto& [name, value] : fields) {
    if (name != kSignatureField && !request.ext_fields.isFull()) {
      request.ext_fields.add(name, value);
    }
  }
  ROCKETMQ_CHECK(!isSignedBy(request, key));
  const Signature signature =
      key.sign(signedValues({request.ext_fields.begin(), request.ext_fields.end()}));
  if (!request.ext_fields.isFull()) {
    request.ext_fields.add(kSignatureField, {signature.data(), signature.size()});
    ROCKETMQ_CHECK(isSignedBy(request, key));
  }
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(command, input) {
  fuzz::Input parts(input);
  const size_t wanted = parts.byte();
  ExtFields fields;
  while (!parts.empty()) {
    const std::string_view name = parts.text();
    fields.add(name, parts.text());
  }
  checkSignature(fields);
  size_t number = 0;
  forEachType(AllCommands{}, [&](auto tag) {
    using C = typename decltype(tag)::Type;
    if (number++ == wanted) {
      checkFields<C>(fields, nameStyleOf<C>());
      checkFields<typename C::Reply>(fields, NameStyle::kLong);
    }
  });
}

}  // namespace rocketmq::remoting
