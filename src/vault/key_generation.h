// key_generation.h: making and opening one generation of a category's key.
// The key is wrapped to the wrap key of every reader with X-Wing; a commitment lets every reader
// check that all were given the same key.
// Limits: kReadersMax. Time: none; randomness is an argument. Threads: one Aead, one Decapsulator.
// Errors: authentication_failed, key_commitment_mismatch, wrong_readers. Source:
// docs/design/security.md §2.
#pragma once

#include <functional>

#include "crypto/kem.h"
#include "model/records.h"
#include "vault/sealing.h"

namespace holdfast::vault {

struct Recipient {
  model::DeviceId device;
  model::WrapKeyNumber key_number{};
  model::KemPublic key;
};

struct GenerationPlan {
  model::VaultId vault;
  model::CategoryId category;
  model::Generation generation{};
  std::optional<model::Digest> previous;  // digest of the generation before
  std::uint64_t reason = 0;
  std::vector<Recipient> recipients;  // ascending by device
};

// Fills the span with fresh random bytes; called a bounded number of times.
using Randomness = std::function<void(std::span<std::uint8_t>)>;

// Without `old_key` the generations before it stay closed to its recipients.
[[nodiscard]] auto start_generation(crypto::Aead& aead, const GenerationPlan& plan,
                                    const CategoryKey& key, const CategoryKey* old_key,
                                    const Randomness& random, base::SecretMemory& memory)
    -> Result<model::KeyGeneration>;

[[nodiscard]] auto open_generation(crypto::Aead& aead, const model::KeyGeneration& record,
                                   const model::DeviceId& device, crypto::Decapsulator& wrap_key,
                                   base::SecretMemory& memory) -> Result<CategoryKey>;

// The key of the generation before `record`, sealed under the key of `record`.
[[nodiscard]] auto open_old_key(crypto::Aead& aead, const model::KeyGeneration& record,
                                const CategoryKey& key, base::SecretMemory& memory)
    -> Result<CategoryKey>;

}  // namespace holdfast::vault
