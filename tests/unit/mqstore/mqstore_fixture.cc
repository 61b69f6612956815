#include "tests/unit/mqstore/mqstore_fixture.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "store/log/segment.h"

namespace rocketmq::store::test {
namespace {

std::string quoted(const std::string& word) { return "'" + word + "'"; }

}  // namespace

MqstoreTest::Outcome MqstoreTest::run(const std::vector<std::string>& arguments) {
  std::string command = quoted(ROCKETMQ_STORE_PROGRAM);
  for (const std::string& argument : arguments) {
    command += ' ' + quoted(argument);
  }
  command += " 2>&1";
  Outcome outcome;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return outcome;
  }
  std::array<char, 4096> part{};
  for (size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    outcome.output.append(part.data(), got);
  }
  const int status = ::pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

void MqstoreTest::makeStore(int rounds) {
  options_.delay_level_ms = {1000, 5000};
  open();
  for (int i = 0; i < rounds; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::string body = "body-" + std::to_string(i) + std::string(80, 'x');
    for (int32_t queue_id = 0; queue_id < 2; ++queue_id) {
      const auto properties_text =
          properties({{"TAGS", i % 2 == 0 ? "A" : "B"}, {"KEYS", key}, {"UNIQ_KEY", "u" + key}});
      const PutResult result = put("Orders", queue_id, body, properties_text);
      ASSERT_TRUE(result.ok()) << result.detail;
      places_[fmt::format("Orders/{}/{}", queue_id, i)] = result.physical_offsets.front();
    }
    const PutResult result = put("Bills", 3, "bill" + std::to_string(i));
    ASSERT_TRUE(result.ok()) << result.detail;
    places_[fmt::format("Bills/3/{}", i)] = result.physical_offsets.front();
    clock_.advance(std::chrono::milliseconds(700));
  }
  ASSERT_TRUE(put("SCHEDULE_TOPIC_XXXX", 1, "later", properties({{"DELAY", "2"}})).ok());
  close();
}

MqstoreTest::Snapshot MqstoreTest::snapshot(const std::string& dir) {
  Snapshot all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    struct stat info {};
    EXPECT_EQ(0, ::stat(entry.path().c_str(), &info));
    all[entry.path()] =
        fmt::format("{}.{} {} ", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size) +
        (entry.is_regular_file() ? readFile(entry.path()) : std::string());
  }
  return all;
}

std::map<std::string, std::string> MqstoreTest::filesOf(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(dir)] = readFile(entry.path());
    }
  }
  return files;
}

std::string MqstoreTest::unpackGolden(const std::string& name) {
  const std::string archive = ROCKETMQ_SOURCE_DIR "/tests/golden/" + name + ".tar.gz";
  const std::string unpack =
      "tar --sparse -xzf '" + archive + "' -C '" + dir_.path().string() + "'";
  EXPECT_EQ(0, std::system(unpack.c_str()));
  return dir_ / name;
}

int64_t MqstoreTest::physicalOffset(std::string_view topic, int32_t queue_id,
                                    int64_t queue_offset) {
  const auto found = places_.find(fmt::format("{}/{}/{}", topic, queue_id, queue_offset));
  EXPECT_TRUE(found != places_.end()) << topic << " " << queue_offset;
  return found == places_.end() ? -1 : found->second;
}

void MqstoreTest::flip(const std::string& path, int64_t offset, char bits) {
  std::string byte(1, readFile(path).at(static_cast<size_t>(offset)));
  byte[0] = static_cast<char>(byte[0] ^ bits);
  patchFile(path, offset, byte);
}

void MqstoreTest::flipLog(int64_t physical_offset, char bits) {
  const int64_t base = physical_offset / kLogFileBytes * kLogFileBytes;
  flip(logFile(base), physical_offset - base, bits);
}

}  // namespace rocketmq::store::test
