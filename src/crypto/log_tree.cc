#include "crypto/log_tree.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/check.h"

namespace holdfast::crypto {
namespace {
using base::Error, base::fail;

inline constexpr std::uint64_t kLogSizeMax = std::uint64_t{1} << 63;

auto node_with(Sha256& hash, const Digest& left, const Digest& right) -> Digest {
  std::array<std::uint8_t, 65> bytes;
  bytes[0] = 0x01;
  std::ranges::copy(left.bytes, bytes.begin() + 1);
  std::ranges::copy(right.bytes, bytes.begin() + 33);
  hash.update(bytes);
  return hash.finish();
}

// The largest power of two below n: where a tree of n > 1 leaves splits.
auto split_of(std::uint64_t n) -> std::uint64_t { return std::bit_floor(n - 1); }

auto subtree_of(std::span<const Digest> leaf_hashes) -> LogSubtree {
  return [leaf_hashes](std::uint64_t begin, std::uint64_t end) -> Result<Digest> {
    return log_root(leaf_hashes.subspan(begin, end - begin));
  };
}

}  // namespace

auto log_leaf_hash(ByteView entry) -> Digest {
  constexpr std::array<std::uint8_t, 1> kLeaf{0x00};
  return sha256({ByteView{kLeaf}, entry});
}

auto log_node_hash(const Digest& left, const Digest& right) -> Digest {
  Sha256 hash;
  return node_with(hash, left, right);
}

auto log_root(std::span<const Digest> leaf_hashes) -> Digest {
  LogTree tree;
  for (const auto& leaf : leaf_hashes) tree.append(leaf);
  return tree.root();
}

auto log_root_of(const std::vector<ByteView>& entries) -> Digest {
  constexpr std::array<std::uint8_t, 1> kLeaf{0x00};
  LogTree tree;
  Sha256 hash;  // one for all: an object costs as much as hashing 300 bytes
  for (const ByteView entry : entries) {
    hash.update(kLeaf);
    hash.update(entry);
    tree.append(hash.finish(), hash);
  }
  return tree.root();
}

auto LogTree::from_edge(std::uint64_t size, std::vector<Digest> edge) -> Result<LogTree> {
  if (size >= kLogSizeMax) return fail(Error::out_of_range);
  if (edge.size() != static_cast<std::size_t>(std::popcount(size))) return fail(Error::bad_length);
  LogTree tree;
  tree.size_ = size;
  tree.edge_ = std::move(edge);
  return tree;
}

void LogTree::append(const Digest& leaf_hash) {
  Sha256 hash;
  append(leaf_hash, hash);
}

void LogTree::append(const Digest& leaf_hash, Sha256& hash) {
  CHECK(size_ < kLogSizeMax);
  edge_.push_back(leaf_hash);
  const int full = std::countr_one(size_);  // so many subtrees close with this leaf
  for (int i = 0; i < full; ++i) {
    const Digest right = edge_.back();
    edge_.pop_back();
    edge_.back() = node_with(hash, edge_.back(), right);
  }
  ++size_;
}

auto LogTree::root() const -> Digest {
  if (edge_.empty()) return sha256(ByteView{});
  Sha256 hash;
  Digest root = edge_.back();
  for (std::size_t i = edge_.size() - 1; i-- > 0;) root = node_with(hash, edge_[i], root);
  return root;
}

auto log_inclusion_proof(std::uint64_t index, std::uint64_t size, const LogSubtree& subtree)
    -> Result<LogProof> {
  if (index >= size || size > kLogSizeMax) return fail(Error::out_of_range);
  LogProof proof;
  for (std::uint64_t begin = 0, end = size; end - begin > 1;) {  // from the root downwards
    const std::uint64_t middle = begin + split_of(end - begin);
    const bool left = index < middle;
    TRY(sibling, left ? subtree(middle, end) : subtree(begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::ranges::reverse(proof);
  return proof;
}

auto log_inclusion_proof(std::uint64_t index, std::span<const Digest> leaf_hashes)
    -> Result<LogProof> {
  return log_inclusion_proof(index, leaf_hashes.size(), subtree_of(leaf_hashes));
}

// SUBPROOF of RFC 9162 §2.1.4.1, as a loop.
auto log_consistency_proof(std::uint64_t old_size, std::uint64_t size, const LogSubtree& subtree)
    -> Result<LogProof> {
  if (old_size == 0 || old_size > size || size > kLogSizeMax) return fail(Error::out_of_range);
  LogProof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end != old_size) {
    const std::uint64_t middle = begin + split_of(end - begin);
    const bool left = old_size <= middle;
    TRY(sibling, left ? subtree(middle, end) : subtree(begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  if (begin != 0) {  // otherwise it is the old root, which the verifier knows
    TRY(last, subtree(begin, end));
    proof.push_back(last);
  }
  std::ranges::reverse(proof);
  return proof;
}

auto log_consistency_proof(std::uint64_t old_size, std::span<const Digest> leaf_hashes)
    -> Result<LogProof> {
  return log_consistency_proof(old_size, leaf_hashes.size(), subtree_of(leaf_hashes));
}

// RFC 9162 §2.1.3.2.
auto verify_log_inclusion(const Digest& leaf_hash, std::uint64_t index, std::uint64_t size,
                          std::span<const Digest> proof, const Digest& root) -> Result<void> {
  if (index >= size) return fail(Error::bad_proof);
  Sha256 hash;
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Digest r = leaf_hash;
  for (const auto& p : proof) {
    if (sn == 0) return fail(Error::bad_proof);
    if ((fn & 1) != 0 || fn == sn) {
      r = node_with(hash, p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = node_with(hash, r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || r != root) return fail(Error::bad_proof);
  return {};
}

// RFC 9162 §2.1.4.2.
auto verify_log_consistency(std::uint64_t old_size, const Digest& old_root, std::uint64_t size,
                            const Digest& root, std::span<const Digest> proof) -> Result<void> {
  if (old_size == 0 || old_size > size) return fail(Error::bad_proof);
  if (old_size == size)
    return proof.empty() && old_root == root ? Result<void>{} : fail(Error::bad_proof);
  if (proof.empty()) return fail(Error::bad_proof);
  const bool perfect = std::has_single_bit(old_size);
  Sha256 hash;
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Digest fr = perfect ? old_root : proof.front();
  Digest sr = fr;
  for (const auto& c : perfect ? proof : proof.subspan(1)) {
    if (sn == 0) return fail(Error::bad_proof);
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_with(hash, c, fr);
      sr = node_with(hash, c, sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_with(hash, sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0 || fr != old_root || sr != root) return fail(Error::bad_proof);
  return {};
}

}  // namespace holdfast::crypto
