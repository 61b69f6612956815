#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/status.h"

namespace rocketmq {

/// Files of settings and offsets are not larger than this.
inline constexpr size_t kSmallFileBytesMax = 256u << 20;

/// InvalidArgument, with the path, when `bytes` are more than `bytes_max`.
Status checkFileBytes(const std::string& path, size_t bytes, size_t bytes_max = kSmallFileBytesMax);

/// The file's content. NotFound when there is no such file, Io when it cannot be read,
/// InvalidArgument when it is larger than `bytes_max`. Every message names the path.
Result<std::string> readWholeFile(const std::string& path, size_t bytes_max = kSmallFileBytesMax);

/// What `path` is a symbolic link to, through any number of them and whether it is there or not;
/// `path` itself when it is none.
Result<std::string> followLinks(std::string path);

/// Tells whole content from torn content, for instance by parsing it.
using ContentCheck = std::function<bool(std::string_view)>;

/// The content of `path`, or of `path`.bak when `path` is missing, empty or not whole. A Java
/// broker leaves torn files behind: it overwrites in place after copying the old content to .bak.
/// NotFound when neither file holds anything, Corruption when one does but none is whole. Logs a
/// warning when the backup had to be used, and when `path` is there but both are empty.
Result<std::string> readWithBackup(const std::string& path, const ContentCheck& is_whole = {});

/// The same for whoever is going to replace the file: a torn one gets the content of the backup.
/// Else the next replaceFile() would put the torn content in the place of the good backup, and a
/// crash right after that leave neither. That this fails is only logged.
Result<std::string> readAndMend(const std::string& path, const ContentCheck& is_whole);

/// Replaces the content of `path` at once: after a crash at any moment the file holds the old
/// content or the new one, and the content before is in `path`.bak. Folders are created.
///
/// The new content is on the disk when this returns OK; Io names the path otherwise, and the file
/// is as before. InvalidArgument for more than kSmallFileBytesMax, which nobody would read. One
/// writer per path at a time. A file that is a mount point of its own (one file mounted into a
/// container) cannot be replaced and is overwritten in place, after the backup. Of a symbolic link
/// the file that it leads to is replaced; `path`.bak stays beside the link. The file keeps its
/// permissions; `new_file_mode` is for one that was not there.
Status replaceFile(const std::string& path, std::string_view content,
                   unsigned new_file_mode = 0644);

}  // namespace rocketmq
