// kdf.h: key derivation: HKDF-SHA-256 from keys, Argon2id from passphrases.
// Argon2 parameters are checked, also those a peer or a file states. The floor: memory at least
// 64 MiB; at least 3 passes, or at least 1 from 256 MiB on; at least 1 lane. The ceiling: memory
// 4 GiB, 64 passes, 8 lanes. A salt has 16 to 64 bytes.
// Limits: hkdf out at most 8,160 bytes; argon2id out 16 to 1,024. Time: none; calibrate() is given
// the function that measures. Threads: any. Errors: kdf_below_floor, kdf_above_ceiling, bad_length,
// crypto_failed (memory). Source: RFC 5869; RFC 9106; docs/design/security.md §2.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::crypto {
using base::ByteView, base::Result;

[[nodiscard]] auto hkdf(ByteView ikm, ByteView salt, ByteView info, std::span<std::uint8_t> out)
    -> Result<void>;

struct Argon2Params {
  std::uint32_t memory_kib;
  std::uint32_t passes;
  std::uint32_t lanes;
  auto operator==(const Argon2Params&) const -> bool = default;
};
inline constexpr Argon2Params kArgon2Floor{.memory_kib = 64 * 1024, .passes = 3, .lanes = 1};
inline constexpr std::uint32_t kArgon2OnePassMemoryKib = 256 * 1024;
inline constexpr Argon2Params kArgon2Ceiling{
    .memory_kib = 4 * 1024 * 1024, .passes = 64, .lanes = 8};

[[nodiscard]] auto check_params(const Argon2Params& params) -> Result<void>;
[[nodiscard]] auto argon2id(ByteView passphrase, ByteView salt, const Argon2Params& params,
                            std::span<std::uint8_t> out) -> Result<void>;

// The strongest parameters with 3 passes that take at most `target`: memory grows in steps of a
// quarter up to memory_kib_max, then passes grow. Never below the floor, however slow the machine.
using Argon2Measure = std::function<Result<std::chrono::nanoseconds>(const Argon2Params&)>;
inline constexpr std::uint32_t kCalibrationMemoryKibMax = 1024 * 1024;
[[nodiscard]] auto calibrate(std::chrono::nanoseconds target, const Argon2Measure& measure,
                             std::uint32_t memory_kib_max = kCalibrationMemoryKibMax)
    -> Result<Argon2Params>;

// Without floor: for KDBX files and known-answer tests only. The ceiling of memory holds; up to 64
// lanes and 1,000 passes; the salt has at least 8 bytes. Version 1.3 (0x13) only.
enum class Argon2Type : std::uint8_t { d = 0, i = 1, id = 2 };
struct Argon2Extra {
  ByteView secret{};
  ByteView associated{};
};
[[nodiscard]] auto argon2_raw(Argon2Type type, ByteView passphrase, ByteView salt,
                              const Argon2Params& params, std::span<std::uint8_t> out,
                              const Argon2Extra& extra = {}) -> Result<void>;

}  // namespace holdfast::crypto
