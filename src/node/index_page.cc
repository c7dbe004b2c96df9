#include "node/index_page.h"

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "crypto/padme.h"
#include "vault/sealing.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using base::SecretBytes;

inline constexpr std::uint64_t kAny = UINT64_MAX;
inline constexpr std::size_t kShortRow = 2, kLongRow = 12;
inline constexpr std::size_t kRowOverheadBytes = 192;  // everything but texts, rounded up
inline constexpr std::uint64_t kDeleted = 1, kHasTotp = 2;
inline constexpr std::uint64_t kKindMax = std::to_underlying(model::Kind::file);

auto text_bytes(const Summary& summary) -> std::size_t {
  constexpr std::size_t kHead = 5;
  std::size_t sum = summary.label.size() + summary.username.size();
  for (const auto* texts : {&summary.urls, &summary.tags}) {
    for (const SecretBytes& text : *texts) sum += text.size() + kHead;
  }
  return sum;
}

auto row_bytes(const IndexRow& row) -> std::size_t {
  return kRowOverheadBytes + (row.summary ? text_bytes(*row.summary) : 0);
}

void write_texts(codec::SecretWriter& out, const std::vector<SecretBytes>& texts) {
  out.array(texts.size());
  for (const SecretBytes& text : texts) text.expose([&](ByteView own) { out.bytes(own); });
}

void write_row(codec::SecretWriter& out, const IndexRow& row) {
  if (row.kind != IndexRow::Kind::summarised) {
    out.array(kShortRow);
    out.bytes(row.id.view());
    out.boolean(row.kind == IndexRow::Kind::look_anew);
    return;
  }
  const Summary& summary = *row.summary;
  out.array(kLongRow);
  out.bytes(summary.id.view());
  out.uint(std::to_underlying(summary.added));
  out.uint(summary.added_index);
  out.bytes(summary.category.view());
  out.bytes(summary.version.view());
  out.uint(std::to_underlying(summary.kind));
  out.uint((summary.deleted ? kDeleted : 0) | (summary.has_totp ? kHasTotp : 0));
  out.uint(std::to_underlying(summary.created));
  out.uint(std::to_underlying(summary.modified));
  summary.label.expose([&](ByteView text) { out.bytes(text); });
  summary.username.expose([&](ByteView text) { out.bytes(text); });
  out.array(2);
  write_texts(out, summary.urls);
  write_texts(out, summary.tags);
}

auto read_text(codec::Reader& in, base::SecretMemory& memory) -> Result<SecretBytes> {
  TRY(text, in.bytes(model::kTextBytesMax));
  return SecretBytes::copy_of(memory, text);
}

auto read_texts(codec::Reader& in, base::SecretMemory& memory) -> Result<std::vector<SecretBytes>> {
  TRY(count, in.array(model::kListItemsMax));
  std::vector<SecretBytes> texts;
  texts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    TRY(text, read_text(in, memory));
    texts.push_back(std::move(text));
  }
  return texts;
}

auto read_summary(codec::Reader& in, const SecretId& id, base::SecretMemory& memory)
    -> Result<SummaryRef> {
  TRY(added, in.uint(kAny));
  TRY(added_index, in.uint(kAny));
  TRY(category, in.fixed_bytes<CategoryId>());
  TRY(version, in.fixed_bytes<VersionId>());
  TRY(kind, in.uint(kKindMax));
  TRY(flags, in.uint(kDeleted | kHasTotp));
  TRY(created, in.uint(kAny));
  TRY(modified, in.uint(kAny));
  TRY(label, read_text(in, memory));
  TRY(username, read_text(in, memory));
  TRY_DO(in.array_of(2));
  TRY(urls, read_texts(in, memory));
  TRY(tags, read_texts(in, memory));
  return std::make_shared<const Summary>(Summary{.id = id,
                                                 .category = category,
                                                 .version = version,
                                                 .kind = static_cast<model::Kind>(kind),
                                                 .label = std::move(label),
                                                 .username = std::move(username),
                                                 .urls = std::move(urls),
                                                 .tags = std::move(tags),
                                                 .created = model::TimeMs{created},
                                                 .modified = model::TimeMs{modified},
                                                 .added = Height{added},
                                                 .added_index = added_index,
                                                 .has_totp = (flags & kHasTotp) != 0,
                                                 .deleted = (flags & kDeleted) != 0});
}

