#include "formats/gzip.h"
#include "formats/kdbx.h"
#include "formats/kdbx_blocks.h"
#include "formats/keepass_writer.h"
#include "formats/little_endian.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Bytes, base::ByteView, base::Detailed, base::Error, base::fail, base::SecretBytes,
    base::SecretMemory;

constexpr std::size_t kStreamKeyBytes = 64;
constexpr std::uint8_t kProtectInMemory = 1;

auto random_bytes(const FileSeal& seal, std::size_t size) -> Bytes {
  Bytes bytes(size);
  seal.random(bytes);
  return bytes;
}

auto new_header(const FileSeal& seal) -> KdbxHeader {
  KdbxHeader header;
  header.cipher = seal.cipher;
  header.packed = true;
  header.master_seed = random_bytes(seal, 32);
  header.iv = random_bytes(seal, seal.cipher == KdbxCipher::chacha20 ? 12 : 16);
  header.kdf = ArgonKdf{.type = crypto::Argon2Type::id,
                        .params = seal.kdf,
                        .salt = random_bytes(seal, 32),
                        .secret = {},
                        .associated = {}};
  return header;
}

void put_field(SecretBytes& out, std::uint8_t id, ByteView prefix, ByteView value) {
  SecretBytes::Buffer& buffer = out.buffer();
  buffer.push_back(id);
  append_little_endian(buffer, static_cast<std::uint32_t>(prefix.size() + value.size()));
  buffer.insert(buffer.end(), prefix.begin(), prefix.end());
  buffer.insert(buffer.end(), value.begin(), value.end());
}

// The inner header, then the XML.
auto payload(const std::vector<ExportEntry>& entries, const FileSeal& seal, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  SecretBytes stream_key{memory};
  stream_key.buffer().resize(kStreamKeyBytes);
  seal.random(stream_key.buffer());
  const ByteView key = base::view_of(peek(stream_key));
  TRY(stream, ProtectedStream::create(KdbxStream::chacha20, key, memory));
  const AttachmentPool pool{entries, memory};
  TRY(xml, write_keepass_xml(entries, pool, &stream, memory));
  SecretBytes out{memory};
  std::vector<std::uint8_t> id;
  append_little_endian(id, static_cast<std::uint32_t>(KdbxStream::chacha20));
  put_field(out, 1, {}, id);
  put_field(out, 2, {}, key);
  for (const SecretBytes* content : pool.contents())
    put_field(out, 3, {&kProtectInMemory, 1}, base::view_of(peek(*content)));
  put_field(out, 0, {}, {});
  append_text(out.buffer(), peek(xml));
  return out;
}

void append_bytes(SecretBytes& to, ByteView bytes) {
  to.buffer().insert(to.buffer().end(), bytes.begin(), bytes.end());
}

}  // namespace

auto export_kdbx(const std::vector<ExportEntry>& entries, const FileSeal& seal,
                 SecretMemory& memory) -> Detailed<SecretBytes> {
  if (!seal.key.given() || !seal.random) return fail(Error::new_file_key_needed, "");
  if (seal.cipher == KdbxCipher::twofish) return fail(Error::kdbx_cipher, "Twofish");
  const KdbxHeader header = new_header(seal);
  TRY(keys, derive_keys(header, seal.key, memory));
  TRY(plain, payload(entries, seal, memory));
  TRY(content, gzip_pack(base::view_of(peek(plain)), memory));
  TRY_DO(encrypt(header, keys, content));
  const Bytes head = write_kdbx_header(header);
  TRY(tag, header_tag(keys, head, memory));
  SecretBytes out{memory};
  out.buffer().reserve(head.size() + content.size() + content.size() / 1024 + 1024);
  append_bytes(out, head);
  append_bytes(out, crypto::sha256(head).view());
  append_bytes(out, tag.view());
  write_tagged_blocks(out.buffer(), base::view_of(peek(content)), keys, memory);
  return out;
}

}  // namespace holdfast::formats
