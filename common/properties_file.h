#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace rocketmq {

/// A settings file, or the text of an update of settings, is not larger than this.
inline constexpr size_t kPropertiesFileBytesMax = 1 << 20;

/// One `key=value` of a .properties text.
struct PropertyLine {
  std::string key;
  std::string value;  ///< With trailing blanks, as Java keeps them.
  int line = 0;       ///< Counted from 1; the first line of one that goes on over several.
};

/// What a .properties text holds, in the order of its lines; a key may occur more than once.
struct PropertiesFile {
  std::string name;  ///< For messages: the path, or what else the text came from.
  std::vector<PropertyLine> lines;
};

/// Reads the format of java.util.Properties: `=`, `:` or blanks behind the key, comments after `#`
/// or `!`, `\` at the end continues a line, escapes `\t \n \r \f \uXXXX` and `\` before any other
/// character. Java expects ISO-8859-1; a text that is valid UTF-8 is taken as that.
/// InvalidArgument names `name` and the line: text too large, or \u without four hex digits.
Result<PropertiesFile> parsePropertiesFile(std::string name, std::string_view text);

/// Reads and parses the file at `path`. NotFound when it does not exist, Io when it cannot be read.
Result<PropertiesFile> readPropertiesFile(const std::string& path);

/// Settings by key, for writing.
using PropertiesByKey = std::map<std::string, std::string, std::less<>>;

/// One `key=value` per line, sorted, in ASCII with the escapes that Java and parsePropertiesFile()
/// need to read back the same.
std::string formatPropertiesFile(const PropertiesByKey& properties);

}  // namespace rocketmq
