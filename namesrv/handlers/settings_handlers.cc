#include <string>

#include "common/log.h"
#include "common/properties_file.h"
#include "namesrv/handlers/handlers.h"
#include "remoting/protocol/commands/namesrv_kv.h"

namespace rocketmq::namesrv {

namespace {

using remoting::Answer;
using remoting::GetNamesrvConfig;
using remoting::Lane;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;
using remoting::UpdateNamesrvConfig;

Answer<NoFields> update(LiveSettings& settings, const RequestContext& context) {
  const auto outcome = settings.update(context.body());
  if (!outcome.ok()) {
    return outcome.status();
  }
  if (outcome->refused_key) {
    return {ResponseCode::kNoPermission, "Can not update config in black list."};
  }
  const std::string peer = context.connection->remote().toString();
  for (const std::string& key : outcome->applied) {
    log::info("{} set {}", peer, key);
  }
  for (const std::string& key : outcome->at_restart) {
    log::info("{} set {}, which takes effect at the next start", peer, key);
  }
  return {};
}

}  // namespace

void addSettingsHandlers(remoting::Router& router, LiveSettings& settings) {
  // It writes a file.
  router.handle<UpdateNamesrvConfig>(
      {.lane = Lane::kAdmin, .body_max = 1u << 20},
      [&](const UpdateNamesrvConfig&, const RequestContext& context) {
        return update(settings, context);
      });
  router.handle<GetNamesrvConfig>(
      {.lane = Lane::kAdmin, .only_reads = true},
      [&](const GetNamesrvConfig&, const RequestContext&) {
        return Answer<NoFields>::ofBody(formatPropertiesFile(showSettings(*settings.current())));
      });
}

}  // namespace rocketmq::namesrv