auto read_row(codec::Reader& in, base::SecretMemory& memory) -> Result<IndexRow> {
  TRY(size, in.array(kLongRow));
  TRY(id, in.fixed_bytes<SecretId>());
  if (size == kShortRow) {
    TRY(look_anew, in.boolean());
    const auto kind = look_anew ? IndexRow::Kind::look_anew : IndexRow::Kind::gone;
    return IndexRow{.id = id, .kind = kind, .summary = nullptr};
  }
  if (size != kLongRow) return fail(Error::store_corrupt);
  TRY(summary, read_summary(in, id, memory));
  return IndexRow{.id = id, .kind = IndexRow::Kind::summarised, .summary = std::move(summary)};
}

auto page_aad(const PagePlace& place) -> Bytes {
  Bytes aad;
  codec::Writer out{aad};
  out.array(9);
  out.text("holdfast/1/index");
  out.uint(kIndexVersion);
  out.bytes(place.vault.view());
  out.bytes(place.device.view());
  out.uint(std::to_underlying(place.from));
  out.uint(std::to_underlying(place.to));
  out.bytes(place.commit.view());
  out.uint(place.number);
  out.uint(place.count);
  return aad;
}

}  // namespace

auto encode(const SealedPage& page) -> Bytes {
  Bytes bytes;
  bytes.reserve(page.ciphertext.size() + 128);
  codec::Writer out{bytes};
  out.array(6);
  out.uint(kIndexVersion);
  out.uint(std::to_underlying(page.from));
  out.uint(page.count);
  out.bytes(page.nonce.view());
  out.bytes(page.commitment.view());
  out.bytes(page.ciphertext);
  return bytes;
}

auto decode_page(ByteView encoded) -> Result<SealedPage> {
  codec::Reader in{encoded};
  TRY_DO(in.array_of(6));
  TRY(version, in.uint(kAny));
  if (version != kIndexVersion) return fail(Error::unsupported_version);
  TRY(from, in.uint(kAny));
  TRY(count, in.uint(kSegmentPagesMax));
  TRY(nonce, in.fixed_bytes<crypto::Nonce>());
  TRY(commitment, in.fixed_bytes<crypto::Commitment>());
  TRY(ciphertext, in.bytes(encoded.size()));
  TRY_DO(in.finish());
  return SealedPage{.from = Height{from},
                    .count = count,
                    .nonce = nonce,
                    .commitment = commitment,
                    .ciphertext = base::to_bytes(ciphertext)};
}

auto rows_of_page(std::span<const IndexRow> rows) -> std::size_t {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < rows.size() && (count == 0 || bytes + row_bytes(rows[count]) <= kPageBytes)) {
    bytes += row_bytes(rows[count++]);
  }
  return count;
}

auto write_rows(std::span<const IndexRow> rows, base::SecretMemory& memory) -> Result<SecretBytes> {
  try {
    std::size_t bytes = 0;
    for (const IndexRow& row : rows) bytes += row_bytes(row);
    SecretBytes page{memory};
    page.buffer().reserve(crypto::padme_length(bytes));
    codec::SecretWriter out{page.buffer()};
    for (const IndexRow& row : rows) write_row(out, row);
    return page;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto read_rows(const SecretBytes& page, base::SecretMemory& memory, std::vector<IndexRow>& rows)
    -> Result<void> {
  return page.expose([&](ByteView bytes) -> Result<void> {
    codec::Reader in{bytes};
    while (in.remaining() > 0) {
      TRY(row, read_row(in, memory));
      rows.push_back(std::move(row));
    }
    return {};
  });
}

auto seal_page(crypto::Aead& aead, const IndexKey& key, const PagePlace& place,
               const crypto::Nonce& nonce, SecretBytes page) -> Result<SealedPage> {
  TRY_DO(vault::pad(page));
  const Bytes aad = page_aad(place);
  TRY(sealed, key.expose([&](auto bytes) {
    return page.expose([&](ByteView plain) { return aead.seal(bytes, nonce, aad, plain); });
  }));
  return SealedPage{.from = place.from,
                    .count = place.count,
                    .nonce = nonce,
                    .commitment = sealed.commitment,
                    .ciphertext = std::move(sealed.ciphertext)};
}

auto open_page(crypto::Aead& aead, const IndexKey& key, const PagePlace& place,
               const SealedPage& sealed, base::SecretMemory& memory) -> Result<SecretBytes> {
  const Bytes aad = page_aad(place);
  TRY(page, key.expose([&](auto bytes) {
    return aead.open(bytes, sealed.nonce, sealed.commitment, aad, sealed.ciphertext, memory);
  }));
  TRY_DO(vault::unpad(page));
  return page;
}

}  // namespace holdfast::node
