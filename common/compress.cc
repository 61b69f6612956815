#include "common/compress.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "common/message/sys_flag.h"

namespace rocketmq {
namespace {

/// What one call of a decoder did.
struct Step {
  size_t consumed_bytes = 0;
  size_t produced_bytes = 0;
  bool at_end_of_stream = false;
  bool failed = false;
};

class ZlibDecoder {
 public:
  static constexpr const char* kName = "zlib";

  ZlibDecoder() : ready_(inflateInit(&stream_) == Z_OK) {}
  ~ZlibDecoder() { inflateEnd(&stream_); }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;

  bool ready() const { return ready_; }

  Step step(std::string_view input, char* out, size_t out_bytes) {
    constexpr size_t kAtOnceMax = std::numeric_limits<uInt>::max();
    const auto input_bytes = static_cast<uInt>(std::min(input.size(), kAtOnceMax));
    const auto room_bytes = static_cast<uInt>(std::min(out_bytes, kAtOnceMax));
    // zlib's interface is not const-correct; inflate() only reads its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = input_bytes;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = room_bytes;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    return {.consumed_bytes = input_bytes - stream_.avail_in,
            .produced_bytes = room_bytes - stream_.avail_out,
            .at_end_of_stream = result == Z_STREAM_END,
            .failed = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR};
  }

 private:
  z_stream stream_{};
  bool ready_;
};

class Lz4Decoder {
 public:
  static constexpr const char* kName = "LZ4";

  Lz4Decoder() : ready_(!LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) {}
  ~Lz4Decoder() { LZ4F_freeDecompressionContext(context_); }
  Lz4Decoder(const Lz4Decoder&) = delete;
  Lz4Decoder& operator=(const Lz4Decoder&) = delete;

  bool ready() const { return ready_; }

  Step step(std::string_view input, char* out, size_t out_bytes) {
    Step step{.consumed_bytes = input.size(), .produced_bytes = out_bytes};
    const size_t result = LZ4F_decompress(context_, out, &step.produced_bytes, input.data(),
                                          &step.consumed_bytes, nullptr);
    step.failed = LZ4F_isError(result) != 0;
    step.at_end_of_stream = result == 0 && step.consumed_bytes == input.size();
    return step;
  }

 private:
  LZ4F_dctx* context_ = nullptr;
  bool ready_;
};

class ZstdDecoder {
 public:
  static constexpr const char* kName = "zstd";

  ~ZstdDecoder() { ZSTD_freeDCtx(context_); }
  ZstdDecoder() = default;
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  bool ready() const { return context_ != nullptr; }

  Step step(std::string_view input, char* out, size_t out_bytes) {
    ZSTD_inBuffer from{input.data(), input.size(), 0};
    ZSTD_outBuffer to{out, out_bytes, 0};
    const size_t result = ZSTD_decompressStream(context_, &to, &from);
    return {.consumed_bytes = from.pos,
            .produced_bytes = to.pos,
            .at_end_of_stream = result == 0 && from.pos == input.size(),
            .failed = ZSTD_isError(result) != 0};
  }

 private:
  ZSTD_DCtx* context_ = ZSTD_createDCtx();
};

/// Runs a decoder to the end of its stream. The buffer doubles up to one byte above the bound:
/// that byte tells a result of just the bound from one that would be larger.
template <class Decoder>
Result<std::string> decompressWith(std::string_view input, size_t plain_bytes_max) {
  Decoder decoder;
  if (!decoder.ready()) {
    return Status::internal(std::string("no memory for the decoder of ") + Decoder::kName);
  }
  constexpr size_t kFirstBytes = 1024;
  const size_t buffer_bytes_max =
      std::min(plain_bytes_max, std::numeric_limits<size_t>::max() - 1) + 1;
  std::string plain(std::min(buffer_bytes_max, std::max(kFirstBytes, 4 * input.size())), '\0');
  size_t used = 0;
  for (bool at_end = false; !at_end;) {
    if (used == plain.size()) {
      plain.resize(std::min(buffer_bytes_max, 2 * plain.size()));
    }
    const Step step = decoder.step(input, plain.data() + used, plain.size() - used);
    input.remove_prefix(step.consumed_bytes);
    used += step.produced_bytes;
    at_end = step.at_end_of_stream;
    if (used > plain_bytes_max) {
      return Status::invalidArgument(std::string(Decoder::kName) +
                                     " data decompresses to more than " +
                                     std::to_string(plain_bytes_max) + " bytes");
    }
    const bool is_stuck = !at_end && step.consumed_bytes == 0 && step.produced_bytes == 0;
    if (step.failed || is_stuck) {
      return Status::corruption(std::string("not valid ") + Decoder::kName + " data");
    }
  }
  plain.resize(used);
  return plain;
}

Result<std::string> compressZlib(std::string_view plain, int level) {
  uLongf size = compressBound(plain.size());
  std::string out(size, '\0');
  const int result = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(plain.data()), plain.size(), level);
  if (result == Z_STREAM_ERROR) {
    return Status::invalidArgument("zlib has no compression level " + std::to_string(level));
  }
  if (result != Z_OK) {
    return Status::internal("zlib refuses to compress: " + std::to_string(result));
  }
  out.resize(size);
  return out;
}

Result<std::string> compressLz4(std::string_view plain) {
  std::string out(LZ4F_compressFrameBound(plain.size(), nullptr), '\0');
  const size_t size =
      LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr);
  if (LZ4F_isError(size) != 0) {
    return Status::internal(std::string("LZ4 refuses to compress: ") + LZ4F_getErrorName(size));
  }
  out.resize(size);
  return out;
}

Result<std::string> compressZstd(std::string_view plain, int level) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0) {
    return Status::internal(std::string("zstd refuses to compress: ") + ZSTD_getErrorName(size));
  }
  out.resize(size);
  return out;
}

}  // namespace

Result<std::string> compress(CompressionType type, std::string_view plain, int level) {
  switch (type) {
    case CompressionType::kZlib:
      return compressZlib(plain, level);
    case CompressionType::kLz4:
      return compressLz4(plain);
    case CompressionType::kZstd:
      return compressZstd(plain, level);
  }
  return Status::unsupported("unknown compression type");
}

Result<std::string> decompress(CompressionType type, std::string_view compressed,
                               size_t plain_bytes_max) {
  switch (type) {
    case CompressionType::kZlib:
      return decompressWith<ZlibDecoder>(compressed, plain_bytes_max);
    case CompressionType::kLz4:
      return decompressWith<Lz4Decoder>(compressed, plain_bytes_max);
    case CompressionType::kZstd:
      return decompressWith<ZstdDecoder>(compressed, plain_bytes_max);
  }
  return Status::unsupported("unknown compression type");
}

CompressionType compressionOf(int32_t sys_flag) {
  switch (sys_flag & sys_flag::kCompressionMask) {
    case sys_flag::kCompressionLz4:
      return CompressionType::kLz4;
    case sys_flag::kCompressionZstd:
      return CompressionType::kZstd;
    default:
      return CompressionType::kZlib;
  }
}

int32_t compressionFlag(CompressionType type) {
  switch (type) {
    case CompressionType::kZlib:
      return sys_flag::kCompressionZlib;
    case CompressionType::kLz4:
      return sys_flag::kCompressionLz4;
    case CompressionType::kZstd:
      return sys_flag::kCompressionZstd;
  }
  return sys_flag::kCompressionUnnamed;
}

}  // namespace rocketmq
