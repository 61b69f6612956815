#pragma once

// Every request that the protocol of this product knows.

#include "remoting/protocol/commands/acl_admin.h"             // IWYU pragma: export
#include "remoting/protocol/commands/broker_admin.h"          // IWYU pragma: export
#include "remoting/protocol/commands/client_membership.h"     // IWYU pragma: export
#include "remoting/protocol/commands/consume_stats.h"         // IWYU pragma: export
#include "remoting/protocol/commands/group_admin.h"           // IWYU pragma: export
#include "remoting/protocol/commands/namesrv_kv.h"            // IWYU pragma: export
#include "remoting/protocol/commands/namesrv_registration.h"  // IWYU pragma: export
#include "remoting/protocol/commands/namesrv_route.h"         // IWYU pragma: export
#include "remoting/protocol/commands/offsets.h"               // IWYU pragma: export
#include "remoting/protocol/commands/pull_message.h"          // IWYU pragma: export
#include "remoting/protocol/commands/query_message.h"         // IWYU pragma: export
#include "remoting/protocol/commands/recall_message.h"        // IWYU pragma: export
#include "remoting/protocol/commands/relay.h"                 // IWYU pragma: export
#include "remoting/protocol/commands/reply_message.h"         // IWYU pragma: export
#include "remoting/protocol/commands/send_back.h"             // IWYU pragma: export
#include "remoting/protocol/commands/send_message.h"          // IWYU pragma: export
#include "remoting/protocol/commands/slave_sync.h"            // IWYU pragma: export
#include "remoting/protocol/commands/topic_admin.h"           // IWYU pragma: export
#include "remoting/protocol/commands/transaction.h"           // IWYU pragma: export
