// What a broker tells name servers of each kind when topics change.

#include "broker/registrar/registrar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/config_file.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/codes.h"
#include "remoting/protocol/commands/namesrv_registration.h"
#include "remoting/server.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RegisterBroker;
using remoting::RegisterBrokerReply;
using remoting::RegisterTopicInNameServer;
using remoting::RequestContext;
using remoting::ResponseCode;
using remoting::UnregisterBroker;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr seconds kPatience{20};

/// How a name server answers REGISTER_TOPIC_IN_NAMESRV.
enum class SingleTopics : uint8_t {
  kTaken,
  kUnknownCode,
  kSilence,  ///< As 4.9.
  kRefused,
};

/// A name server that writes down what it is sent.
class FakeNameServer {
 public:
  FakeNameServer(bool announces, SingleTopics single_topics) {
    router_.handle<RegisterBroker>(
        {}, [this, announces](const RegisterBroker&, const RequestContext& context) {
          MutexLock lock(mutex_);
          bodies_.emplace_back(context.body());
          RegisterBrokerReply reply;
          reply.master_address = master_;
          if (announces) {
            reply.takes_single_topics = true;
          }
          return Answer<RegisterBrokerReply>(reply);
        });
    router_.handleLater<RegisterTopicInNameServer>(
        {}, [this, single_topics](const RegisterTopicInNameServer& request,
                                  const RequestContext& context,
                                  remoting::Responder<RegisterTopicInNameServer> responder) {
          {
            MutexLock lock(mutex_);
            singles_.push_back(request.topic + " " + std::string(context.body()));
            if (single_topics == SingleTopics::kSilence) {
              unanswered_.push_back(std::move(responder));
              return;
            }
          }
          switch (single_topics) {
            case SingleTopics::kUnknownCode:
              responder({ResponseCode::kRequestCodeNotSupported, "request type 217 not supported"});
              return;
            case SingleTopics::kRefused:
              responder({ResponseCode::kSystemError, "who are you?"});
              return;
            default:
              responder(NoFields{});
          }
        });
    router_.handle<UnregisterBroker>({}, [this](const UnregisterBroker&, const RequestContext&) {
      ++unregistrations_;
      return Answer<NoFields>();
    });
    server_ = std::move(*remoting::Server::start(pool_, router_, {.bind_address = "127.0.0.1"}));
  }
  ~FakeNameServer() { server_->stop(milliseconds(0)); }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  int unregistrations() const { return unregistrations_; }
  size_t registrations() const {
    MutexLock lock(mutex_);
    return bodies_.size();
  }
  std::string lastBody() const {
    MutexLock lock(mutex_);
    return bodies_.back();
  }
  /// The master that slaves are told of.
  void name(const std::string& master) {
    MutexLock lock(mutex_);
    master_ = master;
  }
  /// Topic and body of each that came alone.
  std::vector<std::string> singles() const {
    MutexLock lock(mutex_);
    return singles_;
  }

 private:
  remoting::IoPool pool_{"namesrv", 1};
  remoting::Router router_{nullptr};
  std::atomic<int> unregistrations_{0};
  mutable Mutex mutex_;
  std::vector<std::string> bodies_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<std::string> singles_ ROCKETMQ_GUARDED_BY(mutex_);
  std::optional<std::string> master_ ROCKETMQ_GUARDED_BY(mutex_);
  std::vector<remoting::Responder<RegisterTopicInNameServer>> unanswered_
      ROCKETMQ_GUARDED_BY(mutex_);
  std::unique_ptr<remoting::Server> server_;
};

class RegistrarTest : public testing::Test {
 protected:
  ~RegistrarTest() override {
    registrar_.reset();
    client_.stop();
    pool_.stop();
  }

  /// Starts with these; the settings can be changed before.
  void start(const std::vector<const FakeNameServer*>& servers) {
    make(servers);
    registrar_->start(kPatience);
  }

  void make(const std::vector<const FakeNameServer*>& servers) {
    for (const FakeNameServer* server : servers) {
      settings_.namesrv_addr += server->address() + ";";
    }
    settings_.broker_name = "broker-a";
    settings_.advertised_ip = "127.0.0.1";
    live_.store(std::make_shared<const BrokerSettings>(settings_));
    topics_ = std::move(*TopicTable::open(dir_ / "topics.json", live_, clock_));
    registrar_.emplace(pool_, client_, *topics_, live_, body_limits_);
    registrar_->setMasterListener([this](const Registrar::Master& master) {
      MutexLock lock(mutex_);
      master_ = master.address;
    });
    topics_->setChangeListener([this](std::string_view topic) {
      topic.empty() ? registrar_->topicsChanged() : registrar_->topicChanged(topic);
    });
  }

