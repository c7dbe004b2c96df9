// log_tree.h: append-only Merkle tree for the audit log.
// LogTree keeps the roots of the perfect subtrees at the right edge, O(log n) digests, and gives
// the root after every append; proofs are made by functions that ask for subtree hashes. Limits:
// 2^63 leaves; proofs at most 64 digests. Time: none. Threads: functions any; a LogTree one.
// Errors: bad_proof, out_of_range, bad_length (edge does not fit the size).
// Source: RFC 9162 §2.1 (the same tree as RFC 6962).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"

namespace holdfast::crypto {
using base::Result;

[[nodiscard]] auto log_leaf_hash(ByteView entry) -> Digest;                           // 0x00
[[nodiscard]] auto log_node_hash(const Digest& left, const Digest& right) -> Digest;  // 0x01
[[nodiscard]] auto log_root(std::span<const Digest> leaf_hashes) -> Digest;
[[nodiscard]] auto log_root_of(const std::vector<ByteView>& entries) -> Digest;

class LogTree {
 public:
  LogTree() = default;
  // Goes on from a stored edge.
  static auto from_edge(std::uint64_t size, std::vector<Digest> edge) -> Result<LogTree>;

  void append(const Digest& leaf_hash);
  [[nodiscard]] auto root() const -> Digest;
  [[nodiscard]] auto size() const -> std::uint64_t { return size_; }
  auto operator==(const LogTree&) const -> bool = default;
  [[nodiscard]] auto edge() const -> const std::vector<Digest>& { return edge_; }

 private:
  friend auto log_root_of(const std::vector<ByteView>& entries) -> Digest;
  void append(const Digest& leaf_hash, Sha256& hash);  // `hash` is kept by the caller

  std::uint64_t size_ = 0;
  std::vector<Digest> edge_;  // one for each bit set in size_, largest subtree first
};

// The hash of leaves [begin, end): whatever the caller keeps of them.
using LogSubtree = std::function<Result<Digest>(std::uint64_t begin, std::uint64_t end)>;
using LogProof = std::vector<Digest>;

[[nodiscard]] auto log_inclusion_proof(std::uint64_t index, std::uint64_t size,
                                       const LogSubtree& subtree) -> Result<LogProof>;
[[nodiscard]] auto log_inclusion_proof(std::uint64_t index, std::span<const Digest> leaf_hashes)
    -> Result<LogProof>;
[[nodiscard]] auto log_consistency_proof(std::uint64_t old_size, std::uint64_t size,
                                         const LogSubtree& subtree) -> Result<LogProof>;
[[nodiscard]] auto log_consistency_proof(std::uint64_t old_size,
                                         std::span<const Digest> leaf_hashes) -> Result<LogProof>;

[[nodiscard]] auto verify_log_inclusion(const Digest& leaf_hash, std::uint64_t index,
                                        std::uint64_t size, std::span<const Digest> proof,
                                        const Digest& root) -> Result<void>;
[[nodiscard]] auto verify_log_consistency(std::uint64_t old_size, const Digest& old_root,
                                          std::uint64_t size, const Digest& root,
                                          std::span<const Digest> proof) -> Result<void>;

}  // namespace holdfast::crypto
