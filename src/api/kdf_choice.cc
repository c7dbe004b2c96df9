#include "api/kdf_choice.h"

#include <algorithm>
#include <array>

namespace holdfast::api {

using base::Detailed, base::Error, base::fail;

auto kdf_time(const crypto::Argon2Params& params, const ports::Clock& clock)
    -> base::Result<std::chrono::nanoseconds> {
  static constexpr std::array<std::uint8_t, 16> kSalt{};
  std::array<std::uint8_t, 32> out{};
  const auto start = clock.monotonic();
  TRY_DO(crypto::argon2id(base::view_of("calibration"), kSalt, params, out));
  return clock.monotonic() - start;
}

auto kdf_of(const Call& call) -> Detailed<crypto::Argon2Params> {
  const std::uint64_t target = number_member(*call.body, "kdf_target_ms").value_or(kKdfTargetMs);
  if (target > kKdfTargetMsMax) return fail(Error::out_of_range, "kdf_target_ms");
  const std::uint64_t memory_kib = number_member(*call.body, "kdf_memory_min").value_or(0) / 1024;
  if (memory_kib > crypto::kArgon2Ceiling.memory_kib) {
    return fail(Error::out_of_range, "kdf_memory_min");
  }
  crypto::Argon2Params params = crypto::kArgon2Floor;
  if (target != 0) {
    TRY(chosen, crypto::calibrate(std::chrono::milliseconds{target},
                                  [&](const crypto::Argon2Params& tried) {
                                    return kdf_time(tried, call.services.ports.clock);
                                  }));
    params = chosen;
  }
  params.memory_kib = std::max(params.memory_kib, static_cast<std::uint32_t>(memory_kib));
  return params;
}

}  // namespace holdfast::api
