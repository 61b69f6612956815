#include "client/instance/system_properties.h"

#include <map>

#include "common/mutex.h"
#include "common/number.h"
#include "rocketmq/client_config.h"

namespace rocketmq {
namespace {

struct PropertyTable {
  Mutex mutex;
  std::map<std::string, std::string, std::less<>> values ROCKETMQ_GUARDED_BY(mutex);
};

// Never destroyed: static objects of the application may still use it.
PropertyTable& table() {
  static PropertyTable& instance = *new PropertyTable;
  return instance;
}

}  // namespace

void setProperty(const std::string& name, const std::string& value) {
  MutexLock lock(table().mutex);
  table().values[name] = value;
}

void takeProperties(int& argc, char** argv) {
  int kept = 0;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const size_t split = argument.find('=');
    if (i > 0 && argument.starts_with("-D") && split != std::string_view::npos && split > 2) {
      setProperty(std::string(argument.substr(2, split - 2)),
                  std::string(argument.substr(split + 1)));
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  argv[kept] = nullptr;  // argv[argc] is null by the language's rules; keep it so.
}

namespace client {

std::string systemProperty(std::string_view name) {
  MutexLock lock(table().mutex);
  const auto found = table().values.find(name);
  return found == table().values.end() ? std::string() : found->second;
}

int64_t systemNumber(std::string_view name, int64_t otherwise) {
  const auto number = parseNumber<int64_t>(systemProperty(name));
  return number && *number > 0 ? *number : otherwise;
}

}  // namespace client
}  // namespace rocketmq
