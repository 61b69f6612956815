// TLS between real daemons, our client library and mqadmin, and what others see of it: OpenSSL's
// own client, peers without TLS, with the wrong certificate, and such that stop in the middle.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/client_fixture.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_socket.h"
#include "tests/support/read_file.h"

namespace rocketmq::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

/// The first byte of a TLS connection.
constexpr std::string_view kTlsByte("\x16", 1);

/// Name server and broker with TLS on every side, and one authority behind all certificates.
class TlsDaemonsTest : public ::testing::Test {
 protected:
  TlsDaemonsTest() {
    files_.makeAuthority("good");
    files_.makeCertificate("server", "good");
    files_.makeCertificate("client", "good");
  }

  /// What daemons have in their tls.properties when clients must show a certificate.
  std::string mutualSettings() const {
    return serverSettings() + "tls.server.need.client.auth=require\ntls.server.authClient=true\n" +
           "tls.server.trustCertPath=" + files_.pem("good") +
           "\ntls.client.keyPath=" + files_.key("client") +
           "\ntls.client.certPath=" + files_.pem("client") + "\n";
  }
  std::string serverSettings() const {
    return "tls.test.mode.enable=false\ntls.client.authServer=true\ntls.client.trustCertPath=" +
           files_.pem("good") + "\ntls.server.keyPath=" + files_.key("server") +
           "\ntls.server.certPath=" + files_.pem("server") + "\n";
  }

  void start(const std::string& tls_properties) {
    const std::string file = folder_ / "tls.properties";
    std::ofstream(file) << tls_properties;
    const Cluster::Settings settings{{"tls.server.mode", "enforcing"}, {"tls.config.file", file}};
    cluster_ = std::make_unique<Cluster>(folder_.path().string(), settings, settings);
    cluster_->start();
  }

  Cluster::Outcome admin(std::vector<std::string> arguments,
                         const std::vector<std::string>& properties) const {
    arguments.insert(arguments.end(), {"-Dtls.enable=true", "-Dtls.test.mode.enable=false"});
    for (const std::string& property : properties) {
      arguments.push_back("-Dtls.client." + property);
    }
    return cluster_->admin(arguments);
  }
  std::vector<std::string> shows(const std::string& certificate) const {
    return {"keyPath=" + files_.key(certificate), "certPath=" + files_.pem(certificate)};
  }
  std::vector<std::string> trusts(const std::string& authority) const {
    return {"authServer=true", "trustCertPath=" + files_.pem(authority)};
  }

  ClientConfig secureConfig(const std::string& certificate) const {
    ClientConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.use_tls = true;
    config.tls.trust_cert_path = files_.pem("good");
    if (!certificate.empty()) {
      config.tls.cert_path = files_.pem(certificate);
      config.tls.key_path = files_.key(certificate);
    }
    return config;
  }

  /// The names of the topics' brokers are known once a topic has been made.
  void createTopic(const std::vector<std::string>& properties) const {
    const Cluster::Outcome made = admin(
        {"updateTopic", "-b", cluster_->brokerAddr(), "-t", "T", "-r", "2", "-w", "2"}, properties);
    ASSERT_EQ(made.status, 0) << made.output;
  }

  /// True once a daemon's log has a line with `text`.
  bool logHas(const std::string& name, const std::string& text) const {
    return eventually([&] {
      return readFile(cluster_->folder() + "/logs/" + name).find(text) != std::string::npos;
    });
  }

  TempDir folder_;
  const Certificates files_{folder_.path().string()};
  std::unique_ptr<Cluster> cluster_;
};

std::unique_ptr<DefaultMQProducer> startProducer(const ClientConfig& client) {
  ProducerConfig config;
  static_cast<ClientConfig&>(config) = client;
  config.producer_group = "P";
  auto producer = std::make_unique<DefaultMQProducer>(config);
  producer->start();
  return producer;
}

