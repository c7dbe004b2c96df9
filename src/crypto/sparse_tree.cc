#include "crypto/sparse_tree.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error, base::fail;

inline constexpr unsigned kUpperLevels = 16;
inline constexpr std::size_t kRecordBytes = 64;
inline constexpr std::size_t kDepthMax = 256;
inline constexpr std::uint8_t kLeafDomain = 0x02;
inline constexpr std::uint8_t kNodeDomain = 0x03;

using Record = SparseProof::Leaf;
static_assert(sizeof(Record) == kRecordBytes);
static_assert(std::is_trivially_copyable_v<Record>);
using Records = std::span<const Record>;

auto bit_of(const Digest& key, std::size_t depth) -> unsigned {
  return (key.bytes[depth / 8] >> (7 - depth % 8)) & 1U;
}

auto hash_pair(Sha256& hash, std::uint8_t domain, const Digest& a, const Digest& b) -> Digest {
  std::array<std::uint8_t, 65> bytes;
  bytes[0] = domain;
  std::ranges::copy(a.bytes, bytes.begin() + 1);
  std::ranges::copy(b.bytes, bytes.begin() + 33);
  hash.update(bytes);
  return hash.finish();
}

auto decode(BucketIndex bucket, ByteView encoded) -> Result<std::vector<Record>> {
  if (encoded.size() % kRecordBytes != 0) return fail(Error::store_corrupt);
  std::vector<Record> records(encoded.size() / kRecordBytes);
  if (!records.empty()) ::memcpy(records.data(), encoded.data(), encoded.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (bucket_of(records[i].key) != bucket) return fail(Error::store_corrupt);
    if (i > 0 && !(records[i - 1].key < records[i].key)) return fail(Error::store_corrupt);
  }
  return records;
}

auto encode(Records records) -> Bytes {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(records.data());
  return records.empty() ? Bytes{} : Bytes(bytes, bytes + records.size_bytes());
}

// The sorted records of a subtree whose keys have 0 at this depth come first.
auto split_at(Records records, std::size_t depth) -> std::pair<Records, Records> {
  const auto middle = std::ranges::partition_point(
      records, [&](const Record& record) { return bit_of(record.key, depth) == 0; });
  const auto left = static_cast<std::size_t>(middle - records.begin());
  return {records.first(left), records.subspan(left)};
}

auto merge(Records old, std::span<const LeafChange* const> changes) -> std::vector<Record> {
  std::vector<Record> merged;
  merged.reserve(old.size() + changes.size());
  auto record = old.begin();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const LeafChange& change = *changes[i];
    if (i + 1 < changes.size() && changes[i + 1]->key == change.key) continue;  // overruled
    while (record != old.end() && record->key < change.key) merged.push_back(*record++);
    if (record != old.end() && record->key == change.key) ++record;
    if (change.value) merged.push_back({.key = change.key, .value = *change.value});
  }
  merged.insert(merged.end(), record, old.end());
  return merged;
}

}  // namespace

struct SparseHashing {
  using Summary = SparseTree::Summary;
  using Leaves = SparseTree::Leaves;

  static auto leaf(Sha256& hash, const Record& record) -> Summary {
    return {.hash = hash_pair(hash, kLeafDomain, record.key, record.value), .leaves = Leaves::one};
  }
  static auto join(Sha256& hash, const Summary& left, const Summary& right) -> Summary {
    if (right.leaves == Leaves::none && left.leaves != Leaves::many) return left;
    if (left.leaves == Leaves::none && right.leaves != Leaves::many) return right;
    return {.hash = hash_pair(hash, kNodeDomain, left.hash, right.hash), .leaves = Leaves::many};
  }
  static auto subtree(Sha256& hash, Records records, std::size_t depth) -> Summary {
    if (records.empty()) return {};
    if (records.size() == 1) return leaf(hash, records.front());
    CHECK(depth < kDepthMax);  // distinct keys differ before the last bit is used up
    const auto [left, right] = split_at(records, depth);
    return join(hash, subtree(hash, left, depth + 1), subtree(hash, right, depth + 1));
  }
};

auto bucket_of(const Digest& key) -> BucketIndex {
  return BucketIndex{static_cast<std::uint16_t>(key.bytes[0] << 8 | key.bytes[1])};
}

auto SparseTree::load_bucket(BucketIndex bucket, ByteView encoded) -> Result<void> {
  TRY(records, decode(bucket, encoded));
  const BucketSummary loaded{.bucket = bucket,
                             .summary = SparseHashing::subtree(hash_, records, kUpperLevels)};
  apply(0, {&loaded, 1}, 0);
  return {};
}

auto SparseTree::update(std::span<const LeafChange> changes, const BucketReader& reader)
    -> Result<std::vector<BucketWrite>> {
  std::vector<const LeafChange*> sorted;
  sorted.reserve(changes.size());
  for (const auto& change : changes) sorted.push_back(&change);
  std::ranges::stable_sort(sorted, {}, [](const LeafChange* c) -> const Digest& { return c->key; });

  std::vector<BucketWrite> writes;
  std::vector<BucketSummary> summaries;
  for (auto rest = std::span<const LeafChange* const>{sorted}; !rest.empty();) {
    const BucketIndex bucket = bucket_of(rest.front()->key);
    const auto next = std::ranges::find_if(
        rest, [&](const LeafChange* change) { return bucket_of(change->key) != bucket; });
    const auto here = rest.first(static_cast<std::size_t>(next - rest.begin()));
    rest = rest.subspan(here.size());
    TRY(encoded, reader(bucket));
    TRY(old, decode(bucket, encoded));
    const auto merged = merge(old, here);
    if (merged == old) continue;
    writes.push_back({.bucket = bucket, .encoded = encode(merged)});
    summaries.push_back(
        {.bucket = bucket, .summary = SparseHashing::subtree(hash_, merged, kUpperLevels)});
  }
  if (!summaries.empty()) apply(0, summaries, 0);
  return writes;
}

