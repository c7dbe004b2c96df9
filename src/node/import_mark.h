// import_mark.h: what a secret remembers of its last import: a further entry of its `sources` that
// names the source and a digest of what was imported. It tells a later import with `merge` which
// version the file and the secret have in common, and that a file has not changed at all.
// Invariant: one mark for each source; times and sources are not part of the digest.
// Limits: those of model/secret.h. Time: none. Threads: pure. Errors: those of encoding a secret.
// Source: docs/design/interfaces.md §4.
#pragma once

#include <optional>

#include "crypto/hash.h"
#include "model/secret.h"

namespace holdfast::node {

inline constexpr std::string_view kImportMark = "holdfast:imported";  // as a Source's `source`

[[nodiscard]] auto digest_of(const model::Source& source) -> crypto::Digest;
[[nodiscard]] auto is_import_mark(const model::Source& source) -> bool;
// Of content alone: times and sources apart.
[[nodiscard]] auto content_digest(const model::Secret& secret, base::SecretMemory& memory)
    -> base::Result<crypto::Digest>;

struct ImportMark {
  crypto::Digest content;
  bool deleted = false;  // the source has it in its trash
  auto operator==(const ImportMark&) const -> bool = default;
};
// What `secret` remembers of the source that `of` came from; nothing: never imported from there.
[[nodiscard]] auto import_mark(const model::Secret& secret, const model::Secret& of)
    -> std::optional<ImportMark>;
// Replaces what `secret` remembers of the source that `of` came from. Without a source: nothing.
void set_import_mark(model::Secret& secret, const model::Secret& of, const ImportMark& mark,
                     base::SecretMemory& memory);

}  // namespace holdfast::node
