#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rocketmq {

/// PEM files for a client's TLS (RocketMQ: tls.client.*). One that is set wins over the property of
/// its name, and ends test mode, in which every server is trusted.
struct TlsFiles {
  /// Authorities that servers' certificates must come from; when set, servers are checked.
  std::string trust_cert_path;
  /// What this client shows to servers that ask for a certificate: both or none.
  std::string cert_path;
  std::string key_path;
  std::string key_password;  ///< When the key has one.
};

/// Who a client is for brokers with ACL (RocketMQ: SessionCredentials). Every request to brokers
/// and name servers is signed when the keys are set: both or none.
struct SessionCredentials {
  std::string access_key;
  std::string secret_key;      ///< Never sent, never logged.
  std::string security_token;  ///< Sent and signed when it is not empty.
};

/// Settings that producers and consumers share. Set them before start(); later changes have no
/// effect. In all settings a time of more than a year is taken as one, so milliseconds::max() means
/// "for ever"; start() refuses intervals that are not positive.
struct ClientConfig {
  /// "host:port;host:port". When empty, in this order: the command-line property
  /// rocketmq.namesrv.addr (see setProperty()), the environment variable NAMESRV_ADDR, and HTTP GET
  /// of http://<rocketmq.namesrv.domain>:8080/rocketmq/<rocketmq.namesrv.domain.subgroup>.
  /// The endpoint of a cloud instance, "http://MQ_INST_<owner>_<instance>.<domain>:<port>", is an
  /// address too.
  std::string namesrv_addr;

  /// Part of the client id; several clients of one group in one process need different names.
  /// "DEFAULT" is replaced by "<pid>#<nanoseconds>" at start (broadcasting consumers keep it).
  /// Clients of one name share their connections, and what belongs to these: of
  /// poll_name_server_interval and heartbeat_broker_interval, and mostly of api_timeout, those of
  /// the client that started first hold for all.
  std::string instance_name = "DEFAULT";
  /// Appended to the client id and to the question for name servers (RocketMQ: unitName).
  std::string unit_name;

  /// Prefix "<namespace>%" for topics and groups. Empty at start: the "MQ_INST_<owner>_<instance>"
  /// of a cloud instance's endpoint, if the name servers' address is one.
  std::string name_space;

  /// This client's address in its client id; empty: found out.
  std::string client_ip;

  /// Connections to name servers and brokers use TLS (RocketMQ: useTLS). False: as the property
  /// tls.enable says; start() fails when that is not true either and files are named.
  bool use_tls = false;
  TlsFiles tls;

  SessionCredentials credentials;

  /// Writes to a topic of the brokers what became of each message, for `mqadmin queryMsgTraceById`
  /// and dashboards (RocketMQ: enableMsgTrace). Not for DefaultMQPullConsumer. A client that cannot
  /// write its traces works without them.
  bool enable_msg_trace = false;
  /// Where traces go; empty: RMQ_SYS_TRACE_TOPIC (RocketMQ: customizedTraceTopic).
  std::string trace_topic;

  /// How often routes are asked for anew.
  std::chrono::milliseconds poll_name_server_interval{30'000};
  /// How often brokers hear of this client; they forget it after two minutes of silence.
  std::chrono::milliseconds heartbeat_broker_interval{30'000};
  /// How often a consumer's offsets reach the broker, or the file of a broadcasting consumer.
  std::chrono::milliseconds persist_consumer_offset_interval{5'000};
  /// Bound for calls to name servers and for administrative calls to brokers; at least 1 ms.
  std::chrono::milliseconds api_timeout{3'000};
};

/// Sets a process-wide property by RocketMQ's name (what Java takes as -Dname=value):
/// rocketmq.namesrv.addr, rocketmq.namesrv.domain, rocketmq.namesrv.domain.subgroup,
/// rocketmq.client.localOffsetStoreDir, rocketmq.client.rebalance.lockMaxLiveTime and
/// rocketmq.client.rebalance.lockInterval (milliseconds that a queue's lock is trusted for, 30000,
/// and between its renewals, 20000), and for TLS tls.enable, tls.test.mode.enable, tls.config.file,
/// tls.client.keyPath, .keyPassword, .certPath, .trustCertPath and .authServer. Threads: any;
/// before clients start.
void setProperty(const std::string& name, const std::string& value);

/// Takes every "-Dname=value" out of a command line and sets it as a property.
void takeProperties(int& argc, char** argv);

}  // namespace rocketmq
