# Everything comes from Debian packages (bin/quickstart and bin/check install them).

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(gflags REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)

# asio's implementation is compiled once, into remoting (see remoting/asio_impl.cc).
add_library(rocketmq_asio INTERFACE)
target_include_directories(rocketmq_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
target_compile_definitions(rocketmq_asio INTERFACE
  ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED)
target_link_libraries(rocketmq_asio INTERFACE Threads::Threads)
