// genesis.h: the record a vault starts with. Its digest is the vault id, so nothing in it can name
// the vault: its signatures bind a null vault. Names are added by the first transaction.
// Threads: values. Errors: the codec's. Source: docs/formats.cddl, Genesis.
#pragma once

#include "model/records.h"

namespace holdfast::model {

struct Genesis {
  TimeMs created{};
  base::FixedBytes<struct GenesisNonceTag, 16> nonce;
  MemberRecord owner;                     // role owner; validator 0 of epoch 0
  std::optional<KemPublic> recovery_key;  // none: made with --recovery none
  Retention retention;
  auto operator==(const Genesis&) const -> bool = default;
};

[[nodiscard]] auto encode(const Genesis& genesis) -> base::Bytes;
[[nodiscard]] auto decode_genesis(base::ByteView encoded) -> base::Result<Genesis>;
[[nodiscard]] auto vault_id(base::ByteView encoded_genesis) -> VaultId;

}  // namespace holdfast::model
