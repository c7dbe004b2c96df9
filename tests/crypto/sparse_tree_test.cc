#include "crypto/sparse_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace holdfast::crypto {
namespace {
using base::Bytes, base::ByteView, base::Error;

using Leaves = std::map<Digest, Digest>;

auto bit(const Digest& key, std::size_t depth) -> int {
  return (key.bytes[depth / 8] >> (7 - depth % 8)) & 1;
}

// The definition, written down without a thought for time.
auto naive_root(const Leaves& leaves, std::size_t depth = 0) -> Digest {
  if (leaves.empty()) return Digest{};
  if (leaves.size() == 1) {
    const std::array<std::uint8_t, 1> domain{2};
    return sha256({domain, leaves.begin()->first.view(), leaves.begin()->second.view()});
  }
  std::array<Leaves, 2> sides;
  for (const auto& leaf : leaves)
    sides[static_cast<std::size_t>(bit(leaf.first, depth))].insert(leaf);
  const std::array<std::uint8_t, 1> domain{3};
  return sha256(
      {domain, naive_root(sides[0], depth + 1).view(), naive_root(sides[1], depth + 1).view()});
}

// A tree with the store that it expects around it.
struct Stored {
  SparseTree tree;
  std::map<BucketIndex, Bytes> buckets;

  auto reader() const -> BucketReader {
    return [this](BucketIndex index) -> Result<Bytes> {
      const auto found = buckets.find(index);
      return found == buckets.end() ? Bytes{} : found->second;
    };
  }
  void update(const std::vector<LeafChange>& changes) {
    const auto writes = tree.update(changes, reader());
    ASSERT_TRUE(writes);
    for (const auto& write : *writes) {
      if (write.encoded.empty()) {
        EXPECT_EQ(buckets.erase(write.bucket), 1) << "deletes a bucket that never was";
      } else {
        EXPECT_NE(buckets[write.bucket], write.encoded) << "writes what it read";
        buckets[write.bucket] = write.encoded;
      }
    }
  }
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_{seed} {}
  auto below(std::uint64_t n) -> std::uint64_t { return engine_() % n; }
  // Often close to others: a few prefixes, so that paths are long and buckets hold many.
  auto key() -> Digest {
    Digest key = digest();
    const auto shared = below(4) * 9;  // leading bytes equal to those of other keys
    for (std::size_t i = 0; i < shared; ++i)
      key.bytes[i] = static_cast<std::uint8_t>(i == 0 ? below(2) * 128 : 0);
    return key;
  }
  auto digest() -> Digest {
    Digest digest;
    for (auto& byte : digest.bytes) byte = static_cast<std::uint8_t>(engine_());
    return digest;
  }

 private:
  std::mt19937_64 engine_;
};

void apply_to(Leaves& model, const std::vector<LeafChange>& changes) {
  for (const auto& change : changes) {
    if (change.value) model[change.key] = *change.value;
    if (!change.value) model.erase(change.key);
  }
}

auto some_change(Random& random, const Leaves& model) -> LeafChange {
  if (!model.empty() && random.below(2) == 0) {
    auto at = model.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(model.size())));
    if (random.below(2) == 0) return {.key = at->first, .value = std::nullopt};
    return {.key = at->first, .value = random.digest()};
  }
  if (random.below(10) == 0) return {.key = random.key(), .value = std::nullopt};  // absent
  return {.key = random.key(), .value = random.digest()};
}

TEST(SparseTree, TheEmptyTreeHasTheZeroRoot) { EXPECT_EQ(SparseTree{}.root(), Digest{}); }

TEST(SparseTree, FollowsTheNaiveModelThroughRandomBatches) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random{seed};
    Stored stored;
    Leaves model;
    for (int batch = 0; batch < 25; ++batch) {
      std::vector<LeafChange> changes(random.below(12));
      for (auto& change : changes) change = some_change(random, model);
      stored.update(changes);
      apply_to(model, changes);
      ASSERT_EQ(stored.tree.root(), naive_root(model)) << "seed " << seed << " batch " << batch;
    }
  }
}

TEST(SparseTree, DoesNotDependOnOrderOrBatches) {
  Random random{7};
  std::vector<LeafChange> changes;
  for (int i = 0; i < 300; ++i) changes.push_back({.key = random.key(), .value = random.digest()});
  Stored at_once;
  at_once.update(changes);
  Stored shuffled;
  std::ranges::shuffle(changes, std::mt19937_64{8});
  for (const auto& change : changes) shuffled.update({change});
  EXPECT_EQ(at_once.tree.root(), shuffled.tree.root());
  EXPECT_EQ(at_once.buckets, shuffled.buckets);
}

