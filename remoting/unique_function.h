#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace rocketmq::remoting {

template <class Signature>
class UniqueFunction;

/// A callable that is moved, never copied, so that it can own what only one may own (a responder,
/// another callback). Callables of up to 48 bytes are stored in place, without an allocation.
/// Calling an empty one is a programming error.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>) UniqueFunction(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (kFitsInside<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      operations_ = &kInside<Callable>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
      operations_ = &kOutside<Callable>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { takeFrom(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      takeFrom(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }

  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

 private:
  static constexpr size_t kInsideBytes = 48;

  struct Operations {
    R (*call)(void* storage, Args&&... args);
    /// Moves the callable to `to` and destroys it at `from`.
    void (*relocate)(void* from, void* to) noexcept;
    void (*destroy)(void* storage) noexcept;
  };

  template <class F>
  static constexpr bool kFitsInside =
      sizeof(F) <= kInsideBytes &&
      alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static F& at(void* storage) {
    return *std::launder(static_cast<F*>(storage));
  }

  template <class F>
  static constexpr Operations kInside{[](void* storage, Args&&... args) -> R {
                                        return at<F>(storage)(std::forward<Args>(args)...);
                                      },
                                      [](void* from, void* to) noexcept {
                                        ::new (to) F(std::move(at<F>(from)));
                                        at<F>(from).~F();
                                      },
                                      [](void* storage) noexcept { at<F>(storage).~F(); }};

  template <class F>
  static constexpr Operations kOutside{
      [](void* storage, Args&&... args) -> R {
        return (*at<F*>(storage))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept { ::new (to) F*(at<F*>(from)); },
      [](void* storage) noexcept { delete at<F*>(storage); }};

  void takeFrom(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ != nullptr) {
      operations_->relocate(other.storage_, storage_);
    }
  }

  void reset() {
    if (const Operations* operations = std::exchange(operations_, nullptr)) {
      operations->destroy(storage_);
    }
  }

  alignas(std::max_align_t) std::byte storage_[kInsideBytes];
  const Operations* operations_ = nullptr;
};

}  // namespace rocketmq::remoting
