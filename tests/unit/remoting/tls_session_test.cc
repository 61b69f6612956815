#include "remoting/tls/tls_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/descriptor.h"

namespace rocketmq::remoting {
namespace {

/// What TLS 1.3 derives from a traffic secret; `size` is at most that of one hash.
std::string expandLabel(const std::string& secret, std::string_view label, uint8_t size) {
  const std::string name = "tls13 " + std::string(label);
  std::string info{'\0', static_cast<char>(size), static_cast<char>(name.size())};
  info += name;
  info += std::string_view("\0\x01", 2);
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned int out_size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(info.data()), info.size(), out.data(), &out_size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

/// A TLS 1.3 client on one end of a pair of sockets that can also write records of its own making,
/// such as OpenSSL never would.
class CraftyClient {
 public:
  explicit CraftyClient(int socket) : socket_(socket), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_keylog_callback(context_.get(), keepSecret);
    session_.reset(SSL_new(context_.get()));
    SSL_set_app_data(session_.get(), this);
    SSL_set_fd(session_.get(), socket_);
  }

  bool handshake() { return SSL_connect(session_.get()) == 1; }

  std::string read() {
    std::array<char, 64> bytes;
    const int got = SSL_read(session_.get(), bytes.data(), bytes.size());
    return got > 0 ? std::string(bytes.data(), static_cast<size_t>(got)) : std::string();
  }

  /// As a record of its own.
  void write(std::string_view text) {
    ASSERT_EQ(SSL_write(session_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }

  void updateKey() {
    ASSERT_EQ(SSL_key_update(session_.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(session_.get()), 1);
  }

  /// Writes a record with a part of a handshake message.
  void writeHandshakePart(std::string_view part) {
    constexpr char kHandshake = 22;
    constexpr size_t kTagBytes = 16;
    const std::string inner = std::string(part) + kHandshake;
    std::string record("\x17\x03\x03\0", 4);
    record += static_cast<char>(inner.size() + kTagBytes);
    std::string nonce = expandLabel(secret_, "iv", 12);
    nonce.back() = static_cast<char>(nonce.back() ^ sequence_++);
    record += encrypt(inner, nonce, record);
    ASSERT_EQ(::send(socket_, record.data(), record.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(record.size()));
  }

 private:
  struct Free {
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
  };

  /// "LABEL random secret", the latter two in hexadecimal digits.
  static void keepSecret(const SSL* session, const char* text) {
    const std::string_view line = text;
    if (line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) {
      std::string& secret = static_cast<CraftyClient*>(SSL_get_app_data(session))->secret_;
      const std::string_view digits = line.substr(line.rfind(' ') + 1);
      for (size_t i = 0; i + 1 < digits.size(); i += 2) {
        secret += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
      }
    }
  }

  std::string encrypt(const std::string& plain, const std::string& nonce,
                      const std::string& header) const {
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<const unsigned char*>(text.data());
    };
    const std::string key = expandLabel(secret_, "key", 16);
    const std::unique_ptr<EVP_CIPHER_CTX, Free> cipher(EVP_CIPHER_CTX_new());
    std::array<unsigned char, 64> out;
    int size = 0;
    EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, bytes(key), bytes(nonce));
    EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(header), static_cast<int>(header.size()));
    EVP_EncryptUpdate(cipher.get(), out.data(), &size, bytes(plain),
                      static_cast<int>(plain.size()));
    int rest = 0;
    EVP_EncryptFinal_ex(cipher.get(), out.data() + size, &rest);
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, 16, out.data() + size);
    return {reinterpret_cast<const char*>(out.data()), static_cast<size_t>(size) + 16};
  }

  const int socket_;
  std::string secret_;
  char sequence_ = 0;
  const std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> session_;
};

/// A server's session and its client, their hands shaken.
class TlsSessionTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto context = TlsContext::forServer(TlsSettings{});
    ASSERT_TRUE(context.ok()) << context.status().message();
    auto opened = TlsSession::open(**context, server_socket_.get(), TlsSession::Side::kServer);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    server_ = std::move(*opened);
    ASSERT_FALSE(client_->handshake());
    ASSERT_EQ(server_->handshake(), TlsSession::Handshake::kWantsRead);
    ASSERT_TRUE(client_->handshake());
    ASSERT_EQ(server_->handshake(), TlsSession::Handshake::kDone);
  }

