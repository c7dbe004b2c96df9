// sparse_tree.h: the state tree, a compressed sparse Merkle tree over SHA-256.
// Leaf = H(0x02 ‖ key ‖ value), interior = H(0x03 ‖ left ‖ right), empty = 32 zero bytes; a subtree
// that holds exactly one leaf has that leaf's hash. So the root depends on the set of leaves alone.
// Leaves lie in buckets by the first 16 bits of their key, which the caller stores; the tree keeps
// only the nodes above them (about 44 bytes each, at most 131,071).
// Limits: proofs at most 256 siblings. Time: none. Threads: one. Errors: store_corrupt (a bucket is
// malformed), bad_proof, and whatever the reader returns; after an error the tree is unchanged.
// Source: docs/design/vault.md §5.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace holdfast::crypto {
using base::Result;

enum class BucketIndex : std::uint16_t {};
[[nodiscard]] auto bucket_of(const Digest& key) -> BucketIndex;

struct LeafChange {
  Digest key;
  std::optional<Digest> value;  // none deletes; deleting what is absent changes nothing
};
struct BucketWrite {
  BucketIndex bucket;
  base::Bytes encoded;  // 64-byte records key ‖ value in key order; empty: delete the bucket
  auto operator==(const BucketWrite&) const -> bool = default;
};
// The stored bytes of a bucket, empty if there are none.
using BucketReader = std::function<Result<base::Bytes>(BucketIndex)>;

struct SparseProof {
  struct Leaf {
    Digest key;
    Digest value;
    auto operator==(const Leaf&) const -> bool = default;
  };
  std::vector<Digest> siblings;  // from the root downwards
  std::optional<Leaf> other;     // non-inclusion: the lone leaf that lies on the key's path
  auto operator==(const SparseProof&) const -> bool = default;
};

class SparseTree {
 public:
  SparseTree() = default;

  // At the start, once for every stored bucket, in any order.
  [[nodiscard]] auto load_bucket(BucketIndex bucket, ByteView encoded) -> Result<void>;

  // Applies a batch and returns the buckets to store. Of several changes of one key the last
  // counts.
  [[nodiscard]] auto update(std::span<const LeafChange> changes, const BucketReader& reader)
      -> Result<std::vector<BucketWrite>>;

  [[nodiscard]] auto root() const -> Digest;
  [[nodiscard]] auto prove(const Digest& key, const BucketReader& reader) const
      -> Result<SparseProof>;
  // Without a value: that the key is absent.
  [[nodiscard]] static auto verify_proof(const Digest& root, const Digest& key,
                                         const std::optional<Digest>& value,
                                         const SparseProof& proof) -> Result<void>;

 private:
  enum class Leaves : std::uint8_t { none, one, many };
  struct Summary {
    Digest hash{};
    Leaves leaves = Leaves::none;
  };
  struct Node {
    Summary summary{};
    std::array<std::uint32_t, 2> child{};  // 0: none
  };
  struct BucketSummary {
    BucketIndex bucket;
    Summary summary;
  };
  friend struct SparseHashing;

  void apply(std::uint32_t at, std::span<const BucketSummary> sorted, unsigned depth);
  auto child_of(std::uint32_t at, unsigned side) -> std::uint32_t;

  std::vector<Node> nodes_{1};       // the root is node 0
  std::vector<std::uint32_t> free_;  // slots of released nodes
  Sha256 hash_;
};

}  // namespace holdfast::crypto
