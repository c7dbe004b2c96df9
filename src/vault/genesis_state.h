// genesis_state.h: the state a vault starts with, made from a genesis record whose proofs hold.
// Limits: none. Time: none. Threads: one VerifierCache. Errors: bad_genesis.
// Source: docs/formats.cddl, Genesis.
#pragma once

#include "crypto/sign.h"
#include "model/genesis.h"
#include "vault/state_view.h"

namespace holdfast::vault {

// The owner's device id matches its node key; node and author key signed the record, the author key
// signed the wrap key.
[[nodiscard]] auto genesis_state(const model::Genesis& genesis, const model::VaultId& vault,
                                 crypto::VerifierCache& verifiers) -> Result<StateChanges>;

}  // namespace holdfast::vault
