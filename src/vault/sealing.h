// sealing.h: how a secret becomes a version and back. A fresh entry key seals the padded secret;
// the category key wraps the entry key. Both seals bind the version's place (model/version.h), so a
// version cannot be moved, re-parented or replayed. Names of categories are sealed under a category
// key too. Plaintext is padded with 0x80 and zeros to its Padmé length.
// Limits: model's. Time: none; keys and nonces are arguments, each used once. Threads: one Aead
// each. Errors: authentication_failed, bad_padding, and the codec's. Source:
// docs/design/security.md, Sealing.
#pragma once

#include "crypto/aead.h"
#include "model/secret.h"
#include "model/version.h"
#include "vault/state_view.h"

namespace holdfast::vault {

using CategoryKey = base::Secret<struct CategoryKeyTag, 32>;
using EntryKey = base::Secret<struct EntryKeyTag, 32>;

// Plaintext to its padded length and back.
[[nodiscard]] auto pad(base::SecretBytes& text) -> Result<void>;
[[nodiscard]] auto unpad(base::SecretBytes& text) -> Result<void>;

// `version` has everything but its encrypted parts; gives it whole.
[[nodiscard]] auto seal_version(crypto::Aead& aead, const model::VaultId& vault,
                                model::Version version, const model::Secret& secret,
                                const CategoryKey& category_key, const EntryKey& entry_key,
                                const crypto::Nonce& nonce, base::SecretMemory& memory)
    -> Result<model::EncodedVersion>;

// In two steps, so that a reader can keep the key of a version it reads often.
[[nodiscard]] auto open_version_key(crypto::Aead& aead, const model::VaultId& vault,
                                    const model::Version& version, const CategoryKey& category_key,
                                    base::SecretMemory& memory) -> Result<crypto::OpeningKey>;
[[nodiscard]] auto open_version(crypto::Aead& aead, const model::VaultId& vault,
                                const model::Version& version, const crypto::OpeningKey& key,
                                base::SecretMemory& memory) -> Result<model::Secret>;
[[nodiscard]] auto open_version(crypto::Aead& aead, const model::VaultId& vault,
                                const model::Version& version, const CategoryKey& category_key,
                                base::SecretMemory& memory) -> Result<model::Secret>;

// nonce ‖ commitment ‖ ciphertext
[[nodiscard]] auto seal_name(crypto::Aead& aead, const model::VaultId& vault,
                             base::ByteView owner_id, std::string_view name,
                             const CategoryKey& root_key, const crypto::Nonce& nonce)
    -> Result<Bytes>;
[[nodiscard]] auto open_name(crypto::Aead& aead, const model::VaultId& vault,
                             base::ByteView owner_id, base::ByteView sealed,
                             const CategoryKey& root_key, base::SecretMemory& memory)
    -> Result<base::SecretBytes>;

}  // namespace holdfast::vault
