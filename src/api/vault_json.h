// vault_json.h: vaults as the API shows them. Threads: any. Errors: std::bad_alloc is thrown.
// Source: docs/api.md, VaultStatus.
#pragma once

#include "api/call.h"
#include "api/json.h"

namespace holdfast::api {

void write_vault(JsonWriter& out, const Vaults::Listed& vault, const Services& services);
[[nodiscard]] auto vault_answer(const Call& call, const Vaults::Ref& vault)
    -> base::Detailed<Answer>;

}  // namespace holdfast::api
