// node_key_file.h: the file `node.key`: the seeds of the node key, mode 0600, with a digest.
// It signs blocks and checkpoints and is available while the vault is locked.
// Threads: any. Errors: node_key_corrupt (also missing). Source: docs/architecture.md, Identities.
#pragma once

#include "crypto/sign.h"
#include "node/ports.h"
#include "store/file_io.h"

namespace holdfast::node {

[[nodiscard]] auto write_node_key(const store::Path& path, const crypto::SigningSeed& seed,
                                  base::SecretMemory& memory) -> base::Detailed<void>;
[[nodiscard]] auto read_node_key(const store::Path& path, base::SecretMemory& memory)
    -> base::Detailed<crypto::SigningSeed>;

}  // namespace holdfast::node