  /// What the broker has when it starts: T0, T1, ...
  void saveTopics(int count) {
    model::TopicConfigTable table;
    for (int i = 0; i < count; ++i) {
      const std::string name = "T" + std::to_string(i);
      table.topic_config_table[name] = {
          .topic_name = name, .read_queue_nums = 4, .write_queue_nums = 4, .perm = 6};
    }
    ASSERT_TRUE(saveConfigFile(dir_ / "topics.json", table).isOk());
  }

  /// As updateTopic does it; all name servers have answered when it returns.
  void update(const std::string& topic, int32_t queues = 4) {
    ASSERT_TRUE(topics_
                    ->update({.topic_name = topic,
                              .read_queue_nums = queues,
                              .write_queue_nums = queues,
                              .perm = 6})
                    .ok());
    registrar_->awaitRegistered(kPatience);
  }

  /// After a round of registrations.
  std::string master() {
    registrar_->topicsChanged();
    registrar_->awaitRegistered(kPatience);
    MutexLock lock(mutex_);
    return master_;
  }

  Mutex mutex_;
  std::string master_ ROCKETMQ_GUARDED_BY(mutex_);
  test::TempDir dir_;
  const SystemClock clock_;
  BrokerSettings settings_;
  RegistrationBody::Limits body_limits_;
  LiveSettings live_{std::make_shared<const BrokerSettings>()};
  remoting::IoPool pool_{"registrar-io", 1};
  remoting::Client client_{pool_, nullptr, {}};
  std::unique_ptr<TopicTable> topics_;
  std::optional<Registrar> registrar_;
};

TEST_F(RegistrarTest, OnlyWhoHasRegisteredUnregisters) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  // A broker whose start fails: its name and address may be those of one that works.
  make({&server});
  registrar_->stop(kPatience);
  EXPECT_EQ(server.unregistrations(), 0);
  registrar_.reset();

  settings_.namesrv_addr.clear();
  start({&server});
  registrar_->stop(kPatience);
  EXPECT_EQ(server.unregistrations(), 1);
}

TEST_F(RegistrarTest, TopicsThatAreLongAreSentCompressed) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  body_limits_ = {.plain_bytes_max = 20'000, .bytes_max = 20'000};
  saveTopics(400);
  start({&server});
  ASSERT_EQ(server.registrations(), 1u);
  const auto body =
      remoting::decodeRegisterBrokerBody(server.lastBody(), true, remoting::kAnnouncedVersion);
  ASSERT_TRUE(body.ok()) << body.status().message();
  EXPECT_TRUE(body->topic_config_serialize_wrapper.topic_config_table.contains("T399"));
}

TEST_F(RegistrarTest, TopicsThatAreTooLongAreNotSentUntilTheyFitAgain) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  body_limits_ = {.plain_bytes_max = 2'000, .bytes_max = 1'000};
  saveTopics(1'000);
  start({&server});
  EXPECT_EQ(server.registrations(), 0u);
  model::TopicConfigTable few;
  few.data_version.counter = 7;
  ASSERT_TRUE(topics_->takeOver(few));
  registrar_->awaitRegistered(kPatience);
  EXPECT_GT(server.registrations(), 0u);
}

// The body is that of RocketMQ 5's BrokerOuterAPI.registerSingleTopicAll.
TEST_F(RegistrarTest, ATopicThatWasPutIsSentAlone) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  start({&server});
  ASSERT_EQ(server.registrations(), 1u);
  update("T", 5);
  EXPECT_THAT(
      server.singles(),
      ElementsAre(R"(T {"brokerDatas":[],"filterServerTable":{},"queueDatas":[{"brokerName":)"
                  R"("broker-a","perm":6,"readQueueNums":5,"topicSysFlag":0,)"
                  R"("writeQueueNums":5}]})"));
  for (int i = 0; i < 100; ++i) {
    update("T" + std::to_string(i));
  }
  EXPECT_EQ(server.singles().size(), 101u);
  EXPECT_EQ(server.registrations(), 1u) << "the others need not be sent again";
}

TEST_F(RegistrarTest, ARemovalIsToldWithTheNextRoundOfAllTopicsAndMakesNone) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  start({&server});
  update("T");
  ASSERT_TRUE(topics_->remove("T").ok());
  update("U");
  EXPECT_EQ(server.registrations(), 1u) << "topics that were put afterwards still go alone";
  EXPECT_EQ(server.singles().size(), 2u);
  registrar_->topicsChanged();  // As a period's end.
  registrar_->awaitRegistered(kPatience);
  EXPECT_EQ(server.registrations(), 2u);
  EXPECT_EQ(server.lastBody().find("\"T\""), std::string::npos);
}

TEST_F(RegistrarTest, ManyTopicsAtATimeAreSentWithAllTheOthers) {
  const FakeNameServer server(true, SingleTopics::kTaken);
  start({&server});
  for (int i = 0; i < 2000; ++i) {
    registrar_->topicChanged("T" + std::to_string(i));
  }
  registrar_->awaitRegistered(kPatience);
  EXPECT_GE(server.registrations(), 2u);
}

