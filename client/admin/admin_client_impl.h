#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "client/admin/admin_client.h"
#include "client/instance/name_servers.h"
#include "remoting/io_pool.h"

namespace rocketmq::client {

/// The admin client's own thread and connections; bodies of AdminClient only.
class AdminClient::Impl {
 public:
  Impl(const Options& options, std::vector<std::string> name_server_addresses,
       Status name_servers_found, std::shared_ptr<const remoting::TlsContext> tls)
      : timeout(options.timeout),
        has_name_servers(std::move(name_servers_found)),
        client(pool, nullptr,
               {.connect_timeout = std::min(options.timeout, std::chrono::milliseconds(3000)),
                .language = options.language,
                .serialize_type = remoting::SerializeType::kJson,
                .limits = {},
                .tls = std::move(tls),
                .signer = remoting::RequestSigner::of(options.credentials),
                .on_closed = {}}) {
    name_servers->set(std::move(name_server_addresses));
  }
  ~Impl() { client.stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::chrono::milliseconds timeout;
  /// Else what to do for it.
  const Status has_name_servers;
  const std::shared_ptr<NameServers> name_servers = std::make_shared<NameServers>();
  remoting::IoPool pool{"rmq-admin-io", 1};
  remoting::Client client;
};

template <remoting::Command C>
remoting::CallResult<C> AdminClient::exchangeWithNameServer(C request) {
  ROCKETMQ_RETURN_IF_ERROR(impl_->has_name_servers);
  auto promise = std::make_shared<std::promise<std::pair<remoting::CallResult<C>, std::string>>>();
  auto future = promise->get_future();
  NameServers::call(impl_->name_servers, impl_->client, std::move(request), deadline(),
                    [promise](remoting::CallResult<C> result, const std::string& address) {
                      promise->set_value({std::move(result), address});
                    });
  auto [result, address] = future.get();
  if (!result.ok()) {
    return result.status().withContext("name server " + address);
  }
  return std::move(result);
}

template <class T, remoting::Command C>
Result<T> AdminClient::askNameServer(C request) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto reply, accepted(exchangeWithNameServer(std::move(request))));
  return decodeBody<T>(reply.body, "a name server");
}

template <remoting::Command C>
Status AdminClient::tellNameServers(const C& request, const std::string& body) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto name_servers, nameServers());
  Status failure;
  for (const std::string& address : name_servers) {
    const Status told = tell(address, request, body).withContext("name server");
    if (failure.isOk()) {
      failure = told;
    } else if (!told.isOk()) {
      failure = Status(failure.code(), failure.message() + "; " + told.message());
    }
  }
  return failure;
}

}  // namespace rocketmq::client
