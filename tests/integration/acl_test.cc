// Promises: a broker with aclEnable=true serves those who sign with an account's key, lets them do
// what the account may, takes changes without a restart, and writes no secret anywhere.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/exceptions.h"
#include "tests/integration/client_fixture.h"
#include "tests/support/read_file.h"
#include "tests/support/slave.h"

namespace rocketmq::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAdminSecret = "secret-of-administrator";
constexpr const char* kAppSecret = "secret-of-application";
constexpr const char* kWrongSecret = "secret-of-a-stranger";

/// Name server, broker with ACL, and mqadmin with an administrator's key.
class AclTest : public ::testing::Test {
 protected:
  AclTest() {
    std::filesystem::create_directories(folder_ / "conf");
    std::ofstream(folder_ / "conf/tools.yml")
        << "accessKey: administrator\nsecretKey: " << kAdminSecret << "\n";
    ::setenv("ROCKETMQ_HOME", folder_.path().c_str(), 1);  // For mqadmin.
  }
  ~AclTest() override { ::unsetenv("ROCKETMQ_HOME"); }

  void start(const std::string& application) {
    writeAcl(application);
    cluster_ = std::make_unique<Cluster>(
        folder_.path().string(), Cluster::Settings{{"aclEnable", "true"},
                                                   {"rocketmqHome", folder_.path().string()},
                                                   {"traceTopicEnable", "true"},
                                                   {"messageDelayLevel", "1s 1s 1s 1s 1s"}});
    cluster_->start();
    cluster_->createTopic("T");
    cluster_->createTopic("Other");
  }

  /// `application` are more lines of its account.
  void writeAcl(const std::string& application) const {
    std::ofstream(folder_ / "conf/plain_acl.yml")
        << "accounts:\n  - accessKey: administrator\n    secretKey: " << kAdminSecret
        << "\n    admin: true\n  - accessKey: application\n    secretKey: " << kAppSecret << "\n"
        << application;
  }

  template <class Config>
  Config config(const std::string& access_key, const std::string& secret_key) const {
    Config config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.credentials.access_key = access_key;
    config.credentials.secret_key = secret_key;
    return config;
  }

  std::unique_ptr<DefaultMQProducer> producer(const std::string& access_key,
                                              const std::string& secret_key,
                                              bool traces = false) const {
    auto settings = config<ProducerConfig>(access_key, secret_key);
    settings.producer_group = "P";
    settings.retry_times_when_send_failed = 0;
    settings.enable_msg_trace = traces;
    auto made = std::make_unique<DefaultMQProducer>(settings);
    made->start();
    return made;
  }

  std::unique_ptr<DefaultMQPushConsumer> consumer(const std::string& group,
                                                  const std::string& topic, Inbox& inbox) const {
    auto settings = config<PushConsumerConfig>("application", kAppSecret);
    settings.consumer_group = group;
    settings.consume_from_where = ConsumeFromWhere::kFirstOffset;
    auto made = std::make_unique<DefaultMQPushConsumer>(settings);
    made->subscribe(topic, "*");
    made->registerMessageListener(
        [&inbox](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          for (const MessageExt& message : messages) {
            inbox.take(message);
            if (message.reconsumeTimes() == 0 && message.body() == "again") {
              return ConsumeConcurrentlyStatus::kReconsumeLater;
            }
          }
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    made->start();
    return made;
  }

  /// "" for a message that was stored, else the broker's code and remark.
  static std::string send(DefaultMQProducer& producer, const std::string& topic,
                          const std::string& body = "body") {
    Message message(topic, body);
    try {
      producer.send(message);
      return "";
    } catch (const MQBrokerException& refusal) {
      return std::to_string(refusal.code()) + " " + refusal.what();
    } catch (const MQException& error) {
      return error.what();
    }
  }

  /// No file that daemons wrote by themselves, and no output, has a secret in it.
  void expectNoSecretsInLogs() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      const std::string name = entry.path().string();
      // The store's mapped files are large, and empty but for messages.
      if (!entry.is_regular_file() || name.starts_with(folder_ / "conf/") ||
          entry.file_size() > (4u << 20)) {
        continue;
      }
      ++files;
      const std::string text = readFile(entry.path());
      for (const char* const secret : {kAdminSecret, kAppSecret, kWrongSecret}) {
        EXPECT_EQ(text.find(secret), std::string::npos) << name;
      }
    }
    EXPECT_GE(files, 4u);
    EXPECT_THAT(readFile(folder_ / "logs/broker.log"), HasSubstr("ACL: "));
  }

