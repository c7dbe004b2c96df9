// kdf_choice.h: how costly a guess at a passphrase is made, measured on this machine.
// Limits: kKdfTargetMsMax; crypto/kdf.h's floor and ceiling. Time: the Clock port. Threads: any.
// Errors: out_of_range, and those of crypto. Source: docs/design/security.md §2.
#pragma once

#include "api/call.h"

namespace holdfast::api {

inline constexpr std::uint64_t kKdfTargetMs = 1000;
inline constexpr std::uint64_t kKdfTargetMsMax = 60'000;

// From the body's kdf_target_ms (0: the least allowed) and kdf_memory_min, in bytes.
[[nodiscard]] auto kdf_of(const Call& call) -> base::Detailed<crypto::Argon2Params>;
// How long one derivation with these parameters takes here.
[[nodiscard]] auto kdf_time(const crypto::Argon2Params& params, const ports::Clock& clock)
    -> base::Result<std::chrono::nanoseconds>;

}  // namespace holdfast::api