TEST(SparseTree, DeletionRestoresTheOldRoot) {
  Random random{9};
  Stored stored;
  std::vector<Digest> roots{stored.tree.root()};
  std::vector<Digest> keys;
  for (int i = 0; i < 200; ++i) {
    keys.push_back(random.key());
    stored.update({{.key = keys.back(), .value = random.digest()}});
    roots.push_back(stored.tree.root());
  }
  while (!keys.empty()) {
    roots.pop_back();
    stored.update({{.key = keys.back(), .value = std::nullopt}});
    keys.pop_back();
    ASSERT_EQ(stored.tree.root(), roots.back());
  }
  EXPECT_TRUE(stored.buckets.empty());
}

TEST(SparseTree, TheLastOfSeveralChangesOfOneKeyCounts) {
  Random random{10};
  const auto key = random.key();
  const auto value = random.digest();
  Stored twice;
  twice.update({{.key = key, .value = random.digest()},
                {.key = key, .value = std::nullopt},
                {.key = key, .value = value}});
  Stored once;
  once.update({{.key = key, .value = value}});
  EXPECT_EQ(twice.tree.root(), once.tree.root());
  twice.update({{.key = key, .value = value}, {.key = key, .value = std::nullopt}});
  EXPECT_EQ(twice.tree.root(), Digest{});
}

TEST(SparseTree, WritesNothingWhereNothingChanges) {
  Random random{11};
  Stored stored;
  const LeafChange change{.key = random.key(), .value = random.digest()};
  stored.update({change});
  const std::vector<LeafChange> same{change, {.key = random.digest(), .value = std::nullopt}};
  EXPECT_TRUE(stored.tree.update(same, stored.reader())->empty());
}

TEST(SparseTree, LoadsFromItsBucketsInAnyOrder) {
  Random random{12};
  Stored stored;
  std::vector<LeafChange> changes;
  for (int i = 0; i < 500; ++i) changes.push_back({.key = random.key(), .value = random.digest()});
  stored.update(changes);
  std::vector<BucketIndex> order;
  for (const auto& [index, encoded] : stored.buckets) order.push_back(index);
  std::ranges::shuffle(order, std::mt19937_64{13});
  Stored loaded;
  loaded.buckets = stored.buckets;
  for (const auto index : order)
    ASSERT_TRUE(loaded.tree.load_bucket(index, loaded.buckets.at(index)));
  EXPECT_EQ(loaded.tree.root(), stored.tree.root());
  const LeafChange next{.key = random.key(), .value = random.digest()};
  loaded.update({next});
  stored.update({next});
  EXPECT_EQ(loaded.tree.root(), stored.tree.root());
}

TEST(SparseTree, RefusesMalformedBucketsAndStaysAsItWas) {
  Digest low{{0, 1, 5}};
  Digest high{{0, 1, 9}};
  const auto bucket = [](std::initializer_list<Digest> keys) {
    Bytes encoded;
    for (const auto& key : keys) {
      base::append(encoded, key.view());
      base::append(encoded, key.view());
    }
    return encoded;
  };
  SparseTree tree;
  const BucketIndex one{1};
  auto cut = bucket({low, high});
  cut.pop_back();
  EXPECT_EQ(tree.load_bucket(one, cut).error(), Error::store_corrupt);
  EXPECT_EQ(tree.load_bucket(one, bucket({high, low})).error(), Error::store_corrupt);
  EXPECT_EQ(tree.load_bucket(one, bucket({low, low})).error(), Error::store_corrupt);
  EXPECT_EQ(tree.load_bucket(BucketIndex{2}, bucket({low})).error(), Error::store_corrupt);
  EXPECT_EQ(tree.root(), Digest{});
  ASSERT_TRUE(tree.load_bucket(one, bucket({low, high})));
  const auto root = tree.root();
  const std::vector<LeafChange> changes{{.key = Digest{}, .value = low},
                                        {.key = low, .value = high}};
  const auto damaged = [&](BucketIndex index) -> Result<Bytes> {
    return index == one ? cut : Bytes{};
  };
  EXPECT_EQ(tree.update(changes, damaged).error(), Error::store_corrupt);
  const auto failing = [](BucketIndex) -> Result<Bytes> { return base::fail(Error::store_io); };
  EXPECT_EQ(tree.update(changes, failing).error(), Error::store_io);
  EXPECT_EQ(tree.root(), root);
  EXPECT_EQ(tree.prove(low, [](BucketIndex) -> Result<Bytes> { return Bytes{}; }).error(),
            Error::store_corrupt);
}

