#include "source/byte_stream.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lochan {
namespace {

struct CloseGzip {
  void operator()(gzFile_s* opened) const { gzclose(opened); }
};
struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

Packing packing_of(const std::filesystem::path& file) {
  std::array<char, 4> first{};
  std::ifstream(file, std::ios::binary).read(first.data(), first.size());
  const std::string_view bytes(first.data(), first.size());
  if (bytes.starts_with("\x1f\x8b")) return Packing::Gzip;
  return bytes == "\x28\xb5\x2f\xfd" ? Packing::Zstd : Packing::None;
}

// zlib reads plain files too.
struct ByteStream::Impl {
  std::unique_ptr<gzFile_s, CloseGzip> gzip;
  std::ifstream file;
  std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd;
  std::vector<char> packed;
  ZSTD_inBuffer in{};
  std::size_t wanted = 0;  // what a frame of zstd still lacks; 0: it is whole
  bool is_broken = false;

  std::size_t read_zstd(char* into, std::size_t size) {
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos == 0 && !is_broken) {
      if (in.pos == in.size) {
        file.read(packed.data(), static_cast<std::streamsize>(packed.size()));
        in = {packed.data(), static_cast<std::size_t>(file.gcount()), 0};
        if (in.size == 0) {
          is_broken = wanted != 0;
          return 0;
        }
      }
      wanted = ZSTD_decompressStream(zstd.get(), &out, &in);
      is_broken = ZSTD_isError(wanted) != 0;
    }
    return out.pos;
  }
};

ByteStream::ByteStream(const std::filesystem::path& file) : impl_(std::make_unique<Impl>()) {
  if (packing_of(file) == Packing::Zstd) {
    impl_->file.open(file, std::ios::binary);
    impl_->zstd.reset(ZSTD_createDCtx());
    impl_->packed.resize(ZSTD_DStreamInSize());
  } else {
    impl_->gzip.reset(gzopen(file.c_str(), "rb"));
    if (impl_->gzip) gzbuffer(impl_->gzip.get(), 1u << 17);
  }
  if (!impl_->gzip && !impl_->file)
    throw Error(ErrorKind::Unavailable, fmt::format("`{}` can't be opened", file.string()))
        .hint("it is gone, or nobody may read it");
}

ByteStream::~ByteStream() = default;

std::size_t ByteStream::read(char* into, std::size_t size) {
  if (impl_->zstd) return impl_->read_zstd(into, size);
  const int got = gzread(impl_->gzip.get(), into, static_cast<unsigned>(size));
  int code = 0;
  gzerror(impl_->gzip.get(), &code);
  // A stream that ends before its end says so only after all that can be read.
  if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) impl_->is_broken = true;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool ByteStream::is_broken() const { return impl_->is_broken; }

}  // namespace lochan
