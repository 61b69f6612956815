#pragma once

#include "broker/acl/acl_manager.h"
#include "broker/settings.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// Has every request looked at by `acl` before it is handled, and serves the changes of it, on the
/// admin lane: UPDATE_AND_CREATE_ACL_CONFIG (50), DELETE_ACL_CONFIG (51),
/// GET_BROKER_CLUSTER_ACL_INFO (52), UPDATE_GLOBAL_WHITE_ADDRS_CONFIG (53),
/// GET_BROKER_CLUSTER_ACL_CONFIG (54). Null for a broker without ACL, which refuses those. `acl`
/// and `settings` are borrowed.
void registerAclHandlers(remoting::Router& router, AclManager* acl, const LiveSettings& settings);

}  // namespace rocketmq::broker
