#include "crypto/xof.h"

#include <botan/xof.h>

namespace holdfast::crypto {

void shake256(base::ByteView input, std::span<std::uint8_t> out) {
  const auto xof = Botan::XOF::create_or_throw("SHAKE-256");
  xof->update(input);
  xof->output(out);
}

}  // namespace holdfast::crypto
