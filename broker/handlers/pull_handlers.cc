#include "broker/handlers/pull_handlers.h"

#include <memory>
#include <utility>

#include "remoting/protocol/commands/pull_message.h"

namespace rocketmq::broker {

namespace {

template <class C>
class TypedPullResponder final : public PullResponder {
 public:
  explicit TypedPullResponder(remoting::Responder<C> responder)
      : responder_(std::move(responder)) {}

  void answer(remoting::Answer<remoting::PullMessageReply> answer) override {
    responder_(std::move(answer));
  }
  const remoting::ConnectionPtr& connection() const override { return responder_.connection(); }
  void markHeld() override { responder_.markHeld(); }

 private:
  remoting::Responder<C> responder_;
};

template <class C>
void registerPull(remoting::Router& router, PullService& pulls, bool is_lite) {
  router.handleLater<C>({}, [&pulls, is_lite](const C& request, const remoting::RequestContext&,
                                              remoting::Responder<C> responder) {
    pulls.pull(request, is_lite, std::make_unique<TypedPullResponder<C>>(std::move(responder)));
  });
}

}  // namespace

void registerPullHandlers(remoting::Router& router, PullService& pulls) {
  registerPull<remoting::BasicPullMessage<std::string_view>>(router, pulls, /*is_lite=*/false);
  registerPull<remoting::BasicLitePullMessage<std::string_view>>(router, pulls, /*is_lite=*/true);
}

}  // namespace rocketmq::broker
