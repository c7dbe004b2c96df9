#include "model/version.h"

#include "model/record_encoding.h"
#include "model/signing.h"

namespace holdfast::model {
namespace {

inline constexpr std::uint64_t kVersionKinds = 2;
inline constexpr std::uint64_t kStubReasons = 3;

auto shape(Is<Version> auto& r) {
  return fields(FormatVersion{}, Suite{}, r.secret, r.category, r.generation,
                Ascending{r.parents, 0, kParentsMax}, r.replaces, r.author, r.author_seq, r.index,
                Below{r.kind, kVersionKinds}, AtMost{r.wrapped_key, kWrappedKeyBytes}, r.commitment,
                r.nonce, AtMost{r.sealed, kSealedBytesMax});
}

// A tombstone has no body; a content version has a whole wrapped key.
auto check_body(const Version& version) -> Result<void> {
  const bool is_content = version.kind == VersionKind::content;
  if (version.wrapped_key.size() != (is_content ? kWrappedKeyBytes : 0))
    return base::fail(Error::bad_length);
  if (version.sealed.empty() == is_content) return base::fail(Error::bad_length);
  return {};
}

// What both encryptions of a version bind: all of it but the encrypted parts.
void write_binding(Writer& out, const VaultId& vault, const Version& version) {
  write(out, Suite{});
  write(out, vault);
  write(out, version.secret);
  write(out, version.category);
  write(out, version.generation);
  write(out, List{version.parents, 0, kParentsMax});
  write(out, version.replaces);
  write(out, version.author);
  write(out, version.author_seq);
  write(out, version.index);
  write(out, Below{version.kind, kVersionKinds});
}
inline constexpr std::size_t kBindingElements = 11;

}  // namespace

auto shape(Is<Stub> auto& r) {
  return fields(FormatVersion{}, r.version, Ascending{r.parents, 0, kParentsMax},
                Below{r.why, kStubReasons});
}

void write(Writer& out, const EncodedVersion& version) { out.raw(version.bytes); }

auto read(Reader& in, EncodedVersion& version) -> Result<void> {
  const std::size_t start = in.position();
  TRY_DO(read(in, shape(version.fields)));
  TRY_DO(check_body(version.fields));
  version.bytes = base::to_bytes(in.since(start));
  version.id = id_of<VersionId>(domain_digest("version", version.bytes));
  return {};
}

auto encode(const Version& version) -> EncodedVersion {
  EncodedVersion encoded_version{version, {}, {}};
  encoded_version.bytes.reserve(version.sealed.size() + 1024);
  Writer out{encoded_version.bytes};
  write(out, shape(version));
  encoded_version.id = id_of<VersionId>(domain_digest("version", encoded_version.bytes));
  return encoded_version;
}

auto decode_version(ByteView bytes) -> Result<EncodedVersion> {
  return decoded<EncodedVersion>(bytes);
}

auto sealed_aad(const VaultId& vault, const Version& version) -> Bytes {
  Bytes aad;
  Writer out{aad};
  write_domain(out, 1 + kBindingElements, "sealed-version");
  write_binding(out, vault, version);
  return aad;
}

auto wrapped_key_aad(const VaultId& vault, const Version& version) -> Bytes {
  Bytes aad;
  Writer out{aad};
  write_domain(out, 1 + kBindingElements + 1, "wrapped-key");
  write_binding(out, vault, version);
  write(out, version.commitment);
  return aad;
}

auto encode(const Stub& stub) -> Bytes { return encoded(stub); }
auto decode_stub(ByteView bytes) -> Result<Stub> { return decoded<Stub>(bytes); }

}  // namespace holdfast::model
