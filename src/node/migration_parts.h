// migration_parts.h: what the files of Migration share.
#pragma once

#include "node/migration.h"
#include "node/vault_impl.h"

namespace holdfast::node {

struct Migration::Item {
  SecretId id;
  CategoryId category;
  VersionId shown;
  bool deleted = false, conflict = false;
  [[nodiscard]] auto name() const -> std::string { return "sec_" + id.hex(); }
};

struct Migration::Original {
  VersionId id;
};

struct Migration::Copied {
  struct Version {
    std::string original;  // hex of the source's version
    VersionId id;          // the first in the target that came from it
  };
  std::vector<Version> versions;  // in committed order
  bool deleted = false;
  bool edited = false;  // the target went on by itself since the last of them
};

// The id that `secret` remembers under this source; empty: none.
[[nodiscard]] auto source_id_of(const model::Secret& secret, std::string_view source)
    -> std::string;

}  // namespace holdfast::node
