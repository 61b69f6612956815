#include "common/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/descriptor.h"
#include "tests/support/temp_dir.h"

namespace rocketmq {
namespace {

class FileSystemTest : public ::testing::Test {
 protected:
  FileSystem& files_ = posixFileSystem();
  test::TempDir dir_;
};

TEST_F(FileSystemTest, MissingPathsAreTold) {
  EXPECT_EQ(StatusCode::kNotFound, files_.list(dir_ / "none").status().code());
  EXPECT_EQ(StatusCode::kNotFound, files_.map(dir_ / "none", {.bytes = 8}).status().code());
  EXPECT_FALSE(files_.info(dir_ / "none").value().has_value());
  EXPECT_TRUE(files_.remove(dir_ / "none").isOk());
  EXPECT_TRUE(files_.removeTree(dir_ / "none").isOk());
}

TEST_F(FileSystemTest, FolderIsListedInOrderOfNames) {
  ASSERT_TRUE(files_.createDirectories(dir_ / "b/deep").isOk());
  ASSERT_TRUE(files_.createDirectories(dir_ / "b/deep").isOk());
  ASSERT_TRUE((*files_.open(dir_ / "c"))->write(0, "four").isOk());
  ASSERT_TRUE((*files_.open(dir_ / "a"))->write(2, "!").isOk());
  const auto entries = files_.list(dir_.path().string());
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(3u, entries->size());
  EXPECT_EQ("a", (*entries)[0].name);
  EXPECT_EQ(3, (*entries)[0].info.bytes);
  EXPECT_TRUE((*entries)[1].info.is_directory);
  EXPECT_EQ("c", (*entries)[2].name);
  EXPECT_EQ(4, (*entries)[2].info.bytes);
  EXPECT_GT((*entries)[2].info.modified_ms, 1'600'000'000'000);

  ASSERT_TRUE(files_.removeTree(dir_ / "b").isOk());
  EXPECT_EQ(2u, files_.list(dir_.path().string())->size());
}

TEST_F(FileSystemTest, RandomFileReadsWhatIsThere) {
  auto file = files_.open(dir_ / "f");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->write(0, "0123456789").isOk());
  ASSERT_TRUE((*file)->write(3, "xyz").isOk());
  ASSERT_TRUE((*file)->sync().isOk());
  EXPECT_EQ("2xyz6", (*file)->read(2, 5).value());
  EXPECT_EQ("89", (*file)->read(8, 100).value());
  EXPECT_EQ("", (*file)->read(100, 100).value());
}

TEST_F(FileSystemTest, MappedFileIsSparseZeroAndReachesTheFile) {
  constexpr int64_t kBytes = 64 << 20;
  auto mapped = files_.map(dir_ / "m", {.bytes = kBytes, .create = true});
  ASSERT_TRUE(mapped.ok()) << mapped.status().message();
  EXPECT_EQ(kBytes, (*mapped)->bytes());
  EXPECT_EQ('\0', (*mapped)->data()[kBytes - 1]);
  struct stat raw {};
  ASSERT_EQ(0, ::stat((dir_ / "m").c_str(), &raw));
  EXPECT_EQ(kBytes, raw.st_size);
  EXPECT_LT(raw.st_blocks * 512, kBytes / 4);

  ASSERT_TRUE((*mapped)->reserve(0, 1 << 20).isOk());
  ASSERT_EQ(0, ::stat((dir_ / "m").c_str(), &raw));
  EXPECT_GE(raw.st_blocks * 512, 1 << 20);
  (*mapped)->prefault(0, 8192);
  (*mapped)->data()[5000] = 'x';
  ASSERT_TRUE((*mapped)->sync(5000, 1).isOk());
  EXPECT_EQ("x", (*files_.open(dir_ / "m"))->read(5000, 1).value());

  (*mapped)->release(0, kBytes);
  EXPECT_EQ('x', (*mapped)->data()[5000]);
  EXPECT_EQ(StatusCode::kCorruption, files_.map(dir_ / "m", {.bytes = kBytes + 1}).status().code());
}

TEST_F(FileSystemTest, ZerosReplaceTheRangeAndNothingElse) {
  constexpr int64_t kBytes = 1 << 20;
  for (const Zeros where : {Zeros::kInCache, Zeros::kOnDisk}) {
    auto mapped = files_.map(dir_ / "m", {.bytes = kBytes, .create = true});
    ASSERT_TRUE(mapped.ok() && (*mapped)->reserve(0, kBytes).isOk());
    std::fill_n((*mapped)->data(), kBytes, 'a');
    ASSERT_TRUE((*mapped)->writeZeros(5000, 200'001, where).isOk());
    const std::string expected =
        std::string(5000, 'a') + std::string(200'001, '\0') + std::string(5000, 'a');
    EXPECT_EQ(expected, std::string_view((*mapped)->data(), expected.size()));
    EXPECT_EQ('a', (*mapped)->data()[kBytes - 1]);
  }
}

// Where the file is kept open put() writes, else it stores.
TEST_F(FileSystemTest, PutReadsAsAStoreDoes) {
  constexpr int64_t kBytes = 1 << 20;
  const std::string content(100'000, 'c');
  for (const FileUse use : {FileUse::kStream, FileUse::kScattered}) {
    auto mapped = files_.map(dir_ / "m", {.bytes = kBytes, .create = true, .use = use});
    ASSERT_TRUE(mapped.ok() && (*mapped)->reserve(0, kBytes).isOk());
    (*mapped)->data()[4999] = 'a';
    (*mapped)->put(5000, content);
    (*mapped)->data()[105'000] = 'z';
    (*mapped)->put(105'001, "");
    EXPECT_EQ("a" + content + "z", std::string_view((*mapped)->data() + 4999, content.size() + 2));
    EXPECT_EQ("a" + content + "z", (*files_.open(dir_ / "m"))->read(4999, 100'002).value());
  }
}

// A hole that nobody has looked at is in no cache, on whatever disk.
TEST_F(FileSystemTest, WhatNobodyHasReadIsNotCached) {
  constexpr size_t kBytes = 4 << 20;
  auto mapped =
      files_.map(dir_ / "m", {.bytes = kBytes, .create = true, .use = FileUse::kScattered});
  ASSERT_TRUE(mapped.ok());
  const std::string_view all((*mapped)->data(), kBytes);
  const std::string_view last = all.substr(kBytes - 10, 10);
  EXPECT_FALSE((*mapped)->isCached(last));
  EXPECT_EQ('\0', last.front());
  EXPECT_TRUE((*mapped)->isCached(last));
  EXPECT_FALSE((*mapped)->isCached(all));
  for (size_t at = 0; at < kBytes; at += 4096) {
    (*mapped)->data()[at] = 'x';
  }
  EXPECT_TRUE((*mapped)->isCached(all));
  EXPECT_TRUE((*mapped)->isCached(all.substr(4095, 2)));
  EXPECT_TRUE((*mapped)->isCached(all.substr(0, 0)));
}

TEST_F(FileSystemTest, RangeIsSentToASocket) {
  constexpr int64_t kBytes = 64 << 10;
  for (const FileUse use : {FileUse::kStream, FileUse::kScattered}) {
    const auto mapped = files_.map(dir_ / "file", {.bytes = kBytes, .create = true, .use = use});
    ASSERT_TRUE(mapped.ok());
    for (int64_t at = 0; at < kBytes; ++at) {
      (*mapped)->data()[at] = static_cast<char>(at * 31 / 7);
    }
    const std::string_view range((*mapped)->data() + 4001, 9000);
    std::array<int, 2> ends{};
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
    const Descriptor from(ends[0]);
    const Descriptor to(ends[1]);
    ASSERT_EQ(std::ssize(range), (*mapped)->sendTo(from.get(), range));
    std::string received(range.size(), '\0');
    ASSERT_EQ(std::ssize(range), ::recv(to.get(), received.data(), received.size(), MSG_WAITALL));
    EXPECT_EQ(range, received);
  }
}

TEST_F(FileSystemTest, NothingIsSentOfAFileThatHasBecomeShorter) {
  constexpr int64_t kBytes = 64 << 10;
  const auto mapped = files_.map(dir_ / "file", {.bytes = kBytes, .create = true});
  ASSERT_TRUE(mapped.ok());
  ASSERT_EQ(0, ::truncate((dir_ / "file").c_str(), 4096));
  std::array<int, 2> ends{};
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
  const Descriptor from(ends[0]);
  const Descriptor to(ends[1]);
  EXPECT_EQ(0, (*mapped)->sendTo(from.get(), {(*mapped)->data() + 8192, 100}));
}

TEST_F(FileSystemTest, ReserveWorksOnAFileThatIsNotKeptOpen) {
  auto mapped =
      files_.map(dir_ / "m", {.bytes = 1 << 20, .create = true, .use = FileUse::kScattered});
  ASSERT_TRUE(mapped.ok());
  ASSERT_TRUE((*mapped)->reserve(4096, 4096).isOk());
  struct stat raw {};
  ASSERT_EQ(0, ::stat((dir_ / "m").c_str(), &raw));
  EXPECT_GE(raw.st_blocks * 512, 4096);
}

TEST_F(FileSystemTest, ZeroClearsExactlyItsRange) {
  constexpr int64_t kBytes = 5 * 4096;
  auto mapped = files_.map(dir_ / "m", {.bytes = kBytes, .create = true});
  ASSERT_TRUE(mapped.ok());
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{10, 20},
                                   {100, 3 * 4096 + 7},
                                   {4096, 8192},
                                   {0, kBytes},
                                   {4000, 4100}}) {
    std::fill((*mapped)->data(), (*mapped)->data() + kBytes, 'x');
    ASSERT_TRUE((*mapped)->zero(begin, end - begin).isOk());
    std::string expected(static_cast<size_t>(kBytes), 'x');
    std::fill(expected.begin() + begin, expected.begin() + end, '\0');
    EXPECT_EQ(expected, std::string((*mapped)->data(), static_cast<size_t>(kBytes)))
        << begin << " to " << end;
  }
}

TEST_F(FileSystemTest, MappingOutlivesItsFile) {
  auto mapped = files_.map(dir_ / "m", {.bytes = 4096, .create = true});
  ASSERT_TRUE(mapped.ok());
  (*mapped)->data()[0] = 'x';
  ASSERT_TRUE(files_.remove(dir_ / "m").isOk());
  EXPECT_EQ('x', (*mapped)->data()[0]);
}

TEST_F(FileSystemTest, CreatedFileReplacesAnOldOne) {
  ASSERT_TRUE((*files_.open(dir_ / "m"))->write(0, std::string(8192, 'x')).isOk());
  auto mapped = files_.map(dir_ / "m", {.bytes = 4096, .create = true});
  ASSERT_TRUE(mapped.ok());
  EXPECT_EQ('\0', (*mapped)->data()[0]);
  EXPECT_EQ(4096, files_.info(dir_ / "m").value()->bytes);
}

TEST_F(FileSystemTest, SpaceOfTheDiskIsPlausible) {
  const auto space = files_.space(dir_.path().string());
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->available_bytes, 0);
  EXPECT_GT(space->usedRatio(), 0.0);
  EXPECT_LT(space->usedRatio(), 1.0);
  EXPECT_EQ(StatusCode::kNotFound, files_.space(dir_ / "none").status().code());
}

// Freed blocks cost milliseconds each on a disk that is told of them, and every start of a store
// clears behind the end of each queue.
TEST_F(FileSystemTest, ZeroKeepsReservedBlocksInWhichNothingIsWritten) {
  constexpr int64_t kBytes = 8 << 20;
  constexpr int64_t kReserved = 256 << 10;
  auto mapped =
      files_.map(dir_ / "m", {.bytes = kBytes, .create = true, .use = FileUse::kScattered});
  ASSERT_TRUE(mapped.ok() && (*mapped)->reserve(0, kReserved).isOk());
  (*mapped)->data()[100] = 'x';
  (*mapped)->data()[200] = 'x';
  // The system takes what was read for written.
  ASSERT_EQ(static_cast<size_t>(kReserved), (*files_.open(dir_ / "m"))->read(0, kReserved)->size());
  ASSERT_TRUE((*mapped)->zero(150, kBytes - 150).isOk());
  struct stat raw {};
  ASSERT_EQ(0, ::stat((dir_ / "m").c_str(), &raw));
  EXPECT_GE(raw.st_blocks * 512, kReserved);
  EXPECT_EQ('x', (*mapped)->data()[100]);
  EXPECT_EQ('\0', (*mapped)->data()[200]);

  (*mapped)->data()[kReserved - 1] = 'x';
  ASSERT_TRUE((*mapped)->zero(150, kBytes - 150).isOk());
  EXPECT_EQ('\0', (*mapped)->data()[kReserved - 1]);
  ASSERT_EQ(0, ::stat((dir_ / "m").c_str(), &raw));
  EXPECT_LT(raw.st_blocks * 512, kReserved);
}

// A store into a sparse file must not pull the rest of it into the cache as zeros.
TEST_F(FileSystemTest, ScatteredFilesAreNotReadAhead) {
  constexpr int64_t kBytes = 6'000'000;
  constexpr size_t kPageBytes = 4096;
  auto mapped =
      files_.map(dir_ / "m", {.bytes = kBytes, .create = true, .use = FileUse::kScattered});
  ASSERT_TRUE(mapped.ok());
  (*mapped)->data()[0] = 'x';
  std::vector<unsigned char> pages((kBytes + kPageBytes - 1) / kPageBytes);
  ASSERT_EQ(0, ::mincore((*mapped)->data(), kBytes, pages.data()));
  EXPECT_LE(std::count_if(pages.begin(), pages.end(), [](auto page) { return (page & 1) != 0; }),
            4);
}

TEST_F(FileSystemTest, LockExcludesASecondOwnerInTheSameProcess) {
  auto first = files_.lock(dir_ / "lock");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(StatusCode::kBusy, files_.lock(dir_ / "lock").status().code());
  first->reset();
  EXPECT_TRUE(files_.lock(dir_ / "lock").ok());
}

TEST_F(FileSystemTest, WhoAsksWhetherAFolderIsLockedDoesNotKeepItsOwnerOut) {
  const std::string folder = dir_ / "folder";
  ASSERT_TRUE(files_.createDirectories(folder).isOk());
  const Descriptor asking(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(0, ::flock(asking.get(), LOCK_SH));
  EXPECT_EQ(StatusCode::kBusy, files_.lock(folder).status().code());
  std::thread asks_for_a_moment([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::flock(asking.get(), LOCK_UN);
  });
  const auto lock = files_.lock(folder);
  asks_for_a_moment.join();
  EXPECT_TRUE(lock.ok()) << lock.status().message();
  EXPECT_EQ(StatusCode::kBusy, files_.lock(folder).status().code());
}

/// Whether another process gets the lock that a Java FileChannel asks for; the file's end code.
int classicLockInAnotherProcess(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_len = 1;
    const int fd = ::open(path.c_str(), O_RDWR);
    ::_exit(::fcntl(fd, F_SETLK, &range) == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST_F(FileSystemTest, LockAndTheClassicLockOfJavaExcludeEachOther) {
  auto lock = files_.lock(dir_ / "lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(1, classicLockInAnotherProcess(dir_ / "lock"));
  lock->reset();
  EXPECT_EQ(0, classicLockInAnotherProcess(dir_ / "lock"));

  // And the other way round: this process holds a classic lock.
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  const int fd = ::open((dir_ / "lock").c_str(), O_RDWR);
  ASSERT_EQ(0, ::fcntl(fd, F_SETLK, &range));
  const auto refused = files_.lock(dir_ / "lock");
  EXPECT_EQ(StatusCode::kBusy, refused.status().code());
  EXPECT_NE(std::string::npos,
            refused.status().message().find("pid " + std::to_string(::getpid())));
  ::close(fd);
}

}  // namespace
}  // namespace rocketmq
