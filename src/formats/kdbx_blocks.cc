#include "formats/kdbx_blocks.h"

#include <algorithm>
#include <array>
#include <string>

#include "crypto/equal.h"
#include "crypto/foreign_ciphers.h"
#include "formats/little_endian.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes,
    base::SecretMemory;

constexpr std::size_t kTagBytes = 32;

void append_bytes(SecretBytes& to, ByteView bytes) {
  to.buffer().insert(to.buffer().end(), bytes.begin(), bytes.end());
}

auto is_zero(ByteView bytes) -> bool {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

auto key_of(const KdbxKeys& keys) -> crypto::ForeignKey {
  return base::view_of(peek(keys.cipher)).first<32>();
}

auto block_kind(KdbxCipher cipher) -> crypto::BlockKind {
  return cipher == KdbxCipher::twofish ? crypto::BlockKind::twofish : crypto::BlockKind::aes_256;
}

// False: that was the last block.
auto tagged_block(ByteCursor& cursor, std::uint64_t index, const KdbxKeys& keys,
                  SecretMemory& memory, SecretBytes& out) -> Result<bool> {
  TRY(tag, cursor.take(kTagBytes));
  TRY(size, cursor.number<std::uint32_t>());
  if (size > kKdbxBlockBytesMax) return fail(Error::file_corrupt);
  TRY(block, cursor.take(size));
  TRY(expected, block_tag(keys, index, block, memory));
  if (!crypto::equal(tag, expected.view())) return fail(Error::file_corrupt);
  append_bytes(out, block);
  return size > 0;
}

auto hashed_block(ByteCursor& cursor, std::uint64_t index, SecretBytes& out) -> Result<bool> {
  TRY(number, cursor.number<std::uint32_t>());
  if (number != index) return fail(Error::file_corrupt);
  TRY(hash, cursor.take(kTagBytes));
  TRY(size, cursor.number<std::uint32_t>());
  if (size > kKdbxBlockBytesMax) return fail(Error::file_corrupt);
  TRY(block, cursor.take(size));
  if (size == 0) return is_zero(hash) ? Result<bool>{false} : fail(Error::file_corrupt);
  if (!crypto::equal(hash, crypto::sha256(block).view())) return fail(Error::file_corrupt);
  append_bytes(out, block);
  return true;
}

template <class ReadBlock>
auto read_blocks(ByteView stream, SecretMemory& memory, ReadBlock&& read_block)
    -> Detailed<SecretBytes> {
  ByteCursor cursor{stream};
  SecretBytes out{memory};
  out.buffer().reserve(stream.size());
  for (std::uint64_t index = 0;; ++index) {
    const auto more = read_block(cursor, index, out);
    if (!more) return fail(more.error(), "block " + std::to_string(index + 1));
    if (!*more) break;
  }
  if (cursor.left() != 0) return fail(Error::file_corrupt, "after the last block");
  return out;
}

}  // namespace

auto read_tagged_blocks(ByteView stream, const KdbxKeys& keys, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  return read_blocks(stream, memory,
                     [&](ByteCursor& cursor, std::uint64_t index, SecretBytes& out) {
                       return tagged_block(cursor, index, keys, memory, out);
                     });
}

auto read_hashed_blocks(ByteView stream, SecretMemory& memory) -> Detailed<SecretBytes> {
  return read_blocks(stream, memory, hashed_block);
}

void write_tagged_blocks(SecretBytes::Buffer& out, ByteView bytes, const KdbxKeys& keys,
                         SecretMemory& memory) {
  for (std::uint64_t index = 0;; ++index) {
    const ByteView block = bytes.first(std::min(bytes.size(), kKdbxBlockBytesWritten));
    bytes = bytes.subspan(block.size());
    const auto tag = block_tag(keys, index, block, memory);
    if (!tag) throw std::bad_alloc{};  // nothing else can fail there
    out.insert(out.end(), tag->bytes.begin(), tag->bytes.end());
    append_little_endian(out, static_cast<std::uint32_t>(block.size()));
    out.insert(out.end(), block.begin(), block.end());
    if (block.empty()) return;
  }
}

auto decrypt(const KdbxHeader& header, const KdbxKeys& keys, SecretBytes& bytes) -> Result<void> {
  if (header.cipher == KdbxCipher::chacha20) {
    TRY(stream, crypto::Keystream::create(crypto::StreamKind::chacha20, key_of(keys), header.iv));
    stream.apply(bytes.buffer());
    return {};
  }
  if (bytes.empty() || bytes.size() % crypto::kCbcBlockBytes != 0) return fail(Error::file_corrupt);
  return crypto::cbc_decrypt(block_kind(header.cipher), key_of(keys), header.iv, bytes.buffer());
}

auto drop_padding(const KdbxHeader& header, SecretBytes& bytes) -> Result<void> {
  if (header.cipher == KdbxCipher::chacha20) return {};
  SecretBytes::Buffer& buffer = bytes.buffer();
  if (buffer.empty()) return fail(Error::file_corrupt);
  const std::uint8_t size = buffer.back();
  if (size == 0 || size > crypto::kCbcBlockBytes || size > buffer.size())
    return fail(Error::file_corrupt);
  if (!std::ranges::all_of(ByteView{buffer}.last(size), [&](auto byte) { return byte == size; }))
    return fail(Error::file_corrupt);
  buffer.resize(buffer.size() - size);
  return {};
}

auto encrypt(const KdbxHeader& header, const KdbxKeys& keys, SecretBytes& bytes) -> Result<void> {
  if (header.cipher == KdbxCipher::chacha20) return decrypt(header, keys, bytes);
  const std::size_t padding = crypto::kCbcBlockBytes - bytes.size() % crypto::kCbcBlockBytes;
  bytes.buffer().insert(bytes.buffer().end(), padding, static_cast<std::uint8_t>(padding));
  return crypto::cbc_encrypt(block_kind(header.cipher), key_of(keys), header.iv, bytes.buffer());
}

}  // namespace holdfast::formats
