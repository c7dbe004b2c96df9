// gzip.h: unpacking and packing (RFC 1952) between buffers of wiped memory; what zlib allocates for
// its window lies there too. What comes out is bounded before it is written: by a number of bytes
// and by a ratio to what went in. Limits: Unpacked below; kUnpackRatioMax counts only beyond
// kUnpackFreeBytes, since an empty database packs well. Time: none. Threads: functions any. Errors:
// unpacks_too_large, file_corrupt (damage, bytes after the end); throws std::bad_alloc. Source: RFC
// 1951, RFC 1952.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

inline constexpr std::size_t kUnpackedBytesMax = std::size_t{256} << 20;
inline constexpr std::size_t kUnpackFreeBytes = std::size_t{8} << 20;
inline constexpr std::size_t kUnpackRatioMax = 200;

[[nodiscard]] auto gzip_unpack(base::ByteView packed, std::size_t bytes_max,
                               base::SecretMemory& memory) -> base::Result<base::SecretBytes>;
[[nodiscard]] auto gzip_pack(base::ByteView bytes, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;

}  // namespace holdfast::formats
