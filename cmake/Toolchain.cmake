# Compiler cache, faster linker and sanitizers: used when present or asked for.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# "address,undefined", "thread" or empty; set by the presets asan and tsan.
set(ROCKETMQ_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
if(ROCKETMQ_SANITIZE)
  add_compile_options(-fsanitize=${ROCKETMQ_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ROCKETMQ_SANITIZE})
  if(ROCKETMQ_SANITIZE STREQUAL "thread")
    # GCC's ThreadSanitizer does not understand fences; asio falls back to full barriers.
    add_compile_definitions(ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

# Programs of libFuzzer below tests/fuzz, and everything they link made for it; set by the preset
# fuzz, for clang only.
option(ROCKETMQ_FUZZ "Build the fuzz targets for libFuzzer" OFF)
if(ROCKETMQ_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
