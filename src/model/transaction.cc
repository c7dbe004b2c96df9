#include "model/transaction.h"

#include <algorithm>

#include "model/change_encoding.h"
#include "model/signing.h"

namespace holdfast::model {
namespace {

inline constexpr std::uint8_t kUnsignedHead = 0x89;  // an array of nine; a tenth, the signature,
inline constexpr std::uint8_t kSignedHead = 0x8a;    // follows in what is sent
inline constexpr std::size_t kSignatureBytes = 3 + crypto::Signature::kSize;

auto shape(Is<Transaction> auto& r) {
  return fields(FormatVersion{}, Suite{}, r.vault, r.author, r.seq, r.previous, r.height_seen,
                r.created, List{r.changes, 1, kChangesMax});
}

auto body_bytes(const Transaction& transaction) -> std::size_t {
  std::size_t bytes = 256;
  for (const Change& change : transaction.changes) {
    bytes += 64;
    if (const auto* add = std::get_if<AddSecret>(&change.what)) bytes += add->version.bytes.size();
    if (const auto* update = std::get_if<UpdateSecret>(&change.what))
      bytes += update->version.bytes.size();
  }
  return bytes;
}

}  // namespace

auto encode_unsigned(const Transaction& transaction) -> Result<Bytes> {
  if (transaction.changes.empty()) return base::fail(Error::bad_length);
  if (transaction.changes.size() > kChangesMax) return base::fail(Error::too_long);
  if (std::ranges::any_of(transaction.changes, is_nested_proposal))
    return base::fail(Error::too_deep);
  Bytes body;
  body.reserve(body_bytes(transaction));
  Writer out{body};
  write(out, shape(transaction));
  CHECK(body.front() == kUnsignedHead);
  if (body.size() > kTransactionBytesMax - kSignatureBytes) return base::fail(Error::too_long);
  return body;
}

auto transaction_message(const VaultId& vault, ByteView unsigned_body) -> Bytes {
  return signed_message(vault, std::nullopt, unsigned_body);
}

auto attach_signature(ByteView unsigned_body, const crypto::Signature& signature) -> Bytes {
  CHECK(!unsigned_body.empty());
  CHECK(unsigned_body.front() == kUnsignedHead);
  Bytes bytes;
  bytes.reserve(unsigned_body.size() + kSignatureBytes);
  base::append(bytes, unsigned_body);
  bytes.front() = kSignedHead;
  Writer out{bytes};
  write(out, signature);
  return bytes;
}

auto decode_transaction(ByteView encoded) -> Result<SignedTransaction> {
  if (encoded.size() > kTransactionBytesMax) return base::fail(Error::too_long);
  SignedTransaction transaction;
  Reader in{encoded};
  TRY_DO(read(in, std::tuple_cat(shape(transaction.fields), fields(transaction.signature))));
  TRY_DO(in.finish());

  // The unsigned body: the same elements under the head of an array without the signature. It is
  // assembled once, inside the message that the signature covers.
  const ByteView elements = encoded.subspan(1, encoded.size() - 1 - kSignatureBytes);
  const std::size_t body_size = 1 + elements.size();
  transaction.signed_message = message_prefix(transaction.fields.vault, std::nullopt, body_size);
  Bytes& message = transaction.signed_message;
  message.reserve(message.size() + body_size);
  message.push_back(kUnsignedHead);
  base::append(message, elements);
  transaction.id = id_of<TxId>(
      crypto::sha256({digest_prefix("transaction", body_size), ByteView{message}.last(body_size)}));
  transaction.bytes = base::to_bytes(encoded);
  return transaction;
}

}  // namespace holdfast::model
