#include <string>
#include <utility>

#include "common/excerpt.h"
#include "namesrv/handlers/handlers.h"
#include "remoting/large_answer.h"
#include "remoting/protocol/commands/namesrv_kv.h"

namespace rocketmq::namesrv {

namespace {

using remoting::Answer;
using remoting::DeleteKvConfig;
using remoting::GetKvConfig;
using remoting::GetKvConfigReply;
using remoting::GetKvListByNamespace;
using remoting::Lane;
using remoting::NoFields;
using remoting::PutKvConfig;
using remoting::RequestContext;
using remoting::ResponseCode;

Answer<NoFields> answerOf(const Status& status) {
  return status.isOk() ? Answer<NoFields>() : Answer<NoFields>(status);
}

Answer<GetKvConfigReply> getValue(const KvTable& kv_table, const GetKvConfig& request) {
  Answer<GetKvConfigReply> answer(
      GetKvConfigReply{.value = kv_table.get(request.name_space, request.key)});
  if (!answer.header->value) {
    answer.code = ResponseCode::kQueryNotFound;
    answer.remark = "No config item, Namespace: " + excerpt(request.name_space) +
                    " Key: " + excerpt(request.key);
  }
  return answer;
}

Answer<NoFields> listNamespace(const KvTable& kv_table, const GetKvListByNamespace& request) {
  const auto text = kv_table.listBody(request.name_space);
  if (text == nullptr) {
    return {ResponseCode::kQueryNotFound,
            "No config item, Namespace: " + excerpt(request.name_space)};
  }
  remoting::Payload body;
  body.add(*text, text);
  return Answer<NoFields>::ofBody(std::move(body));
}

}  // namespace

void addKvHandlers(remoting::Router& router, KvTable& kv_table) {
  router.handle<GetKvConfig>(
      {}, remoting::largeAnswer([&](const GetKvConfig& request, const RequestContext&) {
        return getValue(kv_table, request);
      }));
  router.handle<GetKvListByNamespace>(
      {}, remoting::largeAnswer([&](const GetKvListByNamespace& request, const RequestContext&) {
        return listNamespace(kv_table, request);
      }));
  // These write a file.
  router.handle<PutKvConfig>(
      {.lane = Lane::kAdmin}, [&](const PutKvConfig& request, const RequestContext&) {
        return answerOf(kv_table.put(request.name_space, request.key, request.value));
      });
  router.handle<DeleteKvConfig>({.lane = Lane::kAdmin},
                                [&](const DeleteKvConfig& request, const RequestContext&) {
                                  return answerOf(kv_table.remove(request.name_space, request.key));
                                });
}

}  // namespace rocketmq::namesrv
