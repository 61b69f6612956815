#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "remoting/acl/request_signer.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::broker {

/// A request as it comes off the wire, signed with `credentials` when there are any.
class SignedRequest {
 public:
  using Fields = std::map<std::string, std::string>;

  SignedRequest(remoting::RequestCode code, const Fields& fields,
                const remoting::SessionCredentials& credentials, const std::string& body = {}) {
    remoting::HeaderWriter writer(frame_, {.code = static_cast<int32_t>(code), .remark = {}});
    remoting::HeaderWriter::KeptFields kept;
    writer.keepFields(kept);
    for (const auto& [name, value] : fields) {
      writer.add(name, value);
    }
    if (const auto signer = remoting::RequestSigner::of(credentials)) {
      signer->sign(writer, kept, remoting::Payload(body));
    }
    writer.finish(body.size());
    frame_ += body;
    ROCKETMQ_CHECK(remoting::decodeFrame(frame_.data(), frame_.size(), view_).isOk());
  }
  SignedRequest(const SignedRequest&) = delete;
  SignedRequest& operator=(const SignedRequest&) = delete;

  const remoting::CommandView& view() const { return view_; }

 private:
  std::string frame_;
  remoting::CommandView view_;
};

}  // namespace rocketmq::broker