std::unique_ptr<DefaultMQPushConsumer> startConsumer(const ClientConfig& client,
                                                     const std::string& topic, Inbox& inbox) {
  PushConsumerConfig config;
  static_cast<ClientConfig&>(config) = client;
  config.consumer_group = "CG_" + topic;
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
  consumer->subscribe(topic, "*");
  consumer->registerMessageListener(
      [&inbox](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        std::for_each(messages.begin(), messages.end(),
                      [&](const MessageExt& message) { inbox.take(message); });
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer->start();
  return consumer;
}

void sendOne(DefaultMQProducer& producer, const std::string& topic, const std::string& body) {
  Message message(topic, body);
  EXPECT_EQ(producer.send(message).status, SendStatus::kSendOk);
}

void sendTen(DefaultMQProducer& producer, const std::string& topic, const std::string& body) {
  for (int i = 0; i < 10; ++i) {
    sendOne(producer, topic, body + std::to_string(i));
  }
}

/// OpenSSL's own client: what it sends is `input`, one line of the shell.
Cluster::Outcome sClient(uint16_t port, const std::string& options,
                         const std::string& input = "true") {
  return runProgram("/bin/sh", {"-c", input + " | openssl s_client -connect 127.0.0.1:" +
                                          std::to_string(port) + " " + options});
}

TEST_F(TlsDaemonsTest, ClientsWithCertificatesDoAllAndTheLogSaysWhoIsRefusedAndWhy) {
  start(mutualSettings());
  std::vector<std::string> known = shows("client");
  for (const std::string& property : trusts("good")) {
    known.push_back(property);
  }
  createTopic(known);
  Inbox inbox;
  const auto producer = startProducer(secureConfig("client"));
  const auto consumer = startConsumer(secureConfig("client"), "T", inbox);
  sendTen(*producer, "T", "body ");
  sendOne(*producer, "T", std::string(1u << 20, 'b'));
  ASSERT_TRUE(eventually([&] { return inbox.different() == 11; }));

  const Cluster::Outcome list = admin({"clusterList"}, known);
  EXPECT_EQ(list.status, 0) << list.output;
  EXPECT_THAT(list.output, HasSubstr(cluster_->brokerAddr()));
  EXPECT_TRUE(eventually([&] {  // The broker learns of consumers by their heartbeats.
    return admin({"consumerConnection", "-g", "CG_T"}, known).output.find(consumer->clientId()) !=
           std::string::npos;
  }));

  // No TLS at all.
  for (const uint16_t port : {cluster_->namesrvPort(), cluster_->brokerPort()}) {
    auto plain = RawSocket::connectTo(port);
    ASSERT_TRUE(plain.write(std::string("\x00\x00\x00\x10plain", 9)));
    EXPECT_TRUE(plain.closedByPeer());
  }
  EXPECT_NE(cluster_->admin({"clusterList"}).status, 0);
  for (const char* const log : {"namesrv.log", "broker.log"}) {
    EXPECT_TRUE(logHas(log, "the peer does not use TLS, which tls.server.mode=enforcing requires"));
  }

  // TLS with the wrong certificates.
  files_.makeAuthority("other");
  files_.makeCertificate("stranger", "other");
  files_.makeCertificate("expired", "good", -1);
  EXPECT_NE(admin({"clusterList"}, trusts("good")).status, 0);
  EXPECT_TRUE(logHas("namesrv.log", "peer did not return a certificate"));
  EXPECT_NE(admin({"clusterList"}, shows("stranger")).status, 0);
  EXPECT_TRUE(logHas("namesrv.log", "unable to get local issuer certificate"));
  EXPECT_NE(admin({"clusterList"}, shows("expired")).status, 0);
  EXPECT_TRUE(logHas("namesrv.log", "certificate has expired"));
  const Cluster::Outcome distrustful = admin({"clusterList"}, trusts("other"));
  EXPECT_NE(distrustful.status, 0);
  EXPECT_THAT(distrustful.output, HasSubstr("TLS handshake failed: certificate verify failed"));

  sendTen(*producer, "T", "after ");
  EXPECT_TRUE(eventually([&] { return inbox.different() == 21; }));
}

TEST_F(TlsDaemonsTest, AChangedCertificateIsServedWithoutARestartAndOpenConnectionsGoOn) {
  start(serverSettings());
  createTopic(trusts("good"));
  const auto producer = startProducer(secureConfig(""));
  sendTen(*producer, "T", "before ");

  files_.makeAuthority("next");
  const auto isServed = [&](const std::string& authority) {
    return sClient(cluster_->brokerPort(), "-verify_return_error -CAfile " + files_.pem(authority))
               .status == 0;
  };
  EXPECT_TRUE(isServed("good"));
  EXPECT_FALSE(isServed("next"));
  files_.makeCertificate("server", "next");
  EXPECT_TRUE(eventually([&] { return isServed("next"); }));
  EXPECT_FALSE(isServed("good"));
  EXPECT_TRUE(logHas("broker.log", "TLS files have changed: new connections use"));
  sendTen(*producer, "T", "after ");
}

TEST_F(TlsDaemonsTest, FilesWithoutTlsAreAMistakeThatStartNames) {
  start(serverSettings());
  ClientConfig config = secureConfig("");
  config.use_tls = false;
  try {
    startProducer(config);
    FAIL() << "started";
  } catch (const MQClientException& error) {
    EXPECT_THAT(error.what(), HasSubstr("set use_tls"));
  }
  config.use_tls = true;
  config.tls.trust_cert_path = "/nowhere.pem";
  try {
    startProducer(config);
    FAIL() << "started";
  } catch (const MQClientException& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("tls.client.trustCertPath = /nowhere.pem"),
                                    HasSubstr("No such file or directory")));
  }
}

