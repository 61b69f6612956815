#include "broker/registrar/registration_body.h"

#include <string_view>
#include <utility>

#include "broker/registrar/single_topics.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::broker {
namespace {

/// `form`: compressed, or unpacked.
Status tooLong(size_t topics, size_t bytes, std::string_view form, size_t bytes_max) {
  return Status::unsupported(
      "the registration of " + std::to_string(topics) + " topics is " + std::to_string(bytes) +
      " bytes long, " + std::string(form) + ", and name servers take " + std::to_string(bytes_max) +
      ": clients will not find this broker until topics are deleted (mqadmin deleteTopic) or made "
      "at other brokers instead");
}

}  // namespace

Result<RegistrationBody> RegistrationBody::encode(const model::TopicConfigTable& topics,
                                                  int32_t permission, bool compress,
                                                  const Limits& limits) {
  remoting::RegisterBrokerBody body;
  body.topic_config_serialize_wrapper = topics;
  auto& table = body.topic_config_serialize_wrapper.topic_config_table;
  for (auto& [name, config] : table) {
    config.perm = permittedTo(config.perm, permission);
  }
  RegistrationBody encoded;
  if (!compress) {
    ROCKETMQ_ASSIGN_OR_RETURN(encoded.bytes, remoting::encodeRegisterBrokerBody(
                                                 body, false, remoting::kAnnouncedVersion));
    if (encoded.bytes.size() <= limits.plain_bytes_max) {
      return encoded;
    }
  }
  for (auto& [name, config] : table) {
    config.attributes.reset();
  }
  const std::string unpacked =
      remoting::unpackedRegisterBrokerBody(body, remoting::kAnnouncedVersion);
  if (unpacked.size() > limits.unpacked_bytes_max) {
    return tooLong(table.size(), unpacked.size(), "unpacked", limits.unpacked_bytes_max);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(encoded.bytes, remoting::packRegisterBrokerBody(unpacked));
  encoded.compressed = true;
  if (encoded.bytes.size() > limits.bytes_max) {
    return tooLong(table.size(), encoded.bytes.size(), "compressed", limits.bytes_max);
  }
  return encoded;
}

}  // namespace rocketmq::broker
