#pragma once

#include <memory>

#include "common/status.h"
#include "remoting/tls/tls_context.h"

namespace rocketmq::client {

/// What new connections use, after the properties tls.enable, tls.test.mode.enable, tls.client.*
/// and tls.config.file (RocketMQ: TlsSystemConfig); null: they are plain. The error says which
/// property or file to mend.
Result<std::shared_ptr<const remoting::TlsContext>> tlsOfProperties();

}  // namespace rocketmq::client
