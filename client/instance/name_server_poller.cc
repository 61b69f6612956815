#include <httplib.h>

#include <chrono>
#include <string>

#include "client/instance/name_servers.h"
#include "common/log.h"
#include "common/thread.h"

namespace rocketmq::client {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{1000};
constexpr std::chrono::seconds kReadTimeout{2};
constexpr size_t kAnswerBytesMax = 64 * 1024;

/// Why there is no answer; `took`: since the question. The HTTP library's words are "Connection"
/// and "Read".
std::string reasonOf(httplib::Error error, std::chrono::steady_clock::duration took) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "cannot connect";
    case httplib::Error::Read:
      return took < kReadTimeout
                 ? "the connection was closed before the answer"
                 : "no answer within " + std::to_string(kReadTimeout.count()) + " s";
    default:
      return httplib::to_string(error);
  }
}

}  // namespace

Result<std::string> fetchNameServerAddresses(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t path = url.find('/', host);
  httplib::Client http(url.substr(0, path));
  http.set_connection_timeout(kConnectTimeout);
  http.set_read_timeout(kReadTimeout);
  http.set_write_timeout(kReadTimeout);
  std::string body;
  const auto begin = std::chrono::steady_clock::now();
  const httplib::Result answer = http.Get(url.substr(path), [&body](const char* data, size_t size) {
    body.append(data, size);
    return body.size() <= kAnswerBytesMax;
  });
  if (!answer) {
    return Status::io("name server addresses from " + url + ": " +
                      reasonOf(answer.error(), std::chrono::steady_clock::now() - begin));
  }
  if (answer->status != 200) {
    return Status::io("name server addresses from " + url + ": HTTP status " +
                      std::to_string(answer->status));
  }
  body.erase(std::min(body.find_first_of("\r\n"), body.size()));
  return body;
}

class NameServerPoller::Impl {
 public:
  Impl(std::string url, std::chrono::milliseconds period,
       std::function<void(const std::string&)> on_addresses)
      : url_(std::move(url)),
        period_(period),
        on_addresses_(std::move(on_addresses)),
        thread_("rmq-nsaddr", [this] { run(); }) {}

  ~Impl() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notifyAll();
    }
    thread_.join();
  }

 private:
  void run() {
    while (waitPeriod()) {
      const Result<std::string> addresses = fetchNameServerAddresses(url_);
      if (addresses.ok()) {
        on_addresses_(*addresses);
      } else {
        log::warn("{}; the addresses known before stay in use", addresses.status().message());
      }
    }
  }

  bool waitPeriod() {
    const auto until = std::chrono::steady_clock::now() + period_;
    MutexLock lock(mutex_);
    while (!stopping_ && changed_.waitUntil(mutex_, until)) {
    }
    return !stopping_;
  }

  const std::string url_;
  const std::chrono::milliseconds period_;
  const std::function<void(const std::string&)> on_addresses_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  NamedThread thread_;
};

NameServerPoller::NameServerPoller(std::string url, std::chrono::milliseconds period,
                                   std::function<void(const std::string&)> on_addresses)
    : impl_(std::make_unique<Impl>(std::move(url), period, std::move(on_addresses))) {}

NameServerPoller::~NameServerPoller() = default;

}  // namespace rocketmq::client
