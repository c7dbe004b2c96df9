#include "model/genesis.h"

#include "model/record_encoding.h"
#include "model/signing.h"

namespace holdfast::model {

auto shape(Is<Genesis> auto& r) {
  return fields(FormatVersion{}, Suite{}, r.created, r.nonce, r.owner, r.recovery_key, r.retention);
}

auto encode(const Genesis& genesis) -> Bytes { return encoded(genesis); }
auto decode_genesis(ByteView bytes) -> Result<Genesis> { return decoded<Genesis>(bytes); }

auto vault_id(ByteView encoded_genesis) -> VaultId {
  return id_of<VaultId>(domain_digest("genesis", encoded_genesis));
}

}  // namespace holdfast::model
