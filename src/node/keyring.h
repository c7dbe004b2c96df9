// keyring.h: what an unlocked device holds: its author and wrap key and every category key it may
// open. Wiped as a whole by lock.
// Limits: one key a category and generation. Time: none. Threads: category keys are read by any
// thread; the signer and the decapsulator belong to the writer. Errors: key_commitment_mismatch,
// authentication_failed, store_corrupt. Source: docs/design/security.md, Key lifecycle.
#pragma once

#include <map>
#include <memory>

#include "node/header_file.h"
#include "ports/key_value_store.h"
#include "vault/key_generation.h"

namespace holdfast::node {

class Keyring {
 public:
  static auto create(const UserKeys& keys, const Ports& ports)
      -> base::Result<std::unique_ptr<Keyring>>;

  // Opens every generation of every category that is wrapped to this device.
  [[nodiscard]] auto load(const ports::Reader& store, const model::DeviceId& device)
      -> base::Result<void>;
  // Opens one, as its record just committed.
  [[nodiscard]] auto open(const model::KeyGeneration& record, const model::DeviceId& device)
      -> base::Result<void>;

  // Null: this device may not read that generation.
  [[nodiscard]] auto category_key(const model::CategoryId& category,
                                  model::Generation generation) const -> const vault::CategoryKey*;
  [[nodiscard]] auto signer() -> crypto::Signer& { return signer_; }
  [[nodiscard]] auto wrap_public() const -> const crypto::KemPublicKey& {
    return wrap_.public_key();
  }

 private:
  Keyring(crypto::Signer signer, crypto::Decapsulator wrap, const Ports& ports)
      : ports_{ports}, signer_{std::move(signer)}, wrap_{std::move(wrap)} {}

  const Ports ports_;
  crypto::Signer signer_;
  crypto::Decapsulator wrap_;
  crypto::Aead aead_;
  std::map<std::pair<model::CategoryId, model::Generation>, vault::CategoryKey> keys_;
};

}  // namespace holdfast::node
