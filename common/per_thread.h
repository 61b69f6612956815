#pragma once

namespace rocketmq {

/// The calling thread's T, made when it is first asked for; null once the thread has destroyed it.
/// A client with static life, and one that another thread_local owns, is still used then: the
/// thread_local objects of the thread that ends the program go before all static ones.
///
/// Each pair of T and Tag is one such object.
template <class T, class Tag = T>
T* perThread() {
  struct Kept {
    explicit Kept(bool& is_gone) : gone(is_gone) {}
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { gone = true; }

    T value;
    bool& gone;
  };
  thread_local bool gone = false;  // Without a destructor, so it can be read to the last.
  if (gone) {
    return nullptr;
  }
  thread_local Kept kept(gone);
  return &kept.value;
}

}  // namespace rocketmq