TEST(SparseTree, ProvesPresenceAndAbsence) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random{seed + 100};
    Stored stored;
    std::vector<LeafChange> changes(random.below(80));
    for (auto& change : changes) change = {.key = random.key(), .value = random.digest()};
    stored.update(changes);
    const auto root = stored.tree.root();
    const auto other = random.digest();
    for (const auto& change : changes) {
      const auto proof = stored.tree.prove(change.key, stored.reader()).value();
      EXPECT_TRUE(SparseTree::verify_proof(root, change.key, change.value, proof));
      EXPECT_FALSE(SparseTree::verify_proof(root, change.key, std::nullopt, proof));
      EXPECT_FALSE(SparseTree::verify_proof(root, change.key, other, proof));
      EXPECT_FALSE(SparseTree::verify_proof(other, change.key, change.value, proof));
    }
    for (int i = 0; i < 80; ++i) {
      const auto absent = random.key();
      const auto proof = stored.tree.prove(absent, stored.reader()).value();
      EXPECT_TRUE(SparseTree::verify_proof(root, absent, std::nullopt, proof));
      EXPECT_FALSE(SparseTree::verify_proof(root, absent, other, proof));
    }
  }
}

TEST(SparseTree, NoChangedProofVerifies) {
  Random random{20};
  Stored stored;
  std::vector<LeafChange> changes(60);
  for (auto& change : changes) change = {.key = random.key(), .value = random.digest()};
  stored.update(changes);
  const auto root = stored.tree.root();
  const auto refused = [&](const Digest& key, const std::optional<Digest>& value,
                           const SparseProof& proof) {
    const auto result = SparseTree::verify_proof(root, key, value, proof);
    return !result && result.error() == Error::bad_proof;
  };
  const auto mutate = [&](const Digest& key, const std::optional<Digest>& value,
                          const SparseProof& proof) {
    for (std::size_t i = 0; i < proof.siblings.size(); ++i) {
      auto changed = proof;
      changed.siblings[i].bytes[5] ^= 1;
      EXPECT_TRUE(refused(key, value, changed));
    }
    auto longer = proof;
    longer.siblings.emplace_back();
    EXPECT_TRUE(refused(key, value, longer));
    auto too_long = proof;
    too_long.siblings.resize(257);
    EXPECT_TRUE(refused(key, value, too_long));
    if (!proof.siblings.empty()) {
      auto shorter = proof;
      shorter.siblings.pop_back();
      EXPECT_TRUE(refused(key, value, shorter));
    }
    auto with_other = proof;
    with_other.other = SparseProof::Leaf{.key = key, .value = root};
    EXPECT_TRUE(refused(key, value, with_other));
    if (proof.other) {
      auto without = proof;
      without.other.reset();
      EXPECT_TRUE(refused(key, value, without));
    }
  };
  for (const auto& change : changes)
    mutate(change.key, change.value, stored.tree.prove(change.key, stored.reader()).value());
  for (int i = 0; i < 60; ++i) {
    const auto absent = random.key();
    mutate(absent, std::nullopt, stored.tree.prove(absent, stored.reader()).value());
  }
}

// A lone leaf elsewhere says nothing about a key whose path leaves it earlier.
TEST(SparseTree, RefusesAForeignLoneLeafAsProofOfAbsence) {
  const Digest left{{0x00}};
  const Digest right{{0x80}};
  Stored stored;
  stored.update({{.key = left, .value = left}, {.key = right, .value = right}});
  auto proof = stored.tree.prove(left, stored.reader()).value();
  proof.other = SparseProof::Leaf{.key = right, .value = right};
  EXPECT_FALSE(SparseTree::verify_proof(stored.tree.root(), left, std::nullopt, proof));
  auto proof_right = stored.tree.prove(right, stored.reader()).value();
  proof_right.other = SparseProof::Leaf{.key = right, .value = right};
  EXPECT_FALSE(SparseTree::verify_proof(stored.tree.root(), left, std::nullopt, proof_right));
}

}  // namespace
}  // namespace holdfast::crypto
