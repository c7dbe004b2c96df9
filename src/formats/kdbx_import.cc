#include <algorithm>

#include "crypto/equal.h"
#include "formats/gzip.h"
#include "formats/kdbx.h"
#include "formats/kdbx_blocks.h"
#include "formats/keepass_reader.h"
#include "formats/little_endian.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes,
    base::SecretMemory;

constexpr std::size_t kDigestBytes = 32;

enum class InnerField : std::uint8_t { end = 0, stream_id = 1, stream_key = 2, binary = 3 };

struct Inner {
  KdbxStream stream = KdbxStream::none;
  ByteView stream_key{};
  KeePassPool pool{};
};

auto read_inner_header(ByteCursor& cursor, SecretMemory& memory) -> Result<Inner> {
  Inner inner;
  for (std::size_t fields = 0; fields < kInnerFieldsMax; ++fields) {
    TRY(id, cursor.number<std::uint8_t>());
    TRY(size, cursor.number<std::uint32_t>());
    TRY(value, cursor.take(size));
    switch (static_cast<InnerField>(id)) {
      case InnerField::end:
        return inner;
      case InnerField::stream_id: {
        if (value.size() != 4) return fail(Error::file_corrupt);
        TRY(stream, stream_from_id(little_endian<std::uint32_t>(value)));
        inner.stream = stream;
        break;
      }
      case InnerField::stream_key:
        inner.stream_key = value;
        break;
      case InnerField::binary:
        if (value.empty()) return fail(Error::file_corrupt);  // it begins with a byte of flags
        inner.pool.emplace(inner.pool.size(), secret_text(base::text_of(value.subspan(1)), memory));
        break;
      default:
        break;
    }
  }
  return fail(Error::capacity_exceeded);
}

auto read_xml(ByteView xml, KdbxStream kind, ByteView stream_key, KeePassSource source,
              model::TimeMs now, SecretMemory& memory) -> Detailed<Imported> {
  auto stream = ProtectedStream::create(kind, stream_key, memory);
  if (!stream) return fail(stream.error(), "");
  source.stream = &*stream;
  auto read = read_keepass_xml(base::text_of(xml), std::move(source), now, memory);
  if (read) return read;
  // Not XML at all: the user gave no XML, so this is damage, such as a lost mark that it is packed.
  const base::Failure& failure = read.error();
  const bool outside_entries = failure.where.starts_with("line ");
  if (outside_entries && (failure.code == Error::bad_utf8 || failure.code == Error::wrong_format))
    return fail(Error::file_corrupt, "content, " + failure.where);
  return read;
}

auto unpacked(const KdbxHeader& header, SecretBytes payload, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  if (!header.packed) return payload;
  auto out = gzip_unpack(base::view_of(peek(payload)), kUnpackedBytesMax, memory);
  if (!out) return fail(out.error(), "packed content");
  return *std::move(out);
}

// Version 4: hash and HMAC of the header, then encrypted blocks with an HMAC each.
auto open_version_4(ByteView file, const KdbxHeader& header, const FileKey& key,
                    SecretMemory& memory) -> Detailed<SecretBytes> {
  ByteCursor cursor{file.subspan(header.bytes)};
  const auto hash = cursor.take(kDigestBytes);
  const auto tag = cursor.take(kDigestBytes);
  if (!hash || !tag) return fail(Error::file_corrupt, "header");
  const ByteView head = file.first(header.bytes);
  if (!crypto::equal(*hash, crypto::sha256(head).view()))
    return fail(Error::file_corrupt, "header");
  TRY(keys, derive_keys(header, key, memory));
  TRY(expected, header_tag(keys, head, memory));
  if (!crypto::equal(*tag, expected.view())) return fail(Error::file_key_wrong, "");
  TRY(content, read_tagged_blocks(file.subspan(header.bytes + 2 * kDigestBytes), keys, memory));
  if (!decrypt(header, keys, content) || !drop_padding(header, content))
    return fail(Error::file_corrupt, "content");
  return content;
}

// Version 3.1: all is encrypted at once; the first bytes tell whether the key is right.
auto open_version_3(ByteView file, const KdbxHeader& header, const FileKey& key,
                    SecretMemory& memory) -> Detailed<SecretBytes> {
  TRY(keys, derive_keys(header, key, memory));
  TRY(content, SecretBytes::copy_of(memory, file.subspan(header.bytes)));
  if (const auto done = decrypt(header, keys, content); !done) return fail(done.error(), "content");
  const std::size_t start = header.stream_start.size();
  if (content.size() < start) return fail(Error::file_corrupt, "content");
  if (!crypto::equal(base::view_of(peek(content)).first(start), header.stream_start))
    return fail(Error::file_key_wrong, "");
  if (!drop_padding(header, content) || content.size() < start)
    return fail(Error::file_corrupt, "content");
  return read_hashed_blocks(base::view_of(peek(content)).subspan(start), memory);
}

}  // namespace

auto read_kdbx_payload(const KdbxHeader& header, ByteView file, SecretBytes payload,
                       model::TimeMs now, SecretMemory& memory) -> Detailed<Imported> {
  TRY(plain, unpacked(header, std::move(payload), memory));
  const ByteView bytes = base::view_of(peek(plain));
  if (header.version.major < 4) {
    return read_xml(bytes, header.stream, header.stream_key,
                    {.header_hash = crypto::sha256(file.first(header.bytes))}, now, memory);
  }
  ByteCursor cursor{bytes};
  auto inner = read_inner_header(cursor, memory);
  if (!inner) return fail(inner.error(), "inner header");
  return read_xml(bytes.subspan(cursor.offset()), inner->stream, inner->stream_key,
                  {.pool = std::move(inner->pool)}, now, memory);
}

auto import_kdbx(ByteView file, const FileKey& key, model::TimeMs now, SecretMemory& memory)
    -> Detailed<Imported> {
  TRY(header, read_kdbx_header(file));
  if (!key.given()) return fail(Error::file_key_missing, "");
  const bool modern = header.version.major >= 4;
  TRY(payload, (modern ? open_version_4 : open_version_3)(file, header, key, memory));
  return read_kdbx_payload(header, file, std::move(payload), now, memory);
}

}  // namespace holdfast::formats