TEST_F(RegistrarTest, JavaNameServersAreSentAllTopicsUnlessTheSettingSaysOtherwise) {
  const FakeNameServer server(false, SingleTopics::kTaken);
  start({&server});
  update("T");
  EXPECT_EQ(server.registrations(), 2u);
  EXPECT_THAT(server.lastBody(), HasSubstr("\"T\""));
  EXPECT_THAT(server.singles(), IsEmpty());
  settings_.single_topic_register = true;
  live_.store(std::make_shared<const BrokerSettings>(settings_));
  update("U");
  EXPECT_EQ(server.registrations(), 2u);
  EXPECT_EQ(server.singles().size(), 1u);
}

TEST_F(RegistrarTest, AnOlderNameServerIsSentAllTopicsInsteadAndNotAskedAgain) {
  settings_.single_topic_register = true;
  settings_.register_timeout_ms = 500;
  const FakeNameServer unknown(false, SingleTopics::kUnknownCode);
  const FakeNameServer silent(false, SingleTopics::kSilence);
  start({&unknown, &silent});
  update("T");
  for (const FakeNameServer* server : {&unknown, &silent}) {
    EXPECT_EQ(server->singles().size(), 1u);
    EXPECT_EQ(server->registrations(), 2u) << "it had them all when awaitRegistered() returned";
    EXPECT_THAT(server->lastBody(), HasSubstr("\"T\""));
  }
  update("U");
  for (const FakeNameServer* server : {&unknown, &silent}) {
    EXPECT_EQ(server->singles().size(), 1u);
    EXPECT_EQ(server->registrations(), 3u);
  }
}

TEST_F(RegistrarTest, ANameServerThatDoesNotKnowTheBrokerIsSentAllTopics) {
  const FakeNameServer server(true, SingleTopics::kRefused);
  start({&server});
  update("T");
  EXPECT_EQ(server.registrations(), 2u);
  EXPECT_THAT(server.lastBody(), HasSubstr("\"T\""));
  update("U");
  EXPECT_EQ(server.singles().size(), 2u) << "it understands, so it is asked again";
}

TEST_F(RegistrarTest, WhoWaitsForASilentNameServerIsToldWhenItsTimeIsOverOrAtTheStop) {
  settings_.single_topic_register = true;
  settings_.register_timeout_ms = 60'000;
  const FakeNameServer server(false, SingleTopics::kSilence);
  start({&server});
  ASSERT_TRUE(topics_->update({.topic_name = "T", .perm = 6}).ok());
  std::promise<void> stopped;
  registrar_->whenRegistered(kPatience, [&] { stopped.set_value(); });
  std::promise<void> timed_out;
  registrar_->whenRegistered(milliseconds(10), [&] { timed_out.set_value(); });
  timed_out.get_future().wait();
  const auto at_the_stop = stopped.get_future();
  EXPECT_EQ(at_the_stop.wait_for(seconds(0)), std::future_status::timeout);
  registrar_->stop(milliseconds(0));
  EXPECT_EQ(at_the_stop.wait_for(seconds(0)), std::future_status::ready);
  bool is_told = false;
  registrar_->whenRegistered(kPatience, [&] { is_told = true; });
  EXPECT_TRUE(is_told) << "nobody would tell it later";
}

TEST_F(RegistrarTest, WhatTheBrokerMayNotDoNoTopicMay) {
  settings_.broker_permission = 4;
  const FakeNameServer server(true, SingleTopics::kTaken);
  start({&server});
  update("T");
  EXPECT_THAT(server.singles(), ElementsAre(HasSubstr("\"perm\":4")));
}

TEST_F(RegistrarTest, ASlaveSendsNoTopicAlone) {
  settings_.broker_role = BrokerRole::kSlave;
  settings_.broker_id = 1;
  const FakeNameServer server(true, SingleTopics::kTaken);
  start({&server});
  registrar_->topicChanged("T");
  registrar_->awaitRegistered(kPatience);
  EXPECT_THAT(server.singles(), IsEmpty());
  EXPECT_GE(server.registrations(), 2u);
}

// Promise: a name server that comes back with the route of before does not take a slave away from
// its master.
TEST_F(RegistrarTest, ASlaveKeepsItsMasterWhileAnyNameServerNamesIt) {
  settings_.broker_role = BrokerRole::kSlave;
  settings_.broker_id = 1;
  FakeNameServer one(true, SingleTopics::kTaken);
  FakeNameServer other(true, SingleTopics::kTaken);
  one.name("new:1");
  other.name("new:1");
  start({&one, &other});
  EXPECT_EQ(master(), "new:1");
  other.name("old:1");
  EXPECT_EQ(master(), "new:1");
  EXPECT_EQ(master(), "new:1");
  one.name("newer:1");
  other.name("newer:1");
  EXPECT_EQ(master(), "newer:1");
  one.name("");
  EXPECT_EQ(master(), "newer:1");
  other.name("");
  EXPECT_EQ(master(), "");
}

}  // namespace
}  // namespace rocketmq::broker
