#include "broker/acl/acl_manager.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "common/atomic_file.h"
#include "common/excerpt.h"
#include "common/file_stamp.h"
#include "common/log.h"
#include "common/text.h"

namespace rocketmq::broker {
namespace {

namespace fs = std::filesystem;

/// Of a file that is made here: it holds secrets.
constexpr unsigned kFileMode = 0600;

/// The parts of "a,b" without blanks around them; empty ones are left out.
std::vector<std::string> trimmedList(std::string_view text) {
  const std::vector<std::string_view> views = splitTrimmedList(text, ',');
  return {views.begin(), views.end()};
}

bool isAclFileName(const fs::path& path) {
  return path.extension() == ".yml" || path.extension() == ".yaml";
}

bool isReadableByOthers(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0;
}

void logWarnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    log::warn("ACL: {}", warning);
  }
}

Status checkPermissions(const std::optional<std::string>& texts) {
  for (const std::string& text : trimmedList(texts.value_or(""))) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto parsed, parseResourcePermission(text));
    if (!parsed.second) {
      return Status::invalidArgument("the permission of " + parsed.first +
                                     " is none of DENY, PUB, SUB and PUB|SUB");
    }
  }
  return Status::ok();
}

std::optional<std::vector<std::string>> listOf(const std::optional<std::string>& text) {
  return text ? std::optional(trimmedList(*text)) : std::nullopt;
}

}  // namespace

AclManager::AclManager(std::string home, std::string reply_topic, const Clock& clock)
    : clock_(clock),
      default_path_(home + "/conf/plain_acl.yml"),
      folder_(std::move(home) + "/conf/acl"),
      reply_topic_(std::move(reply_topic)),
      rules_(std::make_shared<const AccessRules>()) {}

Result<std::unique_ptr<AclManager>> AclManager::open(const std::string& home,
                                                     std::string reply_topic, const Clock& clock) {
  if (home.empty()) {
    return Status::invalidArgument(
        "aclEnable=true needs rocketmqHome, or the environment variable ROCKETMQ_HOME, to find "
        "conf/plain_acl.yml");
  }
  std::unique_ptr<AclManager> manager(new AclManager(home, std::move(reply_topic), clock));
  MutexLock lock(manager->mutex_);
  ROCKETMQ_ASSIGN_OR_RETURN(manager->loaded_, manager->stamp());
  manager->seen_ = manager->loaded_;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto paths, manager->paths());
  ROCKETMQ_ASSIGN_OR_RETURN(Loaded loaded, manager->load(paths));
  manager->takeOver(std::move(loaded));
  return manager;
}

std::optional<remoting::Answer<remoting::NoFields>> AclManager::guard(
    const remoting::RequestContext& context) const {
  auto refusal = rules_.load().refusal(context.command, context.connection->remote());
  if (!refusal) {
    return std::nullopt;
  }
  logRefusal(context, refusal->reason);
  return remoting::Answer<remoting::NoFields>(remoting::ResponseCode::kNoPermission,
                                              std::move(refusal->remark));
}

void AclManager::logRefusal(const remoting::RequestContext& context,
                            std::string_view reason) const {
  const auto left_out = refusal_log_.admit();
  if (left_out) {
    log::warn("ACL: {} of {} refused: {}{}",
              toString(static_cast<remoting::RequestCode>(context.command.code)),
              context.connection->remote().toString(), reason, LogLimiter::note(*left_out));
  }
}

/// Existing files, conf/plain_acl.yml last: accounts of the folder win over its (RocketMQ parity).
Result<std::vector<std::string>> AclManager::paths() const {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder_, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    // Kubernetes keeps the versions of a mounted folder in hidden ones beside the links to them.
    const bool is_hidden = entry->path().filename().string().starts_with('.');
    std::error_code ignored;
    if (is_hidden && entry->is_directory(ignored)) {
      entry.disable_recursion_pending();
    } else if (!is_hidden && isAclFileName(entry->path()) && entry->is_regular_file(ignored)) {
      paths.push_back(entry->path().string());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Status::io("cannot list " + folder_, error.value());
  }
  std::sort(paths.begin(), paths.end());
  if (fs::exists(default_path_, error)) {
    paths.push_back(default_path_);
  }
  if (paths.size() > kFilesMax) {
    return Status::invalidArgument(folder_ + " has more than " + std::to_string(kFilesMax) +
                                   " files");
  }
  return paths;
}

