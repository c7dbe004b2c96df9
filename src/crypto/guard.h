// guard.h: internal to crypto: where exceptions of the library become errors, and temporaries that
// hold key material are wiped.
// Limits: none. Time: none. Threads: any. Errors: secret_memory_exhausted, crypto_failed.
#pragma once

#include <string.h>

#include <array>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <type_traits>

#include "base/result.h"

namespace holdfast::crypto {

// Runs a function that returns a Result and calls the library.
template <class F>
auto guarded(F&& call) -> std::invoke_result_t<F> {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return base::fail(base::Error::secret_memory_exhausted);
  } catch (const std::exception&) {
    return base::fail(base::Error::crypto_failed);
  }
}

template <std::size_t kBytes>
struct Wiped {
  std::array<std::uint8_t, kBytes> bytes{};

  Wiped() = default;
  Wiped(const Wiped&) = delete;
  auto operator=(const Wiped&) -> Wiped& = delete;
  ~Wiped() { ::explicit_bzero(bytes.data(), bytes.size()); }

  [[nodiscard]] auto span() -> std::span<std::uint8_t, kBytes> { return bytes; }
  template <std::size_t kFrom, std::size_t kCount>
  [[nodiscard]] auto part() const -> std::span<const std::uint8_t, kCount> {
    return std::span{bytes}.template subspan<kFrom, kCount>();
  }
};

}  // namespace holdfast::crypto
