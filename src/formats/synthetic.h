// synthetic.h: made-up Bitwarden exports for demonstrations, benches and tests: folders, logins
// with several addresses and TOTP, notes, cards, identities, SSH keys, custom fields, Unicode. The
// same numbers give the same bytes. Nothing in it is a real secret. Limits: entries
// kImportEntriesMax. Time: none. Threads: functions any. Errors: capacity_exceeded,
// secret_memory_exhausted.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/secret.h"

namespace holdfast::formats {

[[nodiscard]] auto synthetic_bitwarden_json(std::size_t entries, std::uint64_t seed,
                                            base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;

}  // namespace holdfast::formats
