#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// A name server's texts by namespace and key, and its settings. Admin tools send these.

/// Stores a text. (RocketMQ: PutKVConfigRequestHeader)
struct PutKvConfig {
  static constexpr RequestCode kCode = RequestCode::kPutKvConfig;
  using Reply = NoFields;

  std::string name_space;
  std::string key;
  std::string value;

  static constexpr auto fields() {
    return std::tuple{required("namespace", &PutKvConfig::name_space),
                      required("key", &PutKvConfig::key), required("value", &PutKvConfig::value)};
  }
};

/// The text asked for; QUERY_NOT_FOUND comes without it. (RocketMQ: GetKVConfigResponseHeader)
struct GetKvConfigReply {
  std::optional<std::string> value{};

  static constexpr auto fields() { return std::tuple{optional("value", &GetKvConfigReply::value)}; }
};

/// Asks for a text; clients ask for the order of a topic's queues this way.
/// (RocketMQ: GetKVConfigRequestHeader)
struct GetKvConfig {
  static constexpr RequestCode kCode = RequestCode::kGetKvConfig;
  using Reply = GetKvConfigReply;

  std::string name_space;
  std::string key;

  static constexpr auto fields() {
    return std::tuple{required("namespace", &GetKvConfig::name_space),
                      required("key", &GetKvConfig::key)};
  }
};

/// Removes a text; removing what is not there succeeds. (RocketMQ: DeleteKVConfigRequestHeader)
struct DeleteKvConfig {
  static constexpr RequestCode kCode = RequestCode::kDeleteKvConfig;
  using Reply = NoFields;

  std::string name_space;
  std::string key;

  static constexpr auto fields() {
    return std::tuple{required("namespace", &DeleteKvConfig::name_space),
                      required("key", &DeleteKvConfig::key)};
  }
};

/// Asks for all texts of a namespace; the answer's body is KVTable.
/// (RocketMQ: GetKVListByNamespaceRequestHeader)
struct GetKvListByNamespace {
  static constexpr RequestCode kCode = RequestCode::kGetKvListByNamespace;
  using Reply = NoFields;

  std::string name_space;

  static constexpr auto fields() {
    return std::tuple{required("namespace", &GetKvListByNamespace::name_space)};
  }
};

/// Changes settings of a running name server; the body is properties text.
/// (RocketMQ: UPDATE_NAMESRV_CONFIG)
struct UpdateNamesrvConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUpdateNamesrvConfig;
  using Reply = NoFields;
};

/// Asks for all settings of a name server; the answer's body is properties text.
/// (RocketMQ: GET_NAMESRV_CONFIG)
struct GetNamesrvConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetNamesrvConfig;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting
