#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "remoting/client.h"
#include "rocketmq/client_config.h"

namespace rocketmq::client {

/// "host:port;host:port" as a list; "http://" in front of a host is left out. InvalidArgument names
/// the entry that has no host or no port that can be, or is a URL of another kind, and the list
/// when it is empty.
Result<std::vector<std::string>> parseAddressList(std::string_view text);

/// Where a client learns its name servers from.
struct NameServerSource {
  std::string addresses;  ///< As given; empty when they are fetched over HTTP.
  std::string url;        ///< To be asked with GET; empty when there are addresses.
};

/// RocketMQ's order: the setting in code, the property rocketmq.namesrv.addr, the environment
/// variable NAMESRV_ADDR, the HTTP endpoint of the property rocketmq.namesrv.domain. NotFound says
/// what to set when there is none of them.
Result<NameServerSource> findNameServerSource(const ClientConfig& config);

/// The addresses that the endpoint `url` answers with: the body's first line. Blocks up to about
/// 3 s; Io names the url and what is wrong.
Result<std::string> fetchNameServerAddresses(const std::string& url);

/// The name servers of a client: one is used until it fails, then the next (RocketMQ:
/// NettyRemotingClient.getAndCreateNameserverChannel). Threads: any.
class NameServers {
 public:
  /// Replaces the list; the server in use stays in use when it is still there.
  void set(std::vector<std::string> addresses);

  /// All addresses in the order in which they should be tried now.
  std::vector<std::string> inOrder() const;

  /// `address` did not answer: others come before it from now on.
  void reportFailure(const std::string& address);

  /// "a:9876;b:9876", for messages.
  std::string toString() const;

  /// Sends `request` to the server in use; when that cannot be reached or does not answer, to the
  /// next, and so on. `callback(CallResult<C>, const std::string& address)` gets the first answer,
  /// also a refusal, or the last failure. `self` must live as long as the client calls back.
  template <remoting::Command C, class Callback>
  static void call(std::shared_ptr<NameServers> self, remoting::Client& client, C request,
                   remoting::Deadline deadline, Callback callback);

 private:
  template <remoting::Command C, class Callback>
  struct Attempt;

  mutable Mutex mutex_;
  std::vector<std::string> addresses_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t current_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

/// One call going from server to server. Each gets its share of the time that is left, so that one
/// that swallows requests cannot use it all up.
template <remoting::Command C, class Callback>
struct NameServers::Attempt : std::enable_shared_from_this<Attempt<C, Callback>> {
  std::shared_ptr<NameServers> servers;
  remoting::Client& client;
  C request;
  remoting::Deadline deadline;
  Callback callback;
  std::vector<std::string> addresses;
  size_t next = 0;

  Attempt(std::shared_ptr<NameServers> name_servers, remoting::Client& remoting_client, C c,
          remoting::Deadline until, Callback done)
      : servers(std::move(name_servers)),
        client(remoting_client),
        request(std::move(c)),
        deadline(until),
        callback(std::move(done)),
        addresses(servers->inOrder()) {}

  void tryNext() {
    const std::string& address = addresses[next++];
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<int64_t>(addresses.size() - next + 1);
    client.call(address, request, {}, now + share,
                [self = this->shared_from_this(), &address](remoting::CallResult<C> result) {
                  self->take(std::move(result), address);
                });
  }

  void take(remoting::CallResult<C> result, const std::string& address) {
    if (!result.ok()) {
      servers->reportFailure(address);
      if (next < addresses.size() && std::chrono::steady_clock::now() < deadline) {
        tryNext();
        return;
      }
    }
    callback(std::move(result), address);
  }
};

template <remoting::Command C, class Callback>
void NameServers::call(std::shared_ptr<NameServers> self, remoting::Client& client, C request,
                       remoting::Deadline deadline, Callback callback) {
  auto attempt = std::make_shared<Attempt<C, Callback>>(std::move(self), client, std::move(request),
                                                        deadline, std::move(callback));
  if (attempt->addresses.empty()) {
    attempt->callback(remoting::CallResult<C>(Status::notFound("no name server address is known")),
                      std::string());
    return;
  }
  attempt->tryNext();
}

/// Asks the HTTP endpoint again and again, from a thread of its own because the HTTP library
/// blocks.
///
/// Life: the constructor starts the thread, the destructor ends it; it waits for a fetch in
/// progress, which takes at most a second to connect.
class NameServerPoller {
 public:
  /// `on_addresses` is called on the poller's thread with what the endpoint answered.
  NameServerPoller(std::string url, std::chrono::milliseconds period,
                   std::function<void(const std::string&)> on_addresses);
  ~NameServerPoller();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq::client
