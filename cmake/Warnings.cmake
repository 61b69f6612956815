# One interface target that every target of the project links: the warnings, as errors.

add_library(rocketmq_warnings INTERFACE)
target_compile_options(rocketmq_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(rocketmq_warnings INTERFACE -Wthread-safety)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  # GCC 12 reports these two inside its own standard library when it inlines at -O2 and above.
  target_compile_options(rocketmq_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow)
elseif(ROCKETMQ_SANITIZE)
  # And this one in code that the sanitizers have instrumented.
  target_compile_options(rocketmq_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
