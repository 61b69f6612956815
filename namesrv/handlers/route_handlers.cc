#include <string>
#include <string_view>
#include <utility>

#include "common/excerpt.h"
#include "common/text.h"
#include "namesrv/handlers/handlers.h"
#include "remoting/large_answer.h"
#include "remoting/protocol/codes.h"
#include "remoting/protocol/commands/namesrv_route.h"

namespace rocketmq::namesrv {

namespace {

using remoting::Answer;
using remoting::GetRouteInfoByTopic;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

/// Strict JSON for peers that can read it. Older ones expect fastjson's way to write a map.
json::Style styleFor(const GetRouteInfoByTopic& request, const RequestContext& context) {
  const bool strict = context.command.version >= remoting::kVersion4_9_4 ||
                      request.accept_standard_json_only.value_or(false);
  return strict ? json::Style::kStrict : json::Style::kFastjson;
}

/// The zone a client wants its brokers to be in; empty: any.
std::string_view zoneOf(const RequestContext& context) {
  const std::string_view* mode = context.command.ext_fields.find("__ZONE_MODE");
  const std::string_view* name = context.command.ext_fields.find("__ZONE_NAME");
  const bool wanted = mode != nullptr && name != nullptr && equalsIgnoreCase(*mode, "true");
  return wanted ? *name : std::string_view();
}

Answer<NoFields> notFound(std::string_view topic) {
  std::string remark = "No topic route info in name server for the topic: ";
  remark += excerpt(topic);
  remark += "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.";
  return {ResponseCode::kTopicNotExist, std::move(remark)};
}

/// Answers without copying: the body is the route's own text, or one made for it.
Answer<NoFields> answerWith(TopicRoutePtr route, json::Style style) {
  remoting::Payload body;
  TopicRoute::Text text = route->json(style);
  if (text.made != nullptr) {
    body.add(text.view, std::move(text.made));
  } else {
    body.add(text.view, std::move(route));
  }
  return Answer<NoFields>::ofBody(std::move(body));
}

}  // namespace

void addRouteHandlers(remoting::Router& router, const Routes& routes, const KvTable& kv_table,
                      const LiveSettings& settings, const Clock& clock, RouteTime not_before) {
  router.handle<GetRouteInfoByTopic>(
      {}, remoting::largeAnswer([&, not_before](const GetRouteInfoByTopic& request,
                                                const RequestContext& context) -> Answer<NoFields> {
        if (clock.monotonic() < not_before) {
          return {ResponseCode::kSystemError, "name server not ready"};
        }
        TopicRoutePtr route = routes.find(request.topic);
        if (const std::string_view zone = zoneOf(context); route != nullptr && !zone.empty()) {
          route = route->inZone(zone);
        }
        if (route == nullptr) {
          return notFound(request.topic);
        }
        const json::Style style = styleFor(request, context);
        if (settings.orderMessage()) {
          if (const auto order = kv_table.get(kOrderNamespace, request.topic)) {
            return Answer<NoFields>::ofBody(route->jsonWithOrder(style, *order));
          }
        }
        return answerWith(std::move(route), style);
      }));
}

}  // namespace rocketmq::namesrv