  bool logHas(const std::string& text) const {
    return eventually(
        [&] { return readFile(folder_ / "logs/broker.log").find(text) != std::string::npos; });
  }

  TempDir folder_;
  std::unique_ptr<Cluster> cluster_;
};

TEST_F(AclTest, TheLoadGeneratorSignsOverConnectionsOfItsOwnToo) {
  start("    topicPerms: [T=PUB|SUB]\n");
  const auto load = [this](const char* secret) {
    return runProgram(programPath("rocketmq-bench"),
                      {"produce", "-n", cluster_->namesrvAddr(), "-t", "T", "-c", "2", "-m", "20",
                       "--no-progress", "--accessKey", "application", "--secretKey", secret});
  };
  const auto known = load(kAppSecret);
  EXPECT_EQ(known.status, 0) << known.output;
  EXPECT_THAT(known.output, HasSubstr(" 0 failed"));
  EXPECT_THAT(load(kWrongSecret).output, HasSubstr("Check signature failed"));
}

TEST_F(AclTest, ClientsMayDoWhatTheirAccountMayAndNothingElse) {
  start("    topicPerms: [T=PUB|SUB, In=PUB, Out=SUB, None=DENY]\n    groupPerms: [G=SUB]\n");
  for (const char* const topic : {"In", "Out", "None"}) {
    cluster_->createTopic(topic);
  }
  const auto known = producer("application", kAppSecret, true);
  Message traced("T", "one");
  const std::string id = known->send(traced).msg_id;
  // Its account has no permission of its own for the topic of traces.
  EXPECT_TRUE(eventually(
      [&] {
        return cluster_->admin({"queryMsgTraceById", "-i", id}).output.find("success") !=
               std::string::npos;
      },
      std::chrono::seconds(60)));
  EXPECT_EQ(send(*known, "T", "again"), "");
  EXPECT_EQ(send(*known, "In"), "");
  for (const char* const topic : {"Out", "None", "Other"}) {
    EXPECT_THAT(send(*known, topic),
                testing::AllOf(testing::StartsWith("16 "), HasSubstr("permission for topic"),
                               HasSubstr(topic)));
  }
  const auto administrator = producer("administrator", kAdminSecret);
  EXPECT_EQ(send(*administrator, "Out", "out"), "");

  const auto stranger = producer("application", kWrongSecret);
  EXPECT_THAT(send(*stranger, "T"), HasSubstr("Check signature failed for accessKey=application"));
  const auto unknown = producer("nobody-knows-me", kWrongSecret);
  EXPECT_THAT(send(*unknown, "T"), HasSubstr("No acl config for nobody-knows-me"));
  const auto nobody = producer("", "");
  EXPECT_THAT(send(*nobody, "T"), HasSubstr("No accessKey is configured"));
  EXPECT_THROW(producer("application", ""), MQClientException);

  Inbox inbox;
  Inbox nothing;
  {
    const auto good = consumer("G", "T", inbox);
    const auto bad_group = consumer("H", "T", nothing);
    const auto bad_topic = consumer("G2", "Other", nothing);
    // The second delivery has come through the retry topic.
    EXPECT_TRUE(eventually([&] { return inbox.received() >= 3 && inbox.different() == 2; },
                           std::chrono::seconds(60)));
  }
  EXPECT_EQ(nothing.received(), 0u);

  auto lite_config = config<LitePullConsumerConfig>("application", kAppSecret);
  lite_config.consumer_group = "G";
  DefaultLitePullConsumer lite(lite_config);
  lite.start();
  const auto queues = lite.fetchMessageQueues("T");
  EXPECT_EQ(queues.size(), 4u);
  lite.shutdown();

  EXPECT_TRUE(logHas("the account lacks a permission for a topic"));
  expectNoSecretsInLogs();
}

