#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "remoting/tls/tls_server.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

/// The first bytes of a ClientHello; the rest never comes.
constexpr std::string_view kHalfHello("\x16\x03\x01\x02\x00\x01", 6);

class TlsTest : public RuntimeTest {
 protected:
  static TlsSettings withMode(TlsMode mode) {
    TlsSettings settings;
    settings.server_mode = mode;
    return settings;
  }

  /// A server's settings with a certificate of ours.
  TlsSettings serverSettings(const std::string& name) const {
    TlsSettings settings;
    settings.is_test = false;
    settings.server_key_path = files_.key(name);
    settings.server_cert_path = files_.pem(name);
    return settings;
  }

  /// A client's settings that check the server.
  TlsSettings clientSettings(const std::string& authority) const {
    TlsSettings settings;
    settings.is_test = false;
    settings.client_auth_server = true;
    settings.client_trust_cert_path = files_.pem(authority);
    return settings;
  }

  void serve(const TlsSettings& settings, TlsServer::Limits limits = {}) {
    auto tls = TlsServer::create(settings, limits);
    ASSERT_TRUE(tls.ok()) << tls.status().message();
    tls_ = *tls;
    Server::Options options;
    options.tls = tls_;
    startServer(std::move(options));
  }

  void connectWith(const TlsSettings& settings) {
    auto tls = TlsContext::forClient(settings);
    ASSERT_TRUE(tls.ok()) << tls.status().message();
    Client::Options options;
    options.tls = *tls;
    startClient(std::move(options));
  }

  void expectEchoFails(std::string_view word) {
    const auto reply = echo("x");
    ASSERT_FALSE(reply.ok());
    EXPECT_NE(reply.status().message().find(word), std::string::npos) << reply.status().message();
  }

  test::TempDir folder_;
  const test::Certificates files_{folder_.path().string()};
  std::shared_ptr<TlsServer> tls_;
};

TEST_F(TlsTest, PermissiveTakesBothKindsAndBigBodies) {
  serve(TlsSettings{});
  const std::string body(5u << 20, 'b');
  startClient();
  ASSERT_TRUE(echo("plain", body).ok());
  connectWith(TlsSettings{});
  for (int i = 0; i < 3; ++i) {
    const auto reply = echo("tls", body);
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_TRUE(reply->body == body);
  }
}

TEST_F(TlsTest, EnforcingRefusesPlainAndDisabledRefusesTls) {
  serve(withMode(TlsMode::kEnforcing));
  startClient();
  EXPECT_FALSE(echo("plain").ok());
  connectWith(TlsSettings{});
  EXPECT_TRUE(echo("tls").ok());

  client_.reset();
  server_.reset();
  serve(withMode(TlsMode::kDisabled));
  connectWith(TlsSettings{});
  EXPECT_FALSE(echo("tls").ok());
  startClient();
  EXPECT_TRUE(echo("plain").ok());
}

TEST_F(TlsTest, AClientThatChecksTrustsItsAuthorityOnly) {
  files_.makeAuthority("good");
  files_.makeAuthority("other");
  files_.makeCertificate("server", "good");
  files_.makeCertificate("old", "good", -1);
  serve(serverSettings("server"));
  connectWith(clientSettings("good"));
  EXPECT_TRUE(echo("x").ok());
  connectWith(clientSettings("other"));
  expectEchoFails("certificate verify failed");

  client_.reset();
  server_.reset();
  serve(serverSettings("old"));
  connectWith(clientSettings("good"));
  expectEchoFails("expired");
}

TEST_F(TlsTest, AServerThatRequiresCertificatesTakesThoseOfItsAuthorityOnly) {
  for (const char* const authority : {"good", "other"}) {
    files_.makeAuthority(authority);
  }
  files_.makeCertificate("server", "good");
  files_.makeCertificate("friend", "good");
  files_.makeCertificate("stranger", "other");
  TlsSettings settings = serverSettings("server");
  settings.server_need_client_auth = TlsClientAuth::kRequire;
  settings.server_auth_client = true;
  settings.server_trust_cert_path = files_.pem("good");
  serve(settings);

  TlsSettings client = clientSettings("good");
  connectWith(client);
  EXPECT_FALSE(echo("nobody").ok());
  client.client_key_path = files_.key("stranger");
  client.client_cert_path = files_.pem("stranger");
  connectWith(client);
  EXPECT_FALSE(echo("stranger").ok());
  client.client_key_path = files_.key("friend");
  client.client_cert_path = files_.pem("friend");
  connectWith(client);
  EXPECT_TRUE(echo("friend").ok());
}

TEST_F(TlsTest, AChangedCertificateServesNewConnectionsAndABrokenOneChangesNothing) {
  files_.makeAuthority("one");
  files_.makeAuthority("two");
  files_.makeCertificate("server", "one");
  serve(serverSettings("server"));

  files_.makeCertificate("server", "two");
  tls_->reloadIfChanged();  // Not settled yet.
  connectWith(clientSettings("one"));
  EXPECT_TRUE(echo("x").ok());
  tls_->reloadIfChanged();
  connectWith(clientSettings("two"));
  EXPECT_TRUE(echo("x").ok());

  ASSERT_EQ(std::system(("echo broken > " + files_.pem("server")).c_str()), 0);
  tls_->reloadIfChanged();
  tls_->reloadIfChanged();
  connectWith(clientSettings("two"));
  EXPECT_TRUE(echo("x").ok());
}

TEST_F(TlsTest, SlowHandshakesAreBoundedInTimeAndCountAndBlockNobody) {
  serve(TlsSettings{}, {.handshakes_max = 2, .handshake_timeout = seconds(2)});
  auto first = connectRaw();
  auto second = connectRaw();
  ASSERT_TRUE(first.write(kHalfHello.substr(0, 1)));
  ASSERT_TRUE(second.write(kHalfHello));
  auto third = connectRaw();
  startClient();
  EXPECT_TRUE(echo("plain").ok());
  EXPECT_TRUE(first.closedByPeer());
  EXPECT_TRUE(second.closedByPeer());
  ASSERT_TRUE(third.write(kHalfHello));
  connectWith(TlsSettings{});
  EXPECT_TRUE(echo("tls").ok());
}

TEST_F(TlsTest, SlowHandshakesKeepNobodyOut) {
  serve(TlsSettings{}, {.handshakes_max = 2, .handshake_timeout = std::chrono::hours(1)});
  auto one = connectRaw();
  ASSERT_TRUE(one.write(kHalfHello));
  auto other = connectRaw();
  ASSERT_TRUE(other.write(kHalfHello));
  // Which of the two began first, the server's threads settle, and when: one who comes before they
  // have both begun is not one too many.
  EXPECT_TRUE(eventually([&] {
    connectWith(TlsSettings{});
    EXPECT_TRUE(echo("tls").ok());
    return one.readable(0) != other.readable(0);
  }));
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  files_.makeAuthority("good");
  TlsSettings settings = serverSettings("good");
  settings.server_cert_path = "/nowhere.pem";
  const auto missing = TlsServer::create(settings);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("tls.server.certPath = /nowhere.pem"),
            std::string::npos)
      << missing.status().message();
}

}  // namespace
}  // namespace rocketmq::remoting
