#include "common/settings.h"

#include <algorithm>
#include <map>

#include "common/excerpt.h"
#include "common/nearest_name.h"

namespace rocketmq {
namespace {

/// A value for a message: a wrong file may hold anything, of any length.
std::string shown(std::string_view value) {
  constexpr size_t kShownBytes = 100;
  return excerpt(value, kShownBytes);
}

std::string place(const PropertiesFile& file, const PropertyLine& line) {
  return file.name + ":" + std::to_string(line.line) + ": " + shown(line.key);
}

const BoundSetting* find(std::span<const BoundSetting> settings, std::string_view key) {
  const auto found = std::ranges::find_if(
      settings, [key](const BoundSetting& row) { return row.info->key == key; });
  return found == settings.end() ? nullptr : &*found;
}

/// A line that counts, and the setting with its key if there is one.
struct Assignment {
  const BoundSetting* row = nullptr;
  const PropertyLine* line = nullptr;
};

/// Per key the last line that has it, in the order of the file.
std::vector<Assignment> lastAssignments(std::span<const BoundSetting> settings,
                                        const PropertiesFile& file) {
  std::map<std::string_view, Assignment> by_key;
  for (const PropertyLine& line : file.lines) {
    by_key[line.key] = {find(settings, line.key), &line};
  }
  std::vector<Assignment> assignments;
  for (const auto& [key, assignment] : by_key) {
    assignments.push_back(assignment);
  }
  std::ranges::sort(assignments, {}, [](const Assignment& a) { return a.line; });
  return assignments;
}

/// Parses into `row`; false, and one more line of `errors`, when the value is not allowed.
bool parseLine(const BoundSetting& row, const PropertiesFile& file, const PropertyLine& line,
               std::string& errors) {
  const Status status = parseSetting(row, line.value);
  if (!status.isOk()) {
    errors += errors.empty() ? "" : "\n";
    errors += place(file, line) + " = " + shown(line.value) + ": " + status.message();
  }
  return status.isOk();
}

std::string unknownKey(std::span<const BoundSetting> settings, SortedKeys silent_keys,
                       const PropertiesFile& file, const PropertyLine& line) {
  std::vector<std::string_view> names(silent_keys.begin(), silent_keys.end());
  for (const BoundSetting& row : settings) {
    names.push_back(row.info->key);
  }
  std::string warning = place(file, line) + ": there is no such setting";
  if (const auto nearest = nearestName(line.key, names)) {
    warning += "; did you mean " + std::string(*nearest) + "?";
  }
  return warning;
}

}  // namespace

namespace detail {

Result<std::vector<std::string>> load(std::span<const BoundSetting> settings,
                                      const PropertiesFile& file, SortedKeys silent_keys) {
  std::vector<std::string> warnings;
  std::string errors;
  for (const Assignment& assignment : lastAssignments(settings, file)) {
    if (assignment.row != nullptr) {
      parseLine(*assignment.row, file, *assignment.line, errors);
    } else if (!std::ranges::binary_search(silent_keys, assignment.line->key)) {
      warnings.push_back(unknownKey(settings, silent_keys, file, *assignment.line));
    }
  }
  if (!errors.empty()) {
    return Status::invalidArgument(std::move(errors));
  }
  return warnings;
}

Result<LiveUpdate> update(std::span<const BoundSetting> scratch,
                          std::span<const BoundSetting> running, const PropertiesFile& request,
                          std::span<const std::string_view> black_list) {
  const std::vector<Assignment> assignments = lastAssignments(scratch, request);
  LiveUpdate outcome;
  for (const Assignment& assignment : assignments) {
    const bool is_secret = assignment.row != nullptr && assignment.row->info->is_secret;
    if (is_secret || std::ranges::find(black_list, assignment.line->key) != black_list.end()) {
      outcome.refused_key = assignment.line->key;
      return outcome;
    }
  }
  std::string errors;
  for (const Assignment& assignment : assignments) {
    const auto& [row, line] = assignment;
    const std::string& key = line->key;
    if (row == nullptr) {
      outcome.ignored.push_back(key);
      continue;
    }
    if (!parseLine(*row, request, *line, errors)) {
      continue;
    }
    const BoundSetting& now = *find(running, key);
    const std::string value = printSetting(*row);
    if (row->info->change == Change::kLive) {
      ROCKETMQ_RETURN_IF_ERROR(parseSetting(now, line->value));
      outcome.applied.push_back(key);
    } else if (value != printSetting(now)) {
      outcome.at_restart.push_back(key);
    }
    outcome.for_file[key] = value;
  }
  if (!errors.empty()) {
    return Status::invalidArgument(std::move(errors));
  }
  return outcome;
}

PropertiesByKey print(std::span<const BoundSetting> settings) {
  PropertiesByKey values;
  for (const BoundSetting& row : settings) {
    values[std::string(row.info->key)] = printSetting(row);
  }
  return values;
}

PropertiesByKey show(std::span<const BoundSetting> settings) {
  PropertiesByKey values = print(settings);
  for (const BoundSetting& row : settings) {
    std::string& value = values[std::string(row.info->key)];
    if (row.info->is_secret && !value.empty()) {
      value = "******";
    }
  }
  return values;
}

void checkTable(std::span<const BoundSetting> settings) {
  std::vector<std::string_view> keys;
  for (const BoundSetting& row : settings) {
    ROCKETMQ_CHECK(!row.info->key.empty());
    keys.push_back(row.info->key);
  }
  std::ranges::sort(keys);
  ROCKETMQ_CHECK(std::ranges::adjacent_find(keys) == keys.end());
}

}  // namespace detail
}  // namespace rocketmq
