#include "remoting/readiness.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <asio/post.hpp>

#include "common/descriptor.h"

namespace rocketmq::remoting {

Status Readiness::add(int socket, std::shared_ptr<Source> source) {
  ROCKETMQ_RETURN_IF_ERROR(open());
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.ptr = source.get()}};
  if (::epoll_ctl(set_->native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
    return Status::io("cannot wait for a socket", errno);
  }
  source->index_ = sources_.size();
  source->socket_ = socket;
  sources_.push_back(std::move(source));
  wait();
  return Status::ok();
}

Status Readiness::open() {
  if (set_) {
    return Status::ok();
  }
  Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  if (!set.valid()) {
    return Status::io("cannot wait for sockets", errno);
  }
  set_.emplace(context_);
  asio::error_code error;
  set_->assign(set.get(), error);
  if (error) {
    set_.reset();
    return Status::io("cannot wait for sockets", error.value());
  }
  set.release();
  return Status::ok();
}

void Readiness::remove(Source& source) {
  // Closing the socket is not enough: a process that has just been forked has it, too, and as long
  // as it does the kernel tells of it.
  ::epoll_ctl(set_->native_handle(), EPOLL_CTL_DEL, source.socket_, nullptr);
  for (epoll_event& event : untold_) {
    if (event.data.ptr == &source) {
      event.data.ptr = nullptr;
    }
  }
  if (source.is_end_untold_) {
    std::replace(ended_.begin(), ended_.end(), &source, static_cast<Source*>(nullptr));
  }
  const size_t index = source.index_;
  std::swap(sources_[index], sources_.back());
  sources_[index]->index_ = index;
  sources_.pop_back();
  if (sources_.empty()) {
    // Else the wait would keep the context from running out of work.
    is_waiting_ = false;
    set_->cancel();
  }
}

void Readiness::shutdown() {
  set_.reset();
  ended_.clear();
  sources_.clear();
}

void Readiness::wait() {
  if (is_waiting_ || sources_.empty() || !untold_.empty()) {
    return;
  }
  is_waiting_ = true;
  set_->async_wait(asio::posix::descriptor_base::wait_read, [this](const asio::error_code& error) {
    if (!error) {
      is_waiting_ = false;
      tellAll();
    }
  });
}

void Readiness::tell(Source& source, Events events) {
  const std::shared_ptr<Source> keep_alive = sources_[source.index_];
  source.onReady(events);
}

void Readiness::tellAll() {
  const int count = ::epoll_wait(set_->native_handle(), events_.data(), kEventsPerTurn, 0);
  untold_ = std::span(events_).first(count > 0 ? static_cast<size_t>(count) : 0);
  while (!untold_.empty()) {
    const epoll_event event = untold_.front();
    untold_ = untold_.subspan(1);
    auto* const source = static_cast<Source*>(event.data.ptr);
    if (source == nullptr || source->is_end_untold_) {
      continue;
    }
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
      tellEndLater(*source);
    } else {
      tell(*source, {.is_readable = (event.events & EPOLLIN) != 0,
                     .is_writable = (event.events & EPOLLOUT) != 0,
                     .is_ended = false});
    }
  }
  wait();
}

void Readiness::tellEndLater(Source& source) {
  source.is_end_untold_ = true;
  ended_.push_back(&source);
  if (ended_.size() == 1) {
    asio::post(context_, [this] { tellSomeEnds(); });
  }
}

void Readiness::tellSomeEnds() {
  for (size_t told = 0; told < kEndsPerTurn && !ended_.empty();) {
    Source* const source = ended_.front();
    ended_.pop_front();
    if (source != nullptr) {
      source->is_end_untold_ = false;
      tell(*source, {.is_readable = true, .is_writable = true, .is_ended = true});
      ++told;
    }
  }
  if (!ended_.empty()) {
    asio::post(context_, [this] { tellSomeEnds(); });
  }
}

}  // namespace rocketmq::remoting
