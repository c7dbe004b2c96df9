// verify.h: rebuilds a store's state root and audit root and names the first bad record.
// Threads: any, on one frozen state of the store. Errors: those of reading it; what is bad is in
// the report. Source: docs/formats.cddl, Tip.
#pragma once

#include "node/distributed_vault.h"
#include "ports/key_value_store.h"

namespace holdfast::node {

[[nodiscard]] auto verify_store(
    const ports::Reader& store,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress)
    -> base::Result<VerifyReport>;

}  // namespace holdfast::node
