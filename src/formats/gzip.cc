#include "formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr int kGzipOnly = 15 + 16;  // the largest window; neither zlib nor raw deflate
constexpr int kMemoryLevel = 8;
constexpr std::size_t kStepBytes = std::size_t{1} << 20;

// zlib frees without saying how much, so each block remembers its size in front.
constexpr std::size_t kPrefixBytes = alignof(std::max_align_t);

auto allocate(void* memory, uInt items, uInt size) -> void* {
  try {
    const std::size_t bytes = std::size_t{items} * size + kPrefixBytes;
    auto* block = static_cast<std::uint8_t*>(
        static_cast<SecretMemory*>(memory)->allocate(bytes, alignof(std::max_align_t)));
    std::memcpy(block, &bytes, sizeof bytes);
    return block + kPrefixBytes;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void release(void* memory, void* address) {
  auto* block = static_cast<std::uint8_t*>(address) - kPrefixBytes;
  std::size_t bytes = 0;
  std::memcpy(&bytes, block, sizeof bytes);
  static_cast<SecretMemory*>(memory)->deallocate(block, bytes, alignof(std::max_align_t));
}

auto stream_on(SecretMemory& memory) -> z_stream {
  z_stream stream{};
  stream.zalloc = allocate;
  stream.zfree = release;
  stream.opaque = &memory;
  return stream;
}

// The next bytes of the input; zlib counts in 32 bits.
void feed(z_stream& stream, ByteView& rest) {
  const std::size_t size = std::min(rest.size(), kStepBytes);
  stream.next_in = const_cast<Bytef*>(rest.data());  // NOLINT: zlib's old interface; only read
  stream.avail_in = static_cast<uInt>(size);
  rest = rest.subspan(size);
}

class Inflater {
 public:
  explicit Inflater(SecretMemory& memory) : stream_{stream_on(memory)} {
    if (::inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc{};
  }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  auto operator=(const Inflater&) -> Inflater& = delete;
  [[nodiscard]] auto stream() -> z_stream& { return stream_; }

 private:
  z_stream stream_;
};

class Deflater {
 public:
  explicit Deflater(SecretMemory& memory) : stream_{stream_on(memory)} {
    if (::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOnly, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc{};
  }
  ~Deflater() { ::deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  auto operator=(const Deflater&) -> Deflater& = delete;
  [[nodiscard]] auto stream() -> z_stream& { return stream_; }

 private:
  z_stream stream_;
};

// The length that the trailer states, to reserve once; a lie costs at most what is allowed anyway.
auto stated_length(ByteView packed) -> std::size_t {
  if (packed.size() < 18) return 0;
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length |= std::size_t{packed[packed.size() - 4 + i]} << (8 * i);
  return length;
}

}  // namespace

auto gzip_unpack(ByteView packed, std::size_t bytes_max, SecretMemory& memory)
    -> Result<SecretBytes> {
  const std::size_t most =
      std::min(bytes_max, std::max(kUnpackFreeBytes, packed.size() * kUnpackRatioMax));
  Inflater inflater{memory};
  z_stream& stream = inflater.stream();
  SecretBytes out{memory};
  SecretBytes::Buffer& bytes = out.buffer();
  bytes.reserve(std::min(most, stated_length(packed) + 1));
  ByteView rest = packed;
  std::size_t filled = 0;
  while (true) {
    if (stream.avail_in == 0) feed(stream, rest);
    if (filled == bytes.size()) {
      if (filled > most) return fail(Error::unpacks_too_large);
      // one byte more than allowed, so that the end is seen exactly at the limit
      bytes.resize(std::min(most + 1, std::max(bytes.capacity(), filled + kStepBytes)));
    }
    const std::size_t room = std::min(bytes.size() - filled, kStepBytes);
    stream.next_out = bytes.data() + filled;
    stream.avail_out = static_cast<uInt>(room);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    filled += room - stream.avail_out;
    if (filled > most) return fail(Error::unpacks_too_large);
    if (status == Z_STREAM_END) break;
    if (status == Z_MEM_ERROR) throw std::bad_alloc{};
    if (status != Z_OK && status != Z_BUF_ERROR) return fail(Error::file_corrupt);
    if (stream.avail_in == 0 && rest.empty() && stream.avail_out != 0)
      return fail(Error::file_corrupt);  // it ends too early
  }
  if (stream.avail_in != 0 || !rest.empty()) return fail(Error::file_corrupt);
  bytes.resize(filled);
  return out;
}

auto gzip_pack(ByteView bytes, SecretMemory& memory) -> Result<SecretBytes> {
  Deflater deflater{memory};
  z_stream& stream = deflater.stream();
  SecretBytes out{memory};
  out.buffer().resize(::deflateBound(&stream, static_cast<uLong>(bytes.size())));
  ByteView rest = bytes;
  std::size_t filled = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0) feed(stream, rest);
    const std::size_t room = std::min(out.buffer().size() - filled, kStepBytes);
    CHECK(room > 0);  // deflateBound is a promise
    stream.next_out = out.buffer().data() + filled;
    stream.avail_out = static_cast<uInt>(room);
    status = ::deflate(&stream, rest.empty() ? Z_FINISH : Z_NO_FLUSH);
    filled += room - stream.avail_out;
    if (status == Z_STREAM_ERROR) return fail(Error::crypto_failed);
  }
  out.buffer().resize(filled);
  return out;
}

}  // namespace holdfast::formats
