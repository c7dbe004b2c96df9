#include "model/records.h"

#include "model/record_encoding.h"
#include "model/signing.h"

namespace holdfast::model {
namespace {

auto shape(Is<RequireSignature> auto& r) { return fields(AtMost{r.key, crypto::PublicKey::kSize}); }
auto shape(Is<RequireMultiSig> auto& r) {
  return fields(List{r.persons, 0, kPersonsMax}, r.threshold);
}
auto shape(Is<TimeWindow> auto& r) { return fields(r.from, r.until); }
auto shape(Is<RateLimit> auto& r) { return fields(r.count, r.window_ms); }

template <class Check>
auto read_check(Reader& in, std::size_t size, PolicyCheck& check) -> Result<void> {
  auto elements = shape(check.emplace<Check>());
  if (size != 1 + std::tuple_size_v<decltype(elements)>) return base::fail(Error::bad_length);
  return std::apply([&](auto&... element) { return read_each(in, element...); }, elements);
}

// All of a key generation that does not depend on who receives it.
auto without_wraps(const KeyGeneration& r) {
  return fields(FormatVersion{}, Suite{}, r.vault, r.category, r.generation, r.previous, r.readers,
                r.reason, r.commitment, ExactlyOrNull{r.old_key_sealed, kSealedKeyBytes});
}

}  // namespace

void write(Writer& out, const PolicyCheck& check) {
  std::visit(
      [&](const auto& alternative) {
        const auto elements = shape(alternative);
        out.array(1 + std::tuple_size_v<decltype(elements)>);
        out.uint(check.index());
        std::apply([&](const auto&... element) { (write(out, element), ...); }, elements);
      },
      check);
}

auto read(Reader& in, PolicyCheck& check) -> Result<void> {
  TRY(size, in.array(kAnyNumber));
  TRY(type, in.uint(std::variant_size_v<PolicyCheck> - 1));
  switch (type) {
    case 0:
      return read_check<RequireSignature>(in, size, check);
    case 1:
      return read_check<RequireMultiSig>(in, size, check);
    case 2:
      return read_check<TimeWindow>(in, size, check);
    default:
      return read_check<RateLimit>(in, size, check);
  }
}

auto encode(const KeyGeneration& record) -> Bytes { return encoded(record); }
auto decode_key_generation(ByteView bytes) -> Result<KeyGeneration> {
  return decoded<KeyGeneration>(bytes);
}
auto encode(const MemberRecord& record) -> Bytes { return encoded(record); }
auto decode_member_record(ByteView bytes) -> Result<MemberRecord> {
  return decoded<MemberRecord>(bytes);
}

auto wrap_key_body(const DeviceId& device, const WrapKeyRecord& record) -> Bytes {
  return encoded(fields(FormatVersion{}, Suite{}, device, record.number, record.key));
}

auto member_body(const MemberRecord& record) -> Bytes {
  return encoded(fields(FormatVersion{}, Suite{}, record.device, record.person, record.role,
                        record.node_key, record.author_key, record.wrap_key,
                        AtMost{record.sealed_name, kSealedNameBytesMax}));
}

auto device_id(const crypto::PublicKey& node_key) -> DeviceId {
  return id_of<DeviceId>(domain_digest("device", node_key.view()));
}

auto generation_digest(const KeyGeneration& record) -> Digest {
  return domain_digest("key-generation", encode(record));
}

auto generation_salt(const KeyGeneration& record) -> Digest {
  return domain_digest("key-generation", encoded(without_wraps(record)));
}

auto readers_digest(const std::vector<DeviceId>& ascending) -> Digest {
  return domain_digest("readers", encoded(List{ascending, 0, kReadersMax}));
}

auto generation_commitment(const VaultId& vault, const CategoryId& category, Generation generation,
                           std::span<const std::uint8_t, 32> key) -> Digest {
  Bytes prefix;  // without the key, which stays where it is
  Writer out{prefix};
  write_domain(out, 5, "generation-commitment");
  write(out, vault);
  write(out, category);
  write(out, generation);
  out.bytes_head(key.size());
  return crypto::sha256({prefix, key});
}

auto generation_wrap_info(const DeviceId& device, WrapKeyNumber key) -> Bytes {
  Bytes info;
  Writer out{info};
  write_domain(out, 3, "generation-wrap");
  write(out, device);
  write(out, key);
  return info;
}

auto generation_wrap_aad(const KeyGeneration& record, const DeviceId& device, WrapKeyNumber key)
    -> Bytes {
  Bytes aad;
  Writer out{aad};
  write_domain(out, 6, "category-key");
  write(out, record.vault);
  write(out, record.category);
  write(out, record.generation);
  write(out, device);
  write(out, key);
  return aad;
}

auto old_key_aad(const KeyGeneration& record) -> Bytes {
  Bytes aad;
  Writer out{aad};
  write_domain(out, 5, "old-category-key");
  write(out, record.vault);
  write(out, record.category);
  write(out, record.generation);
  write(out, record.previous);
  return aad;
}

auto name_aad(const VaultId& vault, ByteView owner_id) -> Bytes {
  Bytes aad;
  Writer out{aad};
  write_domain(out, 4, "name");
  write(out, Suite{});
  write(out, vault);
  out.bytes(owner_id);
  return aad;
}

}  // namespace holdfast::model
