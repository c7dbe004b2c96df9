#include "formats/protected_stream.h"

#include <array>

#include "formats/secret_text.h"

namespace holdfast::formats {

using base::ByteView, base::Result, base::SecretBytes;

auto ProtectedStream::create(KdbxStream kind, ByteView key, base::SecretMemory& memory)
    -> Result<ProtectedStream> {
  static constexpr std::array<std::uint8_t, 8> kSalsaIv{0xE8, 0x30, 0x09, 0x4B,
                                                        0x97, 0x20, 0x5D, 0x2A};
  ProtectedStream made;
  SecretBytes digest{memory};
  digest.buffer().resize(64);
  const std::span<std::uint8_t> bytes{digest.buffer()};
  if (kind == KdbxStream::salsa20) {
    TRY_DO(crypto::sha256_into(bytes.first<32>(), {key}));
    TRY(stream, crypto::Keystream::create(crypto::StreamKind::salsa20, ByteView{bytes}.first<32>(),
                                          kSalsaIv));
    made.stream_ = std::move(stream);
  } else if (kind == KdbxStream::chacha20) {
    TRY_DO(crypto::sha512_into(bytes.first<64>(), {key}));
    TRY(stream, crypto::Keystream::create(crypto::StreamKind::chacha20, ByteView{bytes}.first<32>(),
                                          bytes.subspan(32, 12)));
    made.stream_ = std::move(stream);
  }
  return made;
}

}  // namespace holdfast::formats