Result<std::string> AclManager::stamp() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto all, paths());
  std::string text;
  for (const std::string& path : all) {
    text += path + ":" + fileStamp(path) + ";";
  }
  return text;
}

Result<AclManager::Loaded> AclManager::load(const std::vector<std::string>& paths) const {
  Loaded loaded;
  for (const std::string& path : paths) {
    LoadedFile file{.path = path, .text = {}, .content = {}};
    ROCKETMQ_ASSIGN_OR_RETURN(file.text, readWholeFile(path, kAclFileBytesMax));
    loaded.files.push_back(std::move(file));
  }
  ROCKETMQ_RETURN_IF_ERROR(compile(loaded));
  return loaded;
}

Status AclManager::compile(Loaded& loaded) const {
  AccessRules::Files files;
  for (LoadedFile& file : loaded.files) {
    auto content = parseAclFile(file.text);
    if (!content.ok()) {
      return content.status().withContext(file.path);
    }
    file.content = *content;
    files.emplace_back(file.path, std::move(*content));
  }
  std::vector<std::string> warnings;
  ROCKETMQ_ASSIGN_OR_RETURN(loaded.rules, AccessRules::compile(files, reply_topic_, warnings));
  logWarnings(warnings);
  return Status::ok();
}

void AclManager::takeOver(Loaded loaded) {
  files_ = std::move(loaded.files);
  const size_t accounts = loaded.rules->accountCount();
  rules_.store(std::move(loaded.rules));
  log::info("ACL: {} accounts of {} files are in force", accounts, files_.size());
  if (accounts == 0) {
    log::warn(
        "ACL: there is no account in {} or below {}: only addresses of a global white list "
        "are served",
        default_path_, folder_);
  }
  for (const LoadedFile& file : files_) {
    if (isReadableByOthers(file.path)) {
      log::warn("ACL: every user of this machine can read {}, which has secrets: chmod 600",
                file.path);
    }
  }
}

void AclManager::reloadIfChanged() {
  MutexLock lock(mutex_);
  Result<std::string> now = stamp();
  if (!now.ok()) {
    now = now.status().message();  // Logged once below, when the files are read.
  }
  const bool is_settled = *now == std::exchange(seen_, *now);
  if (!is_settled || *now == loaded_) {
    return;
  }
  loaded_ = std::move(*now);
  const auto all = paths();
  Result<Loaded> loaded = all.ok() ? load(*all) : Result<Loaded>(all.status());
  if (!loaded.ok()) {
    log::error("ACL: files have changed but cannot be used, the old rules stay in force: {}",
               loaded.status().message());
    return;
  }
  takeOver(std::move(*loaded));
}

const AclManager::LoadedFile* AclManager::find(std::string_view path) const {
  const auto found = std::find_if(files_.begin(), files_.end(),
                                  [path](const LoadedFile& file) { return file.path == path; });
  return found == files_.end() ? nullptr : &*found;
}

std::string AclManager::textOf(const std::string& path) const {
  const LoadedFile* const file = find(path);
  return file == nullptr ? std::string() : file->text;
}

model::DataVersion AclManager::nextVersion(const LoadedFile* file) const {
  model::DataVersion version = file == nullptr ? model::DataVersion() : file->content.version;
  version.nextVersion(clock_.nowMs());
  return version;
}

Status AclManager::change(const std::string& path, std::string text) {
  if (text.size() > kAclFileBytesMax) {
    return Status::invalidArgument(path + " would be larger than " +
                                   std::to_string(kAclFileBytesMax) + " bytes");
  }
  // Somebody may have changed the file since it was read, and his change must not be lost.
  auto on_disk = readWholeFile(path, kAclFileBytesMax);
  const bool is_missing = on_disk.status().code() == StatusCode::kNotFound;
  if (!on_disk.ok() && !is_missing) {
    return on_disk.status();
  }
  if ((is_missing ? std::string() : *on_disk) != textOf(path)) {
    return Status::busy(path +
                        " has just been changed by hand: mend it if the log says so, and "
                        "try again in some seconds");
  }
  Loaded next{.files = files_, .rules = nullptr};
  const auto place = std::find_if(next.files.begin(), next.files.end(),
                                  [&](const LoadedFile& file) { return file.path == path; });
  if (place == next.files.end()) {
    next.files.push_back({.path = path, .text = text, .content = {}});
  } else {
    place->text = text;
  }
  ROCKETMQ_RETURN_IF_ERROR(compile(next));
  ROCKETMQ_RETURN_IF_ERROR(replaceFile(path, text, kFileMode));
  takeOver(std::move(next));
  ROCKETMQ_ASSIGN_OR_RETURN(loaded_, stamp());
  seen_ = loaded_;
  return Status::ok();
}

