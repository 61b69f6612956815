#pragma once

#include <string>
#include <utility>

namespace rocketmq::test {

/// Keys and certificates as PEM files NAME.key and NAME.pem in one folder, made by the openssl
/// command. A command that fails fails the test.
class Certificates {
 public:
  /// `folder` must exist and outlive the files' users.
  explicit Certificates(std::string folder) : folder_(std::move(folder)) {}

  /// An authority of its own.
  void makeAuthority(const std::string& name) const;
  /// Signed by an authority; `days` may be negative: expired.
  void makeCertificate(const std::string& name, const std::string& authority, int days = 2) const;

  std::string key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  std::string pem(const std::string& name) const { return folder_ + "/" + name + ".pem"; }

 private:
  std::string folder_;
};

}  // namespace rocketmq::test
