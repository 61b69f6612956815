// asio's own code, compiled once for the whole product (ASIO_SEPARATE_COMPILATION).
#include <asio/impl/src.hpp>
