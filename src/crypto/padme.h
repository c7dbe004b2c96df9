// padme.h: the length a plaintext is padded to, so that sizes tell only O(log log) bits: Padmé with
// a floor of 256 bytes. At most 12 % longer above the floor.
// Limits: lengths up to 2^62. Time: none. Threads: any. Errors: none.
// Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files" (PURBs), 2019, §4;
// docs/design/security.md §6.
#pragma once

#include <cstddef>

namespace holdfast::crypto {

inline constexpr std::size_t kPadmeFloor = 256;
[[nodiscard]] auto padme_length(std::size_t length) -> std::size_t;

}  // namespace holdfast::crypto