Status AclManager::updateAccount(const remoting::UpdateAndCreateAclConfig& request) {
  if (request.access_key.size() < kAclKeyCharactersMin ||
      (request.secret_key && request.secret_key->size() < kAclKeyCharactersMin)) {
    return Status::invalidArgument("accessKey and secretKey must be longer than 6 characters");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkPermissions(request.topic_perms).withContext("topicPerms"));
  ROCKETMQ_RETURN_IF_ERROR(checkPermissions(request.group_perms).withContext("groupPerms"));
  MutexLock lock(mutex_);
  const std::string* const known = rules_.load().fileOf(request.access_key);
  const std::string path = known == nullptr ? default_path_ : *known;
  const LoadedFile* const file = find(path);
  remoting::PlainAccessConfig account{.access_key = request.access_key, .secret_key = {}};
  if (known != nullptr && file != nullptr) {
    for (const auto& [config, line] : file->content.accounts) {
      if (config.access_key == request.access_key) {
        account = config;
        break;
      }
    }
  }
  const auto take = [](auto& member, const auto& value) {
    if (value) {
      member = *value;
    }
  };
  take(account.secret_key, request.secret_key);
  take(account.white_remote_address, request.white_remote_address);
  account.admin = request.admin.value_or(false);
  take(account.default_topic_perm, request.default_topic_perm);
  take(account.default_group_perm, request.default_group_perm);
  take(account.topic_perms, listOf(request.topic_perms));
  take(account.group_perms, listOf(request.group_perms));
  if (account.secret_key.empty()) {
    return Status::invalidArgument("a new account needs a secretKey");
  }
  return change(path, withAccount(textOf(path), account, nextVersion(file)));
}

Status AclManager::deleteAccount(const std::string& access_key) {
  MutexLock lock(mutex_);
  const std::string* const known = rules_.load().fileOf(access_key);
  if (known == nullptr) {
    return Status::notFound("there is no account with accessKey=" + excerpt(access_key));
  }
  const std::string path = *known;
  return change(path, withoutAccount(textOf(path), access_key, nextVersion(find(path))));
}

Status AclManager::updateGlobalWhiteAddresses(
    const remoting::UpdateGlobalWhiteAddrsConfig& request) {
  MutexLock lock(mutex_);
  const std::string asked = request.acl_file_full_path.value_or("");
  const std::string path =
      asked.empty() ? default_path_ : fs::path(asked).lexically_normal().string();
  const LoadedFile* const file = find(path);
  if (file == nullptr && path != default_path_) {
    return Status::notFound(path + " is no ACL file of this broker: there are " + default_path_ +
                            " and those below " + folder_);
  }
  return change(path,
                withGlobalWhiteAddresses(textOf(path), trimmedList(request.global_white_addrs),
                                         nextVersion(file)));
}

remoting::AclConfig AclManager::config() const {
  MutexLock lock(mutex_);
  remoting::AclConfig config;
  std::set<std::string> access_keys;
  for (const LoadedFile& file : files_) {
    for (const auto& [address, line] : file.content.global_white_addresses) {
      config.global_white_addrs.push_back(address);
    }
    for (const auto& [account, line] : file.content.accounts) {
      if (access_keys.insert(account.access_key).second) {
        config.plain_access_configs.push_back(account);
      }
    }
  }
  return config;
}

std::map<std::string, model::DataVersion> AclManager::versions() const {
  MutexLock lock(mutex_);
  std::map<std::string, model::DataVersion> versions;
  for (const LoadedFile& file : files_) {
    versions[file.path] = file.content.version;
  }
  return versions;
}

model::DataVersion AclManager::defaultVersion() const {
  MutexLock lock(mutex_);
  const LoadedFile* const file = find(default_path_);
  return file == nullptr ? model::DataVersion() : file->content.version;
}

}  // namespace rocketmq::broker
