#pragma once

#include <string>

#include "client/admin/admin_client.h"
#include "common/status.h"

namespace rocketmq::mqadmin {

/// Prints one message in full, as queryMsgById does: `%-20s %s` lines with "OffsetID:" first when
/// `with_offset_id`. The body goes to a file below /tmp/rocketmq/msgbodys, whose path is printed.
Status printMessage(const MessageExt& message, bool with_offset_id);

/// Prints which groups have consumed a message: one MessageTrack line per group, or "WARN: No
/// Consumer".
Status printTrack(client::AdminClient& admin, const MessageExt& message);

/// "MSGID: ... MessageExt [...] BODY: ...", one line, as printMsg does.
std::string describeWithBody(const MessageExt& message, bool with_body);

}  // namespace rocketmq::mqadmin