// Sets the summaries of these buckets, all below node `at`, and rehashes each node above them once.
void SparseTree::apply(std::uint32_t at, std::span<const BucketSummary> sorted, unsigned depth) {
  if (depth == kUpperLevels) {
    CHECK(sorted.size() == 1);
    nodes_[at].summary = sorted.front().summary;
    return;
  }
  const auto middle = std::ranges::partition_point(sorted, [&](const BucketSummary& summary) {
    return (std::to_underlying(summary.bucket) >> (kUpperLevels - 1 - depth) & 1) == 0;
  });
  const auto left = static_cast<std::size_t>(middle - sorted.begin());
  const std::array<std::span<const BucketSummary>, 2> sides{sorted.first(left),
                                                            sorted.subspan(left)};
  for (unsigned side = 0; side < 2; ++side) {
    if (sides[side].empty()) continue;
    const std::uint32_t child = child_of(at, side);
    apply(child, sides[side], depth + 1);
    if (nodes_[child].summary.leaves == Leaves::none) {  // then it has no children either
      nodes_[at].child[side] = 0;
      free_.push_back(child);
    }
  }
  const auto below = [&](unsigned side) {
    const std::uint32_t child = nodes_[at].child[side];
    return child == 0 ? Summary{} : nodes_[child].summary;
  };
  nodes_[at].summary = SparseHashing::join(hash_, below(0), below(1));
}

auto SparseTree::child_of(std::uint32_t at, unsigned side) -> std::uint32_t {
  if (nodes_[at].child[side] != 0) return nodes_[at].child[side];
  std::uint32_t child = static_cast<std::uint32_t>(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    child = free_.back();
    free_.pop_back();
    nodes_[child] = Node{};
  }
  nodes_[at].child[side] = child;
  return child;
}

auto SparseTree::root() const -> Digest { return nodes_.front().summary.hash; }

auto SparseTree::prove(const Digest& key, const BucketReader& reader) const -> Result<SparseProof> {
  Sha256 hash;
  SparseProof proof;
  std::uint32_t at = 0;
  unsigned depth = 0;
  for (; nodes_[at].summary.leaves == Leaves::many && depth < kUpperLevels; ++depth) {
    const unsigned side = bit_of(key, depth);
    const std::uint32_t sibling = nodes_[at].child[1 - side];
    proof.siblings.push_back(sibling == 0 ? Digest{} : nodes_[sibling].summary.hash);
    if (nodes_[at].child[side] == 0) return proof;  // nothing on this path
    at = nodes_[at].child[side];
  }
  if (nodes_[at].summary.leaves == Leaves::none) return proof;

  // The bucket of the key, or the one that holds the lone leaf below this node.
  const Digest expected = nodes_[at].summary.hash;
  unsigned bucket = 0;
  for (unsigned i = 0; i < depth; ++i) bucket = bucket << 1 | bit_of(key, i);
  for (unsigned below = depth; below < kUpperLevels; ++below) {
    const unsigned side = nodes_[at].child[1] != 0 ? 1 : 0;
    at = nodes_[at].child[side];
    bucket = bucket << 1 | side;
  }
  const BucketIndex index{static_cast<std::uint16_t>(bucket)};
  TRY(encoded, reader(index));
  TRY(records, decode(index, encoded));
  if (SparseHashing::subtree(hash, records, kUpperLevels).hash != expected)
    return fail(Error::store_corrupt);

  Records here = records;
  for (; here.size() > 1; ++depth) {
    const auto [left, right] = split_at(here, depth);
    const bool to_right = bit_of(key, depth) != 0;
    proof.siblings.push_back(SparseHashing::subtree(hash, to_right ? left : right, depth + 1).hash);
    here = to_right ? right : left;
  }
  if (!here.empty() && here.front().key != key) proof.other = here.front();
  return proof;
}

auto SparseTree::verify_proof(const Digest& root, const Digest& key,
                              const std::optional<Digest>& value, const SparseProof& proof)
    -> Result<void> {
  const std::size_t depth = proof.siblings.size();
  if (depth > kDepthMax) return fail(Error::bad_proof);
  if (value && proof.other) return fail(Error::bad_proof);
  Sha256 hash;
  Digest node{};
  if (value) node = hash_pair(hash, kLeafDomain, key, *value);
  if (proof.other) {
    if (proof.other->key == key) return fail(Error::bad_proof);
    for (std::size_t i = 0; i < depth; ++i)
      if (bit_of(proof.other->key, i) != bit_of(key, i)) return fail(Error::bad_proof);
    node = hash_pair(hash, kLeafDomain, proof.other->key, proof.other->value);
  }
  for (std::size_t i = depth; i-- > 0;) {
    node = bit_of(key, i) == 0 ? hash_pair(hash, kNodeDomain, node, proof.siblings[i])
                               : hash_pair(hash, kNodeDomain, proof.siblings[i], node);
  }
  return node == root ? Result<void>{} : fail(Error::bad_proof);
}

}  // namespace holdfast::crypto
