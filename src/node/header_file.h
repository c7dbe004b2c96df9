// header_file.h: the vault folder's `header`: which vault and device this is, how the passphrase
// becomes a key, and the author and wrap key sealed under it.
// Invariant: the file carries its own digest, so damage (header_corrupt) and a wrong passphrase
// (wrong_passphrase) are told apart; the parameters are bound by the seal, so altered ones fail.
// Limits: kHeaderFileBytesMax, Argon2's floor and ceiling. Time: none. Threads: any.
// Errors: header_missing, header_corrupt, wrong_passphrase, kdf_below_floor, unsupported_version.
// Source: docs/formats.cddl, HeaderFile.
#pragma once

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/kem.h"
#include "crypto/sign.h"
#include "model/ids.h"
#include "node/ports.h"
#include "store/file_io.h"

namespace holdfast::node {

inline constexpr std::size_t kHeaderFileBytesMax = 4096;
inline constexpr std::size_t kSaltBytes = 16;

struct HeaderFile {
  model::VaultId vault;
  model::DeviceId device;
  crypto::Argon2Params kdf{};
  base::FixedBytes<struct SaltTag, kSaltBytes> salt;
  crypto::Nonce nonce;
  crypto::Commitment commitment;
  base::Bytes sealed;  // author seed ‖ wrap seed
};

struct UserKeys {
  crypto::SigningSeed author;
  crypto::KemSeed wrap;
};

[[nodiscard]] auto encode(const HeaderFile& header) -> base::Bytes;
[[nodiscard]] auto decode_header_file(base::ByteView file) -> base::Result<HeaderFile>;

[[nodiscard]] auto read_header_file(const store::Path& path) -> base::Detailed<HeaderFile>;

// Draws salt and nonce; fills in what is sealed. Slow: derives the passphrase key.
[[nodiscard]] auto seal_user_keys(HeaderFile header, const base::SecretBytes& passphrase,
                                  const UserKeys& keys, const Ports& ports)
    -> base::Result<HeaderFile>;
// Slow: derives the passphrase key.
[[nodiscard]] auto open_user_keys(const HeaderFile& header, const base::SecretBytes& passphrase,
                                  const Ports& ports) -> base::Result<UserKeys>;

}  // namespace holdfast::node
