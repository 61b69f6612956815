#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/config_tables.h"
#include "common/status.h"

namespace rocketmq::remoting {

/// Body of REGISTER_BROKER: all topics of a broker. Decode and encode it with the functions below,
/// since its form depends on the header and on the sender's version.
struct RegisterBrokerBody {
  std::vector<std::string> filter_server_list;
  model::TopicConfigTable topic_config_serialize_wrapper;

  friend bool operator==(const RegisterBrokerBody&, const RegisterBrokerBody&) = default;

  static constexpr auto fields() {
    using R = RegisterBrokerBody;
    return std::tuple{optional("filterServerList", &R::filter_server_list),
                      optional("topicConfigSerializeWrapper", &R::topic_config_serialize_wrapper)};
  }
};

/// The most that a compressed body may unpack to; some 500,000 topics.
inline constexpr size_t kRegisterBodyBytesMax = size_t{32} << 20;

/// What the compressed form unpacks to.
std::string unpackedRegisterBrokerBody(const RegisterBrokerBody& body, int32_t version);
/// The compressed form of that.
Result<std::string> packRegisterBrokerBody(std::string_view unpacked);

/// JSON, or the zlib form when `compressed`. The latter loses order and topicSysFlag of the topics,
/// as in RocketMQ. `version` is the one in the request's header: from kVersion5_0_0 on the
/// compressed form ends with an (empty) section of static topics.
Result<std::string> encodeRegisterBrokerBody(const RegisterBrokerBody& body, bool compressed,
                                             int32_t version);

/// Undoes the above for a request whose header has these values. Senders before kVersion3_0_11
/// send only the topic table. Static topics of 5.x are skipped. Corruption: the bytes are not what
/// the header says. InvalidArgument: they unpack to more than kRegisterBodyBytesMax.
Result<RegisterBrokerBody> decodeRegisterBrokerBody(std::string_view bytes, bool compressed,
                                                    int32_t version);

}  // namespace rocketmq::remoting