  /// What one read() of the server brings; nullopt: an error, see errno.
  std::optional<std::string> readOnce() {
    std::array<char, 256> bytes;
    const iovec part{bytes.data(), bytes.size()};
    const ssize_t got = server_->read({&part, 1});
    return got < 0 ? std::nullopt
                   : std::optional(std::string(bytes.data(), static_cast<size_t>(got)));
  }

  ssize_t write(std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return server_->write({&part, 1});
  }

 private:
  static std::array<int, 2> socketPair() {
    std::array<int, 2> sockets{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()), 0);
    return sockets;
  }

  const std::array<int, 2> sockets_ = socketPair();
  const Descriptor server_socket_{sockets_[0]};
  const Descriptor client_socket_{sockets_[1]};

 protected:
  const std::unique_ptr<CraftyClient> client_ =
      std::make_unique<CraftyClient>(client_socket_.get());
  std::unique_ptr<TlsSession> server_;
};

// Promise: a write that OpenSSL cannot do before the rest of the peer's message has come says so.
// Its socket is writable all the while: whoever waited for that would never rest.
TEST_F(TlsSessionTest, AWriteBehindHalfAKeyUpdateWaitsForBytesAndNotForRoom) {
  client_->writeHandshakePart(std::string_view("\x18\0\0\x01", 4));
  EXPECT_EQ(readOnce(), std::nullopt);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(write("answer"), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_TRUE(server_->writeWaitsForBytes());

  client_->writeHandshakePart(std::string_view("\0", 1));
  EXPECT_EQ(write("answer"), 6);
  EXPECT_FALSE(server_->writeWaitsForBytes());
  EXPECT_EQ(client_->read(), "answer");
}

// Promise: new keys may come as often as there is data, and a read ends behind them: to change keys
// takes long.
TEST_F(TlsSessionTest, KeyUpdatesBetweenDataAreTakenOneRead) {
  for (int i = 0; i < 40; ++i) {
    client_->updateKey();
    client_->write("a");
    client_->write("b");
  }
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(readOnce(), i == 0 ? "a" : "ba");
    EXPECT_TRUE(server_->mayHaveMore());
  }
  EXPECT_EQ(readOnce(), "b");
  EXPECT_FALSE(server_->mayHaveMore());
}

// Promise: whoever sends nothing but new keys has the thread for as long as a few of them take.
TEST_F(TlsSessionTest, KeyUpdatesWithoutDataEndTheConnection) {
  for (int i = 0; i < 16; ++i) {
    client_->updateKey();
  }
  EXPECT_EQ(readOnce(), std::nullopt);
  EXPECT_EQ(errno, EAGAIN);
  for (int i = 0; i < 100; ++i) {
    client_->updateKey();
  }
  client_->write("too late");
  EXPECT_EQ(readOnce(), std::nullopt);
  EXPECT_EQ(errno, EPROTO);
  EXPECT_EQ(server_->error(), "more than 16 messages of TLS itself without data");
}

// Promise: a read takes as many records as are quickly decrypted, however little is in them.
TEST_F(TlsSessionTest, AReadEndsBehindSoManyRecords) {
  for (int i = 0; i < 100; ++i) {
    client_->write("x");
  }
  EXPECT_EQ(readOnce(), std::string(64, 'x'));
  EXPECT_TRUE(server_->mayHaveMore());
  EXPECT_EQ(readOnce(), std::string(36, 'x'));
  EXPECT_FALSE(server_->mayHaveMore());
}

}  // namespace
}  // namespace rocketmq::remoting