TEST_F(AclTest, AdministratorsChangeAccountsByRequest) {
  start("");
  const auto admin = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, {"-b", cluster_->brokerAddr()});
    return cluster_->admin(arguments);
  };
  const auto made = admin({"updateAclConfig", "-a", "newcomer", "-s", kWrongSecret, "-t",
                           "T=PUB|SUB,Other=DENY", "-g", "G=SUB", "-i", "DENY", "-u", "DENY"});
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("create or update plain access config to " +
                                     cluster_->brokerAddr() + " success."));
  EXPECT_THAT(made.output, Not(HasSubstr(kWrongSecret)));
  const auto newcomer = producer("newcomer", kWrongSecret);
  EXPECT_EQ(send(*newcomer, "T"), "");
  EXPECT_THAT(send(*newcomer, "Other"), HasSubstr("No permission for topic Other"));

  const auto version = admin({"clusterAclConfigVersion"});
  EXPECT_EQ(version.status, 0) << version.output;
  EXPECT_THAT(version.output, HasSubstr("#AclConfigVersionNum"));
  EXPECT_THAT(version.output, HasSubstr(folder_ / "conf/plain_acl.yml"));
  const auto shown = admin({"getAclConfig"});
  EXPECT_THAT(shown.output, HasSubstr("accessKey         : newcomer"));
  EXPECT_THAT(shown.output, HasSubstr("topicPerms        : [T=PUB|SUB, Other=DENY]"));

  EXPECT_EQ(admin({"deleteAccessConfig", "-a", "newcomer"}).status, 0);
  EXPECT_THAT(send(*newcomer, "T"), HasSubstr("No acl config for newcomer"));
  EXPECT_THAT(admin({"deleteAclConfig", "-a", "newcomer"}).output, HasSubstr("CODE: 210"));

  const auto nobody = producer("", "");
  EXPECT_NE(send(*nobody, "T"), "");
  EXPECT_EQ(admin({"updateGlobalWhiteAddr", "-g", "127.0.0.1"}).status, 0);
  EXPECT_EQ(send(*nobody, "T"), "");
  EXPECT_EQ(admin({"updateGlobalWhiteAddr", "-g", "10.0.0.*"}).status, 0);
  EXPECT_NE(send(*nobody, "T"), "");
  EXPECT_THAT(admin({"updateGlobalWhiteAddr", "-g", "here"}).output, HasSubstr("CODE: 211"));
  EXPECT_THAT(admin({"updateAclConfig", "-a", "short", "-s", "short"}).output,
              HasSubstr("CODE: 209"));
  const auto config = admin({"getBrokerConfig"});
  EXPECT_THAT(config.output, Not(HasSubstr("secret-of-")));

  // mqadmin as the application, then as nobody.
  std::ofstream(folder_ / "conf/tools.yml")
      << "accessKey: application\nsecretKey: " << kAppSecret << "\n";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"updateTopic", "-t", "New"}, {"deleteSubGroup", "-g", "G"}, {"getAclConfig"}}) {
    const auto refused = admin(command);
    EXPECT_NE(refused.status, 0);
    EXPECT_THAT(refused.output, HasSubstr("Need admin permission")) << command[0];
  }
  EXPECT_EQ(admin({"brokerStatus"}).status, 0);
  std::filesystem::remove(folder_ / "conf/tools.yml");
  EXPECT_THAT(admin({"brokerStatus"}).output, HasSubstr("No accessKey is configured"));
  std::ofstream(folder_ / "conf/tools.yml") << "accessKey: [" << kAppSecret << "\n";
  const auto broken = admin({"brokerStatus"});
  EXPECT_NE(broken.status, 0);
  EXPECT_THAT(broken.output, HasSubstr("tools.yml: line "));
  EXPECT_THAT(broken.output, Not(HasSubstr(kAppSecret)));
  expectNoSecretsInLogs();
}

