// Secrets in plaintext: what opening a version hands to the decoder.
#include <cstdint>

#include "model/secret.h"
#include "recode.h"

using namespace holdfast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto memory =
      base::SecretMemory::create({std::size_t{256} << 20, base::Lock::none}).value();
  const base::ByteView input{data, size};
  fuzz::check_recode(input, model::decode_secret(input, *memory), [](const auto& secret) {
    return model::encode(secret.clone(), *memory).value().expose([](base::ByteView view) {
      return base::to_bytes(view);
    });
  });
  return 0;
}
