#include "broker/acl/acl_handlers.h"

#include <string>

#include "broker/handler_options.h"
#include "common/json/encode.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::ResponseCode;

constexpr const char* kDisabled =
    "The broker does not enable acl: set aclEnable=true and restart it";

/// Success, or RocketMQ's code for a change that failed.
Answer<NoFields> changeAnswer(const Status& status, ResponseCode failure) {
  return status.isOk() ? Answer<NoFields>(NoFields{}) : Answer<NoFields>(failure, status.message());
}

Answer<remoting::GetBrokerClusterAclInfoReply> info(const AclManager& acl,
                                                    const BrokerSettings& settings) {
  return remoting::GetBrokerClusterAclInfoReply{
      .version = json::encode(acl.defaultVersion(), json::Style::kStandard),
      .all_acl_file_version = json::encode(acl.versions(), json::Style::kStandard),
      .broker_name = settings.broker_name,
      .broker_addr = settings.advertisedAddress(),
      .cluster_name = settings.cluster_name};
}

template <remoting::Command C>
void refuse(remoting::Router& router, ResponseCode code) {
  router.handle<C>(
      {}, [code](const auto&, const auto&) { return Answer<typename C::Reply>(code, kDisabled); });
}

}  // namespace

void registerAclHandlers(remoting::Router& router, AclManager* acl, const LiveSettings& settings) {
  using remoting::DeleteAclConfig;
  using remoting::GetBrokerClusterAclConfig;
  using remoting::GetBrokerClusterAclInfo;
  using remoting::UpdateAndCreateAclConfig;
  using remoting::UpdateGlobalWhiteAddrsConfig;
  constexpr ResponseCode kUpdateFailed = ResponseCode::kUpdateAndCreateAclConfigFailed;
  constexpr ResponseCode kDeleteFailed = ResponseCode::kDeleteAclConfigFailed;
  constexpr ResponseCode kAddressesFailed = ResponseCode::kUpdateGlobalWhiteAddrsConfigFailed;
  if (acl == nullptr) {
    refuse<UpdateAndCreateAclConfig>(router, kUpdateFailed);
    refuse<DeleteAclConfig>(router, kDeleteFailed);
    refuse<UpdateGlobalWhiteAddrsConfig>(router, kAddressesFailed);
    refuse<GetBrokerClusterAclInfo>(router, ResponseCode::kSystemError);
    refuse<GetBrokerClusterAclConfig>(router, ResponseCode::kSystemError);
    return;
  }
  router.setGuard([acl](const remoting::RequestContext& context) { return acl->guard(context); });
  router.handle<UpdateAndCreateAclConfig>(kAdmin, [acl](const auto& request, const auto&) {
    return changeAnswer(acl->updateAccount(request), kUpdateFailed);
  });
  router.handle<DeleteAclConfig>(kAdmin, [acl](const auto& request, const auto&) {
    return changeAnswer(acl->deleteAccount(request.access_key), kDeleteFailed);
  });
  router.handle<UpdateGlobalWhiteAddrsConfig>(kAdmin, [acl](const auto& request, const auto&) {
    return changeAnswer(acl->updateGlobalWhiteAddresses(request), kAddressesFailed);
  });
  router.handle<GetBrokerClusterAclInfo>(kAdminRead, [acl, &settings](const auto&, const auto&) {
    return info(*acl, *settings.load());
  });
  router.handle<GetBrokerClusterAclConfig>(kAdminRead, [acl](const auto&, const auto&) {
    return Answer<NoFields>::ofBody(json::encode(acl->config()));
  });
}

}  // namespace rocketmq::broker
