#pragma once

#include <string>

#include "client/admin/admin_client.h"
#include "common/status.h"

namespace rocketmq::mqadmin {

/// Prints one message in full, as queryMsgById does: `%-20s %s` lines with "OffsetID:" first when
/// `with_offset_id`. The body goes to a file below /tmp/rocketmq/msgbodys, whose path is printed;
/// `with_body`: it is printed as well.
Status printMessage(const MessageExt& message, bool with_offset_id, bool with_body = false);

/// Prints which groups have consumed a message: one MessageTrack line per group, or "WARN: No
/// Consumer".
Status printTrack(client::AdminClient& admin, const MessageExt& message);

/// "MSGID: ... MessageExt [...] BODY: ...", one line, as printMsg does.
std::string describeWithBody(const MessageExt& message, bool with_body);

}  // namespace rocketmq::mqadmin
