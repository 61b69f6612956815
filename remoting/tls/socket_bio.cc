#include "remoting/tls/socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace rocketmq::remoting {
namespace {

int socketOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

bool mayRetry() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int writeSocket(BIO* bio, const char* bytes, size_t size, size_t* written) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(socketOf(bio), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (mayRetry()) {
      BIO_set_retry_write(bio);
    }
    return 0;
  }
  *written = static_cast<size_t>(sent);
  return 1;
}

int readSocket(BIO* bio, char* into, size_t size, size_t* got) {
  BIO_clear_retry_flags(bio);
  errno = 0;
  const ssize_t received = ::recv(socketOf(bio), into, size, MSG_DONTWAIT);
  if (received <= 0) {
    if (received < 0 && mayRetry()) {
      BIO_set_retry_read(bio);
    }
    if (received == 0) {
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    }
    return 0;
  }
  *got = static_cast<size_t>(received);
  return 1;
}

long controlSocket(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* newMethod() {
  BIO_METHOD* const method =
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rocketmq socket");
  if (method != nullptr) {
    BIO_meth_set_write_ex(method, writeSocket);
    BIO_meth_set_read_ex(method, readSocket);
    BIO_meth_set_ctrl(method, controlSocket);
  }
  return method;
}

}  // namespace

BIO* newSocketBio(int socket) {
  static const BIO_METHOD* const method = newMethod();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio != nullptr) {
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
    BIO_set_init(bio, 1);
  }
  return bio;
}

}  // namespace rocketmq::remoting
