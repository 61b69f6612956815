#include "store/inspect/gone_files.h"

#include <memory>
#include <string>
#include <unordered_map>

namespace rocketmq::store::inspect {
namespace {

/// By the names that findings have for them.
using Paths = std::unordered_map<std::string, std::string>;

Paths pathsOf(const StoreLayout& layout) {
  Paths paths;
  const auto add = [&](const std::string& path) { paths.emplace(layout.relative(path), path); };
  const auto addAll = [&](const std::vector<SegmentFile>& files) {
    for (const SegmentFile& file : files) {
      add(file.path);
    }
  };
  addAll(layout.log_files);
  addAll(layout.index_files);
  for (const QueueFolder& queue : layout.queues) {
    add(queue.dir);
    addAll(queue.files);
  }
  return paths;
}

}  // namespace

FindingSink withoutGoneFiles(FileSystem& files, const StoreLayout& layout,
                             const FindingSink& sink) {
  const auto paths = std::make_shared<const Paths>(pathsOf(layout));
  return [&files, &sink, paths](const Finding& finding) {
    const auto listed = paths->find(finding.file);
    if (finding.kind == Finding::Kind::kFault && listed != paths->end()) {
      const auto info = files.info(listed->second);
      if (info.ok() && !info->has_value()) {
        return;
      }
    }
    sink(finding);
  };
}

}  // namespace rocketmq::store::inspect
