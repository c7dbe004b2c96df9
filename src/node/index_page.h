// index_page.h: rows of the sealed index and the pages they lie in: CBOR, padded, sealed under a
// key of the device. A page opens in its own place only: vault, device, heights and commit of its
// segment, its number there and how many pages there are.
// Limits: a page takes rows up to kPageBytes and at least one; kSegmentPagesMax. Time: none.
// Threads: the caller's Aead. Errors: authentication_failed, unsupported_version, bad_padding, the
// codec's, secret_memory_exhausted. Source: docs/adr/0014-the-sealed-index.md.
#pragma once

#include <span>

#include "crypto/aead.h"
#include "node/distributed_vault.h"

namespace holdfast::node {

inline constexpr std::uint64_t kIndexVersion = 1;  // of this format; others are built anew
inline constexpr std::size_t kPageBytes = 30 << 10;
inline constexpr std::uint64_t kSegmentPagesMax = 1'000'000;

// Cipher objects are costly to make and belong to one thread; they forget each key after use.
[[nodiscard]] auto worker_aead() -> crypto::Aead&;

using IndexKey = base::Secret<struct IndexKeyTag, 32>;

// What a page says of one secret.
struct IndexRow {
  enum class Kind : std::uint8_t {
    gone,        // purged
    look_anew,   // several heads: what is shown depends on more than the secret
    summarised,  // as `summary`
  };
  SecretId id;
  Kind kind{};
  SummaryRef summary;  // of summarised
};

// Where a page belongs.
struct PagePlace {
  model::VaultId vault;
  model::DeviceId device;
  Height from{}, to{};         // of its segment: changes after `from`, up to `to`
  model::CommitDigest commit;  // the one at `to`
  std::uint64_t number = 0, count = 0;
};

// One page as it is stored.
struct SealedPage {
  Height from{};
  std::uint64_t count = 0;  // pages of its segment
  crypto::Nonce nonce;
  crypto::Commitment commitment;
  base::Bytes ciphertext;
};
[[nodiscard]] auto encode(const SealedPage& page) -> base::Bytes;
[[nodiscard]] auto decode_page(base::ByteView encoded) -> base::Result<SealedPage>;

// How many from the front of `rows` one page holds, and the plaintext of a page.
[[nodiscard]] auto rows_of_page(std::span<const IndexRow> rows) -> std::size_t;
[[nodiscard]] auto write_rows(std::span<const IndexRow> rows, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
[[nodiscard]] auto read_rows(const base::SecretBytes& page, base::SecretMemory& memory,
                             std::vector<IndexRow>& rows) -> base::Result<void>;

[[nodiscard]] auto seal_page(crypto::Aead& aead, const IndexKey& key, const PagePlace& place,
                             const crypto::Nonce& nonce, base::SecretBytes page)
    -> base::Result<SealedPage>;
[[nodiscard]] auto open_page(crypto::Aead& aead, const IndexKey& key, const PagePlace& place,
                             const SealedPage& sealed, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;

}  // namespace holdfast::node