TEST_F(AclTest, RulesChangeWhileMessagesAreSentAndABadFileChangesNothing) {
  start("    topicPerms: [T=PUB]\n");
  const auto steady = producer("application", kAppSecret);
  std::atomic<bool> stop{false};
  std::atomic<int> sent{0};
  std::atomic<int> failed{0};
  std::thread sender([&] {
    while (!stop) {
      ++(send(*steady, "T") == "" ? sent : failed);
    }
  });
  const auto other = producer("application", kAppSecret);
  EXPECT_NE(send(*other, "Other"), "");
  writeAcl("    topicPerms: [T=PUB, Other=PUB]\n");
  EXPECT_TRUE(eventually([&] { return send(*other, "Other") == ""; }));
  std::ofstream(folder_ / "conf/plain_acl.yml") << "accounts:\n  - accessKey: [\n";
  EXPECT_TRUE(
      logHas("the old rules stay in force: " + (folder_ / "conf/plain_acl.yml") + ": line "));
  EXPECT_EQ(send(*other, "Other"), "");
  writeAcl("    topicPerms: [T=PUB]\n");
  EXPECT_TRUE(eventually([&] { return send(*other, "Other") != ""; }));
  const int before = sent;
  EXPECT_TRUE(eventually([&] { return sent > before + 10; }));
  stop = true;
  sender.join();
  EXPECT_EQ(failed, 0);
  expectNoSecretsInLogs();
}

TEST_F(AclTest, ASlaveSignsWithItsToolsFileAndSaysSoWhenItHasNone) {
  start("    topicPerms: [T=PUB]\n");
  const auto known = producer("application", kAppSecret);
  EXPECT_EQ(send(*known, "T"), "");
  const TempDir slave_folder;
  Slave slave(*cluster_, slave_folder.path().string(),
              {{"aclEnable", "true"}, {"rocketmqHome", slave_folder.path().string()}});
  slave.start();
  EXPECT_TRUE(eventually([&] {
    return readFile(slave_folder / "logs/broker.log").find("the topics cannot be copied from") !=
           std::string::npos;
  }));
  EXPECT_THAT(readFile(slave_folder / "logs/broker.log"), HasSubstr("No accessKey is configured"));
  slave.stop();
  slave.set("rocketmqHome", folder_.path().string());
  slave.start();
  EXPECT_TRUE(eventually([&] { return slave.hasCaughtUp(); }, std::chrono::seconds(60)));
  // Topics come by requests to the master.
  EXPECT_TRUE(eventually(
      [&] {
        return readFile(slave_folder / "store/config/topics.json").find("\"T\"") !=
               std::string::npos;
      },
      std::chrono::seconds(60)));
  int64_t age = 0;
  EXPECT_TRUE(eventually(
      [&] {
        const int64_t before = age;
        age = std::atoll(runtimeInfo(*cluster_, slave.address(), "haTablesAgeSeconds").c_str());
        return age < before;
      },
      std::chrono::seconds(60)))
      << "all tables come, and come again";
  expectNoSecretsInLogs();
}

TEST_F(AclTest, ABrokerWithAclDoesNotStartWithoutAHomeOrWithABadFile) {
  std::ofstream(folder_ / "conf/plain_acl.yml") << "accounts:\n  - accessKey: application\n";
  std::ofstream(folder_ / "broker.conf")
      << "aclEnable=true\nlistenPort=" << freePort()
      << "\nbrokerIP1=127.0.0.1\nstorePathRootDir=" << (folder_ / "store")
      << "\nlogDir=" << (folder_ / "logs") << "\n";
  const auto bad = runProgram(programPath("rocketmq-broker"), {"-c", folder_ / "broker.conf"});
  EXPECT_NE(bad.status, 0);
  EXPECT_THAT(bad.output, HasSubstr("plain_acl.yml: line 2: the account's secretKey"));
  ::unsetenv("ROCKETMQ_HOME");
  const auto homeless = runProgram(programPath("rocketmq-broker"), {"-c", folder_ / "broker.conf"});
  EXPECT_NE(homeless.status, 0);
  EXPECT_THAT(homeless.output, HasSubstr("ROCKETMQ_HOME"));
}

}  // namespace
}  // namespace rocketmq::test