/// The settings as they come: permissive, with a certificate of the daemon's own.
using PermissiveTest = ClientFixture;

TEST_F(PermissiveTest, BothKindsOfClientsAreServedAtOnceWhileOthersHangInTheirHandshake) {
  std::vector<RawSocket> silent;
  for (int i = 0; i < 20; ++i) {
    for (const uint16_t port : {cluster_->namesrvPort(), cluster_->brokerPort()}) {
      silent.push_back(RawSocket::connectTo(port));
      ASSERT_TRUE(silent.back().write(kTlsByte));
    }
  }
  ClientConfig plain;
  plain.namesrv_addr = cluster_->namesrvAddr();
  ClientConfig secure = plain;
  secure.use_tls = true;
  Inbox plain_inbox;
  Inbox secure_inbox;
  const auto plain_producer = startProducer(plain);
  const auto secure_producer = startProducer(secure);
  sendTen(*plain_producer, topic_, "plain ");
  sendTen(*secure_producer, topic_, "secure ");
  {
    const auto consumer = startConsumer(secure, topic_, secure_inbox);
    EXPECT_TRUE(eventually([&] { return secure_inbox.different() == 20; }));
  }
  sendTen(*secure_producer, topic_, "later ");
  const auto consumer = startConsumer(plain, topic_, plain_inbox);
  EXPECT_TRUE(eventually([&] { return plain_inbox.different() >= 10; }));
}

TEST_F(PermissiveTest, OpensslFindsTls12And13WithForwardSecrecyAndNothingElse) {
  for (const uint16_t port : {cluster_->namesrvPort(), cluster_->brokerPort()}) {
    const Cluster::Outcome newest = sClient(port, "-tls1_3");
    EXPECT_EQ(newest.status, 0);
    EXPECT_THAT(newest.output, HasSubstr("TLSv1.3, Cipher is TLS_"));
    const Cluster::Outcome older = sClient(port, "-tls1_2");
    EXPECT_EQ(older.status, 0);
    EXPECT_THAT(older.output, ContainsRegex("TLSv1.2, Cipher is ECDHE-"));
    for (const char* const refused :
         {"-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1 -cipher DEFAULT@SECLEVEL=0",
          "-tls1_2 -cipher AES128-GCM-SHA256", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"}) {
      const Cluster::Outcome outcome = sClient(port, refused);
      EXPECT_NE(outcome.status, 0) << refused << "\n" << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("alert")) << refused;
    }
    // "R" asks for a new handshake; the rest keeps the client there until it has the answer.
    const Cluster::Outcome renegotiation =
        sClient(port, "-tls1_2", "(echo R; for i in $(seq 100); do sleep 0.1; echo; done)");
    EXPECT_THAT(renegotiation.output, HasSubstr("no renegotiation"));
  }
}

}  // namespace
}  // namespace rocketmq::test
