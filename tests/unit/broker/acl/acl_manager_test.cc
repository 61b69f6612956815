#include "broker/acl/acl_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "common/log.h"
#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/broker/acl/signed_request.h"
#include "tests/unit/broker/fake_connection.h"

namespace rocketmq::broker {
namespace {

using remoting::RequestCode;
using remoting::UpdateAndCreateAclConfig;
using test::readFile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAccount =
    "accounts:\n  - accessKey: application\n    secretKey: very-secret-key\n"
    "    defaultTopicPerm: PUB\n";

class AclManagerTest : public ::testing::Test {
 protected:
  AclManagerTest() { std::filesystem::create_directories(home_ / "conf"); }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = home_ / ("conf/" + name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string path(const std::string& name) const { return home_ / ("conf/" + name); }

  void open() {
    auto manager = AclManager::open(home_.path().string(), "DefaultCluster_REPLY_TOPIC", clock_);
    ASSERT_TRUE(manager.ok()) << manager.status().message();
    manager_ = std::move(*manager);
  }
  std::string openError() const {
    const auto manager =
        AclManager::open(home_.path().string(), "DefaultCluster_REPLY_TOPIC", clock_);
    EXPECT_FALSE(manager.ok());
    return manager.status().message();
  }

  /// The remark for a send to `topic`, or "" when it may pass.
  std::string send(const std::string& topic, const std::string& account = "application",
                   const std::string& secret = "very-secret-key") const {
    const SignedRequest request(
        RequestCode::kSendMessageV2, {{"b", topic}},
        {.access_key = account, .secret_key = secret, .security_token = {}});
    const auto answer = manager_->guard({.connection = connection_, .command = request.view()});
    if (answer) {
      EXPECT_EQ(answer->code, remoting::ResponseCode::kNoPermission);
    }
    return answer ? answer->remark : "";
  }

  /// As often as it takes to see a change and that it has settled.
  void reload() const {
    manager_->reloadIfChanged();
    manager_->reloadIfChanged();
  }

  test::TempDir home_;
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<AclManager> manager_;
  const remoting::ConnectionPtr connection_ = std::make_shared<FakeConnection>(1);
};

TEST_F(AclManagerTest, WithoutAFileEverythingIsRefused) {
  open();
  EXPECT_THAT(send("T"), HasSubstr("No acl config for application"));
  EXPECT_FALSE(std::filesystem::exists(path("plain_acl.yml")));
  EXPECT_THAT(AclManager::open("", "", clock_).status().message(), HasSubstr("ROCKETMQ_HOME"));
}

TEST_F(AclManagerTest, EveryFileBelowTheFolderIsReadAndItsAccountsWin) {
  write("plain_acl.yml", kAccount);
  write("acl/a.yml", "accounts: [{accessKey: other-one, secretKey: very-secret-key, admin: true}]");
  write("acl/deep/b.yaml",
        "accounts: [{accessKey: application, secretKey: changed-secret, admin: true}]");
  write("acl/..2024/c.yml", "no: [");
  write("acl/d.txt", "no: [");
  write("acl/.e.yml", "no: [");
  open();
  EXPECT_EQ(send("T", "other-one"), "");
  EXPECT_NE(send("T"), "");
  EXPECT_EQ(send("T", "application", "changed-secret"), "");
  const remoting::AclConfig config = manager_->config();
  ASSERT_EQ(config.plain_access_configs.size(), 2u);
  EXPECT_EQ(config.plain_access_configs[1].secret_key, "changed-secret");
  EXPECT_EQ(manager_->versions().size(), 3u);
}

TEST_F(AclManagerTest, ABadFileStopsTheStartAndIsNamed) {
  write("plain_acl.yml", std::string(kAccount) + "  broken");
  EXPECT_THAT(openError(), HasSubstr(path("plain_acl.yml") + ": line "));
  write("plain_acl.yml", std::string(kAclFileBytesMax + 1, '#'));
  EXPECT_THAT(openError(), HasSubstr("larger than 1048576 bytes"));
  write("plain_acl.yml", kAccount);
  for (size_t i = 0; i < AclManager::kFilesMax; ++i) {
    write("acl/" + std::to_string(i) + ".yml", "");
  }
  EXPECT_THAT(openError(), HasSubstr("more than 64 files"));
}

TEST_F(AclManagerTest, AChangedFileIsReadOnceItHasSettledAndABadOneChangesNothing) {
  write("plain_acl.yml", kAccount);
  open();
  EXPECT_EQ(send("T"), "");

  write("plain_acl.yml", std::string(kAccount) + "    topicPerms: [T=DENY]\n");
  manager_->reloadIfChanged();
  EXPECT_EQ(send("T"), "");
  manager_->reloadIfChanged();
  EXPECT_THAT(send("T"), HasSubstr("No permission for topic T"));
  EXPECT_EQ(send("U"), "");

  for (const char* const bad :
       {"accounts: [", "accounts: {}\n", "globalWhiteRemoteAddresses: [x]"}) {
    write("plain_acl.yml", bad);
    reload();
    EXPECT_NE(send("T"), "") << bad;
    EXPECT_EQ(send("U"), "") << bad;
  }

  std::filesystem::remove(path("plain_acl.yml"));
  write("acl/new.yml", kAccount);
  reload();
  EXPECT_EQ(send("T"), "");
}

TEST_F(AclManagerTest, RulesChangeUnderThreadsThatAsk) {
  write("plain_acl.yml", kAccount);
  open();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        EXPECT_EQ(send("T"), "");
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    UpdateAndCreateAclConfig request;
    request.access_key = "another" + std::to_string(i);
    request.secret_key = "very-secret-key";
    request.admin = true;
    EXPECT_TRUE(manager_->updateAccount(request).isOk());
    EXPECT_EQ(send("T", request.access_key), "");
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(AclManagerTest, AnAccountIsMadeChangedAndDeletedInTheFile) {
  write("acl/other.yml", "accounts: [{accessKey: elsewhere, secretKey: very-secret-key}]");
  open();
  UpdateAndCreateAclConfig request;
  request.access_key = "application";
  request.secret_key = "very-secret-key";
  request.topic_perms = "T=PUB, U=DENY";
  ASSERT_TRUE(manager_->updateAccount(request).isOk());
  EXPECT_EQ(send("T"), "");
  EXPECT_THAT(send("U"), HasSubstr("No permission"));
  EXPECT_EQ(manager_->defaultVersion().counter, 1);
  EXPECT_EQ(manager_->defaultVersion().timestamp, clock_.nowMs());
  struct stat info {};
  ASSERT_EQ(stat(path("plain_acl.yml").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  clock_.advance(std::chrono::milliseconds(5));
  UpdateAndCreateAclConfig change;
  change.access_key = "application";
  change.default_topic_perm = "PUB";
  ASSERT_TRUE(manager_->updateAccount(change).isOk());
  EXPECT_EQ(send("V"), "");
  EXPECT_THAT(send("U"), HasSubstr("No permission"));
  EXPECT_EQ(manager_->defaultVersion().counter, 2);
  EXPECT_EQ(manager_->defaultVersion().timestamp, clock_.nowMs());

  change.access_key = "elsewhere";
  ASSERT_TRUE(manager_->updateAccount(change).isOk());
  EXPECT_THAT(readFile(path("acl/other.yml")), HasSubstr("PUB"));
  EXPECT_EQ(manager_->versions().at(path("acl/other.yml")).counter, 1);

  // What was written is what a broker that starts now would read.
  reload();
  EXPECT_EQ(send("V"), "");
  open();
  EXPECT_EQ(send("V"), "");
  EXPECT_EQ(send("V", "elsewhere"), "");

  ASSERT_TRUE(manager_->deleteAccount("application").isOk());
  EXPECT_THAT(send("V"), HasSubstr("No acl config"));
  EXPECT_THAT(readFile(path("plain_acl.yml")), Not(HasSubstr("application")));
  EXPECT_THAT(readFile(path("plain_acl.yml.bak")), HasSubstr("application"));
  EXPECT_EQ(manager_->deleteAccount("application").code(), StatusCode::kNotFound);
}

TEST_F(AclManagerTest, WhiteAddressesAreReplacedInTheFileThatIsNamed) {
  write("acl/other.yml", "globalWhiteRemoteAddresses: [1.1.1.1]");
  open();
  ASSERT_TRUE(manager_
                  ->updateGlobalWhiteAddresses(
                      {.global_white_addrs = "10.0.0.*, 10.1.0.1", .acl_file_full_path = {}})
                  .isOk());
  EXPECT_EQ(send("T", "nobody at all"), "");
  ASSERT_TRUE(manager_
                  ->updateGlobalWhiteAddresses({.global_white_addrs = "2.2.2.2",
                                                .acl_file_full_path = path("acl/other.yml")})
                  .isOk());
  EXPECT_THAT(manager_->config().global_white_addrs,
              ElementsAre("2.2.2.2", "10.0.0.*", "10.1.0.1"));
  ASSERT_TRUE(
      manager_->updateGlobalWhiteAddresses({.global_white_addrs = "", .acl_file_full_path = {}})
          .isOk());
  EXPECT_NE(send("T", "nobody at all"), "");
  for (const std::string& elsewhere :
       {path("tools.yml"), path("acl/../../x.yml"), std::string("/etc/passwd")}) {
    EXPECT_EQ(manager_
                  ->updateGlobalWhiteAddresses(
                      {.global_white_addrs = "*", .acl_file_full_path = elsewhere})
                  .code(),
              StatusCode::kNotFound);
  }
  EXPECT_FALSE(
      manager_->updateGlobalWhiteAddresses({.global_white_addrs = "here", .acl_file_full_path = {}})
          .isOk());
}

TEST_F(AclManagerTest, ABadChangeLeavesFileAndRulesAlone) {
  write("plain_acl.yml", kAccount);
  open();
  const auto refused = [&](auto edit) {
    UpdateAndCreateAclConfig request;
    request.access_key = "new-account";
    request.secret_key = "very-secret-key";
    edit(request);
    const Status status = manager_->updateAccount(request);
    EXPECT_FALSE(status.isOk());
    EXPECT_THAT(status.message(), Not(HasSubstr("very-secret")));
    EXPECT_EQ(readFile(path("plain_acl.yml")), kAccount);
    return status.message();
  };
  using R = UpdateAndCreateAclConfig;
  EXPECT_THAT(refused([](R& r) { r.access_key = "short"; }), HasSubstr("longer than 6"));
  EXPECT_THAT(refused([](R& r) { r.secret_key = "short"; }), HasSubstr("longer than 6"));
  EXPECT_THAT(refused([](R& r) { r.secret_key.reset(); }), HasSubstr("needs a secretKey"));
  EXPECT_THAT(refused([](R& r) { r.topic_perms = "T"; }), HasSubstr("topicPerms: a permission"));
  EXPECT_THAT(refused([](R& r) { r.group_perms = "G=ALL"; }), HasSubstr("permission of G"));
  EXPECT_THAT(refused([](R& r) { r.white_remote_address = "here"; }), HasSubstr("no address"));

  // A change by hand that has not been read yet.
  const std::string by_hand = std::string(kAccount) + "    admin: true\n";
  write("plain_acl.yml", by_hand);
  UpdateAndCreateAclConfig request;
  request.access_key = "new-account";
  request.secret_key = "very-secret-key";
  EXPECT_EQ(manager_->updateAccount(request).code(), StatusCode::kBusy);
  EXPECT_EQ(readFile(path("plain_acl.yml")), by_hand);
  reload();
  EXPECT_TRUE(manager_->updateAccount(request).isOk());
  EXPECT_THAT(readFile(path("plain_acl.yml")), HasSubstr("admin: true"));
}

}  // namespace
}  // namespace rocketmq::broker
