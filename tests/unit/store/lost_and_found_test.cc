#include <filesystem>

#include "store/inspect/store_layout.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// Refuses to list one folder, as it does to whoever is not root.
class RootsFolder final : public rocketmq::test::ForwardingFileSystem {
 public:
  explicit RootsFolder(FileSystem& below) : ForwardingFileSystem(below) {}

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return path == refused ? Status::io("cannot list " + path, EACCES)
                           : ForwardingFileSystem::list(path);
  }
  std::string refused;
};

class LostAndFoundTest : public StoreTest {
 protected:
  void expectOpens(bool opens) {
    const auto store = MessageStore::open(options_, clock_, listener_, refusing_);
    EXPECT_EQ(opens, store.ok()) << store.status().message();
    if (store.ok()) {
      EXPECT_TRUE((*store)->close().isOk());
    }
    const auto layout = inspect::readLayout(refusing_, root(), {}, [](const inspect::Finding&) {});
    EXPECT_EQ(opens, layout.ok()) << layout.status().message();
  }
  RootsFolder refusing_{files_};
};

// The queues may lie on a disk of their own.
TEST_F(LostAndFoundTest, AFolderThatIsNoTopicsNeedNotBeReadable) {
  open();
  send("A", 0, 100);
  close();
  refusing_.refused = root() + "/consumequeue/lost+found";
  std::filesystem::create_directory(refusing_.refused);
  expectOpens(true);
  // A file of a wrong length leads to another look at all queues.
  std::filesystem::resize_file(queueFile("A", 0), 30);
  expectOpens(true);
  refusing_.refused = root() + "/consumequeue/A";
  expectOpens(false);
}

}  // namespace
}  // namespace rocketmq::store::test
