#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/acl/access_rules.h"
#include "broker/cached_snapshot.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/model/data_version.h"
#include "common/mutex.h"
#include "common/status.h"
#include "remoting/protocol/bodies/acl_config.h"
#include "remoting/protocol/command.h"
#include "remoting/protocol/commands/acl_admin.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// Who may do what (RocketMQ: PlainPermissionManager): conf/plain_acl.yml and every .yml and .yaml
/// below conf/acl, the rules they make, and their changes by request.
///
/// Threads:    any; changes and reloads are serialised, and a question takes no lock.
/// Durability: a change that returned OK is on the disk, and what the file held before in its .bak.
///             Comments of a file that is changed by request are lost.
/// Bounds:     kFilesMax files of at most kAclFileBytesMax bytes; AccessRules has the others.
/// Failure:    files that cannot be used leave the rules as they are; at the start they are an
///             error. Nothing here puts a secret key into a message or a log.
class AclManager {
 public:
  static constexpr size_t kFilesMax = 64;

  /// `home` is ROCKETMQ_HOME; `reply_topic` see AccessRules. InvalidArgument names the file and the
  /// line. No file at all is no error: every request is refused then, with a warning in the log.
  static Result<std::unique_ptr<AclManager>> open(const std::string& home, std::string reply_topic,
                                                  const Clock& clock);

  /// For Router::setGuard(): NO_PERMISSION with a remark, or nothing when the request may pass.
  /// Refusals are logged, at most one a second.
  std::optional<remoting::Answer<remoting::NoFields>> guard(
      const remoting::RequestContext& context) const;

  /// To be called now and then, from a thread that may block: reads the files when they have
  /// changed and then stayed the same from one call to the next.
  void reloadIfChanged();

  // Changes by request. InvalidArgument says what is wrong with it, NotFound names what is not
  // there, Io says that the file could not be written; nothing has changed then.

  /// Makes an account, in conf/plain_acl.yml, or changes it where it is. What is absent stays, but
  /// for `admin`, which then becomes false (RocketMQ parity).
  Status updateAccount(const remoting::UpdateAndCreateAclConfig& request);
  Status deleteAccount(const std::string& access_key);
  Status updateGlobalWhiteAddresses(const remoting::UpdateGlobalWhiteAddrsConfig& request);

  /// Every account, secret keys included, and the white addresses.
  remoting::AclConfig config() const;
  /// By path.
  std::map<std::string, model::DataVersion> versions() const;
  /// Of conf/plain_acl.yml.
  model::DataVersion defaultVersion() const;

 private:
  struct LoadedFile {
    std::string path;
    std::string text;
    AclFile content;
  };
  struct Loaded {
    std::vector<LoadedFile> files;
    std::shared_ptr<const AccessRules> rules;
  };

  AclManager(std::string home, std::string reply_topic, const Clock& clock);

  Result<std::vector<std::string>> paths() const;
  Result<std::string> stamp() const;
  Result<Loaded> load(const std::vector<std::string>& paths) const;
  Status compile(Loaded& loaded) const;
  void takeOver(Loaded loaded) ROCKETMQ_REQUIRES(mutex_);
  const LoadedFile* find(std::string_view path) const ROCKETMQ_REQUIRES(mutex_);
  /// Writes a changed file and uses it.
  Status change(const std::string& path, std::string text) ROCKETMQ_REQUIRES(mutex_);
  model::DataVersion nextVersion(const LoadedFile* file) const;
  std::string textOf(const std::string& path) const ROCKETMQ_REQUIRES(mutex_);
  void logRefusal(const remoting::RequestContext& context, std::string_view reason) const;

  const Clock& clock_;
  const std::string default_path_;
  const std::string folder_;
  const std::string reply_topic_;

  CachedSnapshot<AccessRules> rules_;

  mutable Mutex mutex_;
  std::vector<LoadedFile> files_ ROCKETMQ_GUARDED_BY(mutex_);
  std::string loaded_ ROCKETMQ_GUARDED_BY(mutex_);  ///< Stamp of what was last tried.
  std::string seen_ ROCKETMQ_GUARDED_BY(mutex_);    ///< Stamp at the last look.

  mutable LogLimiter refusal_log_{1};
};

}  // namespace rocketmq::broker
