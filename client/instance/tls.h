#pragma once

#include <memory>

#include "common/status.h"
#include "remoting/tls/tls_context.h"
#include "rocketmq/client_config.h"

namespace rocketmq::client {

/// What new connections use, after use_tls and tls of `config` and, behind them, the properties
/// tls.enable, tls.test.mode.enable, tls.client.* and tls.config.file (RocketMQ: TlsSystemConfig);
/// null: they are plain. The error says which field, property or file to mend.
Result<std::shared_ptr<const remoting::TlsContext>> tlsOf(const ClientConfig& config);

}  // namespace rocketmq::client
