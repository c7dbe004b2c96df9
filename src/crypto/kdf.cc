#include "crypto/kdf.h"

#include <botan/kdf.h>
#include <botan/pwdhash.h>

#include <algorithm>

#include "base/check.h"
#include "crypto/guard.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail;

inline constexpr std::size_t kHkdfBytesMax = std::size_t{255} * 32;
inline constexpr std::size_t kSaltBytesMin = 16;
inline constexpr std::size_t kRawSaltBytesMin = 8;
inline constexpr std::size_t kSaltBytesMax = 64;
inline constexpr std::size_t kArgon2BytesMax = 1024;
inline constexpr std::uint32_t kRawLanesMax = 64;
inline constexpr std::uint32_t kRawPassesMax = 1000;

auto family_name(Argon2Type type) -> const char* {
  switch (type) {
    case Argon2Type::d:
      return "Argon2d";
    case Argon2Type::i:
      return "Argon2i";
    case Argon2Type::id:
      return "Argon2id";
  }
  CHECK(false);
}

auto run_argon2(Argon2Type type, ByteView passphrase, ByteView salt, const Argon2Params& params,
                std::span<std::uint8_t> out, const Argon2Extra& extra) -> Result<void> {
  try {
    const auto family = Botan::PasswordHashFamily::create_or_throw(family_name(type));
    const auto hash = family->from_params(params.memory_kib, params.passes, params.lanes);
    hash->derive_key(out.data(), out.size(), reinterpret_cast<const char*>(passphrase.data()),
                     passphrase.size(), salt.data(), salt.size(), extra.associated.data(),
                     extra.associated.size(), extra.secret.data(), extra.secret.size());
    return {};
  } catch (const std::exception&) {  // also when the memory is not to be had
    return fail(Error::crypto_failed);
  }
}

}  // namespace

auto hkdf(ByteView ikm, ByteView salt, ByteView info, std::span<std::uint8_t> out) -> Result<void> {
  if (out.size() > kHkdfBytesMax) return fail(Error::bad_length);
  return guarded([&]() -> Result<void> {
    Botan::KDF::create_or_throw("HKDF(SHA-256)")->derive_key(out, ikm, salt, info);
    return {};
  });
}

auto check_params(const Argon2Params& params) -> Result<void> {
  if (params.memory_kib > kArgon2Ceiling.memory_kib || params.passes > kArgon2Ceiling.passes ||
      params.lanes > kArgon2Ceiling.lanes)
    return fail(Error::kdf_above_ceiling);
  const std::uint32_t passes_min =
      params.memory_kib >= kArgon2OnePassMemoryKib ? 1 : kArgon2Floor.passes;
  if (params.memory_kib < kArgon2Floor.memory_kib || params.passes < passes_min ||
      params.lanes < kArgon2Floor.lanes)
    return fail(Error::kdf_below_floor);
  return {};
}

auto argon2id(ByteView passphrase, ByteView salt, const Argon2Params& params,
              std::span<std::uint8_t> out) -> Result<void> {
  TRY_DO(check_params(params));
  if (salt.size() < kSaltBytesMin || salt.size() > kSaltBytesMax) return fail(Error::bad_length);
  if (out.size() < 16 || out.size() > kArgon2BytesMax) return fail(Error::bad_length);
  return run_argon2(Argon2Type::id, passphrase, salt, params, out, {});
}

auto argon2_raw(Argon2Type type, ByteView passphrase, ByteView salt, const Argon2Params& params,
                std::span<std::uint8_t> out, const Argon2Extra& extra) -> Result<void> {
  if (params.memory_kib > kArgon2Ceiling.memory_kib || params.passes > kRawPassesMax ||
      params.lanes > kRawLanesMax)
    return fail(Error::kdf_above_ceiling);
  if (params.lanes < 1 || params.passes < 1 || params.memory_kib < 8 * params.lanes)
    return fail(Error::kdf_below_floor);
  if (salt.size() < kRawSaltBytesMin) return fail(Error::bad_length);
  if (out.size() < 4 || out.size() > kArgon2BytesMax) return fail(Error::bad_length);
  return run_argon2(type, passphrase, salt, params, out, extra);
}

namespace {

constexpr int kCalibrationTries = 5;

// The parameters whose memory times passes comes closest to `work` from below: first memory grows,
// then passes.
auto fit(double work, std::uint32_t memory_max) -> Argon2Params {
  constexpr std::uint32_t kMib = 1024;
  Argon2Params params = kArgon2Floor;
  const double memory = std::clamp(work / kArgon2Floor.passes, double{kArgon2Floor.memory_kib},
                                   static_cast<double>(memory_max));
  params.memory_kib =
      std::max(kArgon2Floor.memory_kib, static_cast<std::uint32_t>(memory) / kMib * kMib);
  if (params.memory_kib == memory_max) {
    params.passes = static_cast<std::uint32_t>(
        std::clamp(work / memory_max, double{kArgon2Floor.passes}, double{kArgon2Ceiling.passes}));
  }
  return params;
}

}  // namespace

// Time grows with memory times passes: one measurement of the floor predicts, a second confirms.
auto calibrate(std::chrono::nanoseconds target, const Argon2Measure& measure,
               std::uint32_t memory_kib_max) -> Result<Argon2Params> {
  const std::uint32_t memory_max =
      std::clamp(memory_kib_max, kArgon2Floor.memory_kib, kArgon2Ceiling.memory_kib);
  const auto share = [&](std::chrono::nanoseconds taken) {
    return static_cast<double>(target.count()) /
           static_cast<double>(std::max<std::int64_t>(taken.count(), 1));
  };
  TRY(floor_time, measure(kArgon2Floor));
  double work = double{kArgon2Floor.memory_kib} * kArgon2Floor.passes * share(floor_time);
  for (int tries = 0; tries < kCalibrationTries; ++tries) {
    const Argon2Params params = fit(work, memory_max);
    if (params == kArgon2Floor) break;
    TRY(duration, measure(params));
    if (duration <= target) return params;
    constexpr double kMargin = 0.95;
    work *= kMargin * share(duration);
  }
  return kArgon2Floor;
}

}  // namespace holdfast::crypto
