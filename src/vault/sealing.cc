#include "vault/sealing.h"

#include "crypto/padme.h"

namespace holdfast::vault {
namespace {

inline constexpr std::size_t kCommitmentBytes = crypto::Commitment::kSize;
inline constexpr std::size_t kNonceBytes = crypto::Nonce::kSize;

auto join(const crypto::Sealed& sealed) -> Bytes {
  Bytes bytes = base::to_bytes(sealed.commitment.view());
  base::append(bytes, sealed.ciphertext);
  return bytes;
}

// commitment ‖ ciphertext
auto open_joined(crypto::Aead& aead, crypto::KeyView key, const crypto::Nonce& nonce,
                 base::ByteView aad, base::ByteView joined, base::SecretMemory& memory)
    -> Result<base::SecretBytes> {
  if (joined.size() < kCommitmentBytes) return fail(Error::authentication_failed);
  TRY(commitment, crypto::Commitment::from(joined.first(kCommitmentBytes)));
  return aead.open(key, nonce, commitment, aad, joined.subspan(kCommitmentBytes), memory);
}

}  // namespace

auto pad(base::SecretBytes& text) -> Result<void> {
  try {
    text.buffer().push_back(0x80);
    text.buffer().resize(crypto::padme_length(text.size()));
    return {};
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto unpad(base::SecretBytes& text) -> Result<void> {
  auto& bytes = text.buffer();
  while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  if (bytes.empty() || bytes.back() != 0x80) return fail(Error::bad_padding);
  bytes.pop_back();
  return {};
}

auto seal_version(crypto::Aead& aead, const model::VaultId& vault, model::Version version,
                  const model::Secret& secret, const CategoryKey& category_key,
                  const EntryKey& entry_key, const crypto::Nonce& nonce, base::SecretMemory& memory)
    -> Result<model::EncodedVersion> {
  version.nonce = nonce;
  TRY(text, model::encode(secret, memory));
  TRY_DO(pad(text));
  const Bytes aad = model::sealed_aad(vault, version);
  TRY(sealed, entry_key.expose([&](auto key) {
    return text.expose([&](auto plain) { return aead.seal(key, nonce, aad, plain); });
  }));
  version.commitment = sealed.commitment;
  version.sealed = std::move(sealed.ciphertext);

  const Bytes wrap_aad = model::wrapped_key_aad(vault, version);
  TRY(wrapped, category_key.expose([&](auto key) {
    return entry_key.expose([&](auto entry) { return aead.seal(key, nonce, wrap_aad, entry); });
  }));
  version.wrapped_key = join(wrapped);
  return model::encode(version);
}

auto open_version_key(crypto::Aead& aead, const model::VaultId& vault,
                      const model::Version& version, const CategoryKey& category_key,
                      base::SecretMemory& memory) -> Result<crypto::OpeningKey> {
  const Bytes aad = model::wrapped_key_aad(vault, version);
  TRY(entry_key, category_key.expose([&](auto key) {
    return open_joined(aead, key, version.nonce, aad, version.wrapped_key, memory);
  }));
  return entry_key.expose([&](auto bytes) -> Result<crypto::OpeningKey> {
    if (bytes.size() != EntryKey::kSize) return fail(Error::authentication_failed);
    return aead.opening_key(bytes.template first<EntryKey::kSize>(), version.nonce,
                            version.commitment, memory);
  });
}

auto open_version(crypto::Aead& aead, const model::VaultId& vault, const model::Version& version,
                  const crypto::OpeningKey& key, base::SecretMemory& memory)
    -> Result<model::Secret> {
  const Bytes aad = model::sealed_aad(vault, version);
  TRY(text, aead.open(key, version.nonce, aad, version.sealed, memory));
  TRY_DO(unpad(text));
  return text.expose([&](auto plain) { return model::decode_secret(plain, memory); });
}

auto open_version(crypto::Aead& aead, const model::VaultId& vault, const model::Version& version,
                  const CategoryKey& category_key, base::SecretMemory& memory)
    -> Result<model::Secret> {
  TRY(key, open_version_key(aead, vault, version, category_key, memory));
  return open_version(aead, vault, version, key, memory);
}

auto seal_name(crypto::Aead& aead, const model::VaultId& vault, base::ByteView owner_id,
               std::string_view name, const CategoryKey& root_key, const crypto::Nonce& nonce)
    -> Result<Bytes> {
  const Bytes aad = model::name_aad(vault, owner_id);
  TRY(sealed,
      root_key.expose([&](auto key) { return aead.seal(key, nonce, aad, base::view_of(name)); }));
  Bytes bytes = base::to_bytes(nonce.view());
  base::append(bytes, join(sealed));
  return bytes;
}

auto open_name(crypto::Aead& aead, const model::VaultId& vault, base::ByteView owner_id,
               base::ByteView sealed, const CategoryKey& root_key, base::SecretMemory& memory)
    -> Result<base::SecretBytes> {
  if (sealed.size() < kNonceBytes) return fail(Error::authentication_failed);
  TRY(nonce, crypto::Nonce::from(sealed.first(kNonceBytes)));
  const Bytes aad = model::name_aad(vault, owner_id);
  return root_key.expose([&](auto key) {
    return open_joined(aead, key, nonce, aad, sealed.subspan(kNonceBytes), memory);
  });
}

}  // namespace holdfast::vault
