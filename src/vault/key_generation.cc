#include "vault/key_generation.h"

#include <string.h>

#include "crypto/equal.h"
#include "crypto/kdf.h"

namespace holdfast::vault {
namespace {

using model::KeyGeneration;
using model::KeyWrap;
using WrapKey = base::Secret<struct GenerationWrapKeyTag, 32>;

inline constexpr std::size_t kNonceBytes = crypto::Nonce::kSize;
inline constexpr std::size_t kCommitmentBytes = crypto::Commitment::kSize;

auto derive_wrap_key(const crypto::KemSharedSecret& shared, const KeyGeneration& record,
                     const model::DeviceId& device, model::WrapKeyNumber number,
                     base::SecretMemory& memory) -> Result<WrapKey> {
  const model::Digest salt = model::generation_salt(record);
  const Bytes info = model::generation_wrap_info(device, number);
  Result<void> derived;
  TRY(key, WrapKey::make(memory, [&](auto out) {
        derived =
            shared.expose([&](auto ikm) { return crypto::hkdf(ikm, salt.view(), info, out); });
      }));
  TRY_DO(std::move(derived));
  return key;
}

// nonce ‖ commitment ‖ ciphertext of one key under another
auto seal_key(crypto::Aead& aead, crypto::KeyView under, const CategoryKey& key, base::ByteView aad,
              const Randomness& random) -> Result<Bytes> {
  crypto::Nonce nonce;
  random(nonce.bytes);
  TRY(sealed, key.expose([&](auto plain) { return aead.seal(under, nonce, aad, plain); }));
  Bytes bytes = base::to_bytes(nonce.view());
  base::append(bytes, sealed.commitment.view());
  base::append(bytes, sealed.ciphertext);
  CHECK(bytes.size() == model::kSealedKeyBytes);
  return bytes;
}

auto open_key(crypto::Aead& aead, crypto::KeyView under, base::ByteView sealed, base::ByteView aad,
              base::SecretMemory& memory) -> Result<CategoryKey> {
  if (sealed.size() != model::kSealedKeyBytes) return fail(Error::authentication_failed);
  TRY(nonce, crypto::Nonce::from(sealed.first(kNonceBytes)));
  TRY(commitment, crypto::Commitment::from(sealed.subspan(kNonceBytes, kCommitmentBytes)));
  TRY(plain, aead.open(under, nonce, commitment, aad,
                       sealed.subspan(kNonceBytes + kCommitmentBytes), memory));
  return plain.expose([&](auto bytes) -> Result<CategoryKey> {
    if (bytes.size() != CategoryKey::kSize) return fail(Error::authentication_failed);
    return CategoryKey::copy_of(memory, bytes.template first<CategoryKey::kSize>());
  });
}

auto commitment_of(const KeyGeneration& record, const CategoryKey& key) -> model::Digest {
  return key.expose([&](auto bytes) {
    return model::generation_commitment(record.vault, record.category, record.generation, bytes);
  });
}

}  // namespace

auto start_generation(crypto::Aead& aead, const GenerationPlan& plan, const CategoryKey& key,
                      const CategoryKey* old_key, const Randomness& random,
                      base::SecretMemory& memory) -> Result<KeyGeneration> {
  KeyGeneration record{.vault = plan.vault,
                       .category = plan.category,
                       .generation = plan.generation,
                       .previous = plan.previous,
                       .readers = {},
                       .reason = plan.reason,
                       .commitment = {},
                       .old_key_sealed = {},
                       .wraps = {}};
  std::vector<model::DeviceId> devices;
  for (const Recipient& recipient : plan.recipients) devices.push_back(recipient.device);
  record.readers = model::readers_digest(devices);
  record.commitment = commitment_of(record, key);
  if (old_key != nullptr) {
    const Bytes aad = model::old_key_aad(record);
    TRY(sealed,
        key.expose([&](auto under) { return seal_key(aead, under, *old_key, aad, random); }));
    record.old_key_sealed = std::move(sealed);
  }
  std::vector<KeyWrap> wraps;
  for (const Recipient& to : plan.recipients) {
    std::array<std::uint8_t, 64> seed{};
    random(seed);
    auto made = crypto::encapsulate(to.key, seed, memory);
    ::explicit_bzero(seed.data(), seed.size());  // it determines the shared secret
    TRY(encapsulated, std::move(made));
    TRY(wrap_key, derive_wrap_key(encapsulated.shared, record, to.device, to.key_number, memory));
    const Bytes aad = model::generation_wrap_aad(record, to.device, to.key_number);
    TRY(sealed,
        wrap_key.expose([&](auto under) { return seal_key(aead, under, key, aad, random); }));
    wraps.push_back({to.device, to.key_number, encapsulated.ciphertext, std::move(sealed)});
  }
  record.wraps = std::move(wraps);  // after the salt, which leaves them out
  return record;
}

auto open_generation(crypto::Aead& aead, const KeyGeneration& record, const model::DeviceId& device,
                     crypto::Decapsulator& wrap_key, base::SecretMemory& memory)
    -> Result<CategoryKey> {
  for (const KeyWrap& wrap : record.wraps) {
    if (wrap.device != device) continue;
    TRY(shared, wrap_key.decapsulate(wrap.kem, memory));
    TRY(under, derive_wrap_key(shared, record, device, wrap.key, memory));
    const Bytes aad = model::generation_wrap_aad(record, device, wrap.key);
    TRY(key,
        under.expose([&](auto bytes) { return open_key(aead, bytes, wrap.sealed, aad, memory); }));
    if (!crypto::equal(commitment_of(record, key), record.commitment)) {
      return fail(Error::key_commitment_mismatch);
    }
    return key;
  }
  return fail(Error::wrong_readers);
}

auto open_old_key(crypto::Aead& aead, const KeyGeneration& record, const CategoryKey& key,
                  base::SecretMemory& memory) -> Result<CategoryKey> {
  if (!record.old_key_sealed) return fail(Error::not_found);
  const Bytes aad = model::old_key_aad(record);
  return key.expose(
      [&](auto under) { return open_key(aead, under, *record.old_key_sealed, aad, memory); });
}

}  // namespace holdfast::vault
