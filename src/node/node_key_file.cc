#include "node/node_key_file.h"

#include <string_view>

#include "crypto/hash.h"

namespace holdfast::node {
namespace {

using base::ByteView;
using base::Error;
using base::fail;

// magic 8 ‖ seeds 64 ‖ SHA-256 of both
inline constexpr std::string_view kMagic = "HFNODEK1";
inline constexpr std::size_t kSeedBytes = crypto::SigningSeed::kSize;
inline constexpr std::size_t kDigestBytes = crypto::Digest::kSize;
inline constexpr std::size_t kFileBytes = kMagic.size() + kSeedBytes + kDigestBytes;

}  // namespace

auto write_node_key(const store::Path& path, const crypto::SigningSeed& seed,
                    base::SecretMemory& memory) -> base::Detailed<void> {
  base::SecretBytes file{memory};
  auto& bytes = file.buffer();
  bytes.reserve(kFileBytes);
  bytes.insert(bytes.end(), kMagic.begin(), kMagic.end());
  seed.expose([&](auto seeds) { bytes.insert(bytes.end(), seeds.begin(), seeds.end()); });
  const crypto::Digest digest = crypto::sha256(ByteView{bytes});
  bytes.insert(bytes.end(), digest.bytes.begin(), digest.bytes.end());
  return store::write_file_atomic(path, ByteView{bytes});
}

auto read_node_key(const store::Path& path, base::SecretMemory& memory)
    -> base::Detailed<crypto::SigningSeed> {
  auto file = store::read_secret_file(path, kFileBytes, memory);
  if (!file) {
    const Error code = file.error().code;
    if (code == Error::not_found || code == Error::too_long) {
      return fail(Error::node_key_corrupt, path.string());
    }
    return std::unexpected{file.error()};
  }
  return file->expose([&](ByteView bytes) -> base::Detailed<crypto::SigningSeed> {
    const bool whole =
        bytes.size() == kFileBytes && base::text_of(bytes.first(kMagic.size())) == kMagic &&
        std::ranges::equal(crypto::sha256(bytes.first(kFileBytes - kDigestBytes)).bytes,
                           bytes.last(kDigestBytes));
    if (!whole) return fail(Error::node_key_corrupt, path.string());
    auto seed = crypto::SigningSeed::copy_of(
        memory, bytes.subspan(kMagic.size()).template first<kSeedBytes>());
    if (!seed) return fail(seed.error(), path.string());
    return *std::move(seed);
  });
}

}  // namespace holdfast::node
