#include <cstdlib>
#include <utility>

#include "client/consumer/offset_store.h"
#include "client/instance/system_properties.h"
#include "common/atomic_file.h"
#include "common/log.h"

namespace rocketmq::client {

std::string localOffsetPath(const std::string& client_id, const std::string& group) {
  std::string folder = systemProperty(system_property::kLocalOffsetStoreDir);
  if (folder.empty()) {
    const char* home = std::getenv("HOME");
    folder = std::string(home == nullptr ? "." : home) + "/.rocketmq_offsets";
  }
  return folder + "/" + client_id + "/" + group + "/offsets.json";
}

Result<std::unique_ptr<LocalOffsetStore>> LocalOffsetStore::open(const std::string& path) {
  std::unique_ptr<LocalOffsetStore> store(new LocalOffsetStore(path));
  const Result<std::string> text =
      readAndMend(path, [](std::string_view content) { return parseOffsetFile(content).ok(); });
  if (!text.ok()) {
    if (text.status().code() == StatusCode::kNotFound) {
      return store;
    }
    return text.status();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto offsets, parseOffsetFile(*text));
  MutexLock file_lock(store->file_mutex_);
  MutexLock lock(store->mutex_);
  for (const auto& [queue, offset] : offsets) {
    store->entries_[queue] = {.offset = offset, .has_arrived = true};
  }
  store->written_ = formatOffsetFile(offsets);
  return store;
}

Outcome<std::shared_ptr<OffsetStore>> openOffsetStore(ClientInstance& instance,
                                                      CancellableCalls& calls,
                                                      const std::string& group,
                                                      MessageModel message_model) {
  if (message_model == MessageModel::kClustering) {
    return std::shared_ptr<OffsetStore>(
        std::make_shared<RemoteOffsetStore>(instance, calls, group));
  }
  Result<std::unique_ptr<LocalOffsetStore>> store =
      LocalOffsetStore::open(localOffsetPath(instance.clientId(), group));
  if (!store.ok()) {
    return ClientError::client("load local offset store exception: " + store.status().message());
  }
  return std::shared_ptr<OffsetStore>(std::move(*store));
}

void LocalOffsetStore::remove(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  if (const auto found = entries_.find(queue); found != entries_.end()) {
    found->second.is_moved = false;
  }
}

StoredOffset LocalOffsetStore::load(const MessageQueue& queue) {
  const std::optional<int64_t> offset = cached(queue);
  return offset ? StoredOffset{StoredOffset::Kind::kFound, *offset}
                : StoredOffset{StoredOffset::Kind::kNone, -1};
}

void LocalOffsetStore::persist(const MessageQueue&) { persistAll(); }

std::optional<ClientError> LocalOffsetStore::persistNow(const std::vector<MessageQueue>&) {
  const Status status = write();
  return status.isOk() ? std::nullopt : std::optional(ClientError::client(status.message()));
}

Status LocalOffsetStore::write() {
  MutexLock lock(file_mutex_);
  std::string text = formatOffsetFile(all());
  if (text == written_ || (written_.empty() && all().empty())) {
    return Status::ok();
  }
  const Status status = replaceFile(path_, text);
  if (status.isOk()) {
    written_ = std::move(text);
  } else {
    log::error("offsets were not stored: {}", status.message());
  }
  return status;
}

void LocalOffsetStore::persistAll() { (void)write(); }

std::optional<ClientError> LocalOffsetStore::persistFinally(std::chrono::steady_clock::time_point) {
  return persistNow({});
}

}  // namespace rocketmq::client
