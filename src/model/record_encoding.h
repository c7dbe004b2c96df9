// record_encoding.h: the element lists of records.h, for the files of this module that embed them.
// Limits: records.h. Threads: pure. Errors: as encoding.h. Source: docs/formats.cddl.
#pragma once

#include "model/encoding.h"
#include "model/records.h"
#include "model/version.h"

namespace holdfast::model {

using Rewrap = std::pair<VersionId, Bytes>;
inline constexpr std::size_t kProofsMax = 3;

auto shape(Is<CategoryRecord> auto& r) {
  return fields(r.id, r.parent, AtMost{r.sealed_name, kSealedNameBytesMax});
}
auto shape(Is<KeyWrap> auto& r) {
  return fields(r.device, r.key, r.kem, Exactly{r.sealed, kSealedKeyBytes});
}
inline auto rank(const KeyWrap& wrap) -> const DeviceId& { return wrap.device; }
auto shape(Is<KeyGeneration> auto& r) {
  return fields(FormatVersion{}, Suite{}, r.vault, r.category, r.generation, r.previous, r.readers,
                r.reason, r.commitment, ExactlyOrNull{r.old_key_sealed, kSealedKeyBytes},
                Ascending{r.wraps, 0, kReadersMax});
}
auto shape(Is<KeyGrant> auto& r) {
  return fields(r.category, r.generation, r.wrap.device, r.wrap.key, r.wrap.kem,
                Exactly{r.wrap.sealed, kSealedKeyBytes});
}
auto shape(Is<Rewrap> auto& r) { return fields(r.first, Exactly{r.second, kWrappedKeyBytes}); }
auto shape(Is<RewrapRecord> auto& r) {
  return fields(r.category, r.generation, List{r.keys, 0, kRewrapsMax});
}
auto shape(Is<WrapKeyRecord> auto& r) { return fields(r.number, r.key, r.signature); }
auto shape(Is<MemberRecord> auto& r) {
  return fields(r.device, r.person, r.role, r.node_key, r.author_key, r.wrap_key,
                AtMost{r.sealed_name, kSealedNameBytesMax}, List{r.proofs, 1, kProofsMax});
}
auto shape(Is<RoleRecord> auto& r) {
  return fields(r.id, AtMost{r.sealed_name, kSealedNameBytesMax},
                List{r.permissions, 0, kPermissionsMax});
}
auto shape(Is<PolicyRecord> auto& r) {
  return fields(r.id, fields(r.category, r.secret), r.required, List{r.checks, 0, kChecksMax});
}
auto shape(Is<Retention> auto& r) { return fields(r.versions, r.days, r.transactions_days); }

void write(Writer& out, const PolicyCheck& check);
[[nodiscard]] auto read(Reader& in, PolicyCheck& check) -> Result<void>;

// A version keeps its bytes: they are written as they are and kept as they were read.
void write(Writer& out, const EncodedVersion& version);
[[nodiscard]] auto read(Reader& in, EncodedVersion& version) -> Result<void>;

}  // namespace holdfast::model
