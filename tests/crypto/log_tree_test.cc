#include "crypto/log_tree.h"

#include <gtest/gtest.h>

#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Error;
using namespace vectors;

auto leaves_of(std::size_t count) -> std::vector<Digest> {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i)
    leaves.push_back(log_leaf_hash(base::view_of(std::to_string(i))));
  return leaves;
}

// MTH exactly as RFC 9162 §2.1.1 writes it.
auto naive_root(std::span<const Digest> leaves) -> Digest {
  if (leaves.empty()) return sha256(base::ByteView{});
  if (leaves.size() == 1) return leaves.front();
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return log_node_hash(naive_root(leaves.first(k)), naive_root(leaves.subspan(k)));
}

TEST(LogTree, HasTheRootsOfTheReferenceLeaves) {
  VECTOR_JSON(file, "merkle/rfc6962_roots.json");
  Tally tally{"merkle/rfc6962_roots.json"};
  const auto& roots = file.at("roots_by_size_hex").as_array();
  const auto root_at = [&](std::size_t size) {
    return hex(std::string_view{roots.at(size).as_string()});
  };
  LogTree tree;
  const auto same = [&](std::size_t size) {
    return base::to_bytes(tree.root().view()) == root_at(size);
  };
  tally.expect(same(0), {});
  std::size_t size = 0;
  for (const auto& leaf : file.at("leaves_hex").as_array()) {
    tree.append(log_leaf_hash(hex(std::string_view{leaf.as_string()})));
    tally.expect(same(++size), {});
  }
}

TEST(LogTree, GivesTheNaiveRootAfterEveryAppendAlsoFromAStoredEdge) {
  const auto leaves = leaves_of(130);
  LogTree tree;
  for (std::size_t n = 0; n <= leaves.size(); ++n) {
    EXPECT_EQ(tree.root(), naive_root(std::span{leaves}.first(n)));
    EXPECT_EQ(tree.size(), n);
    auto reopened = LogTree::from_edge(n, tree.edge());
    ASSERT_TRUE(reopened);
    EXPECT_EQ(*reopened, tree);
    if (n < leaves.size()) tree.append(leaves[n]);
  }
}

TEST(LogTree, RefusesAnEdgeThatDoesNotFit) {
  EXPECT_EQ(LogTree::from_edge(5, {Digest{}}).error(), Error::bad_length);
  EXPECT_EQ(LogTree::from_edge(0, {Digest{}}).error(), Error::bad_length);
  EXPECT_EQ(LogTree::from_edge(std::uint64_t{1} << 63, {Digest{}}).error(), Error::out_of_range);
}

TEST(LogTree, EveryInclusionProofVerifiesAndNoOtherLeafDoes) {
  const auto leaves = leaves_of(33);
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const auto part = std::span{leaves}.first(n);
    const auto root = log_root(part);
    for (std::size_t i = 0; i < n; ++i) {
      const auto proof = log_inclusion_proof(i, part).value();
      EXPECT_TRUE(verify_log_inclusion(leaves[i], i, n, proof, root));
      EXPECT_FALSE(verify_log_inclusion(leaves[(i + 1) % 33], i, n, proof, root));
      for (std::size_t j = 0; j < n; ++j)
        EXPECT_EQ(verify_log_inclusion(leaves[i], j, n, proof, root).has_value(), i == j);
    }
  }
  EXPECT_EQ(log_inclusion_proof(33, leaves).error(), Error::out_of_range);
}

TEST(LogTree, EveryConsistencyProofVerifiesAndNoForkDoes) {
  const auto leaves = leaves_of(33);
  auto forked = leaves;
  forked[0] = log_leaf_hash(base::view_of("fork"));
  for (std::size_t n = 1; n <= leaves.size(); ++n) {
    const auto part = std::span{leaves}.first(n);
    for (std::size_t m = 1; m <= n; ++m) {
      const auto proof = log_consistency_proof(m, part).value();
      const auto old_root = log_root(part.first(m));
      EXPECT_TRUE(verify_log_consistency(m, old_root, n, log_root(part), proof));
      const auto fork = log_root(std::span{forked}.first(n));
      EXPECT_FALSE(verify_log_consistency(m, old_root, n, fork, proof));
    }
  }
  EXPECT_EQ(log_consistency_proof(0, leaves).error(), Error::out_of_range);
  EXPECT_EQ(log_consistency_proof(34, leaves).error(), Error::out_of_range);
}

TEST(LogTree, HandsOnAFailedSubtree) {
  const auto failing = [](std::uint64_t, std::uint64_t) -> Result<Digest> {
    return base::fail(Error::store_io);
  };
  EXPECT_EQ(log_inclusion_proof(1, 2, failing).error(), Error::store_io);
  EXPECT_EQ(log_consistency_proof(1, 2, failing).error(), Error::store_io);
}

struct ProofCase {
  std::vector<Digest> proof{};
  bool well_formed = true;

  auto digest(const Object& test, std::string_view key) -> Digest {
    const auto made = Digest::from(base64(text(test, key)));
    well_formed = well_formed && made.has_value();
    return made.value_or(Digest{});
  }
  explicit ProofCase(const Object& test) {
    if (!test.at("proof").is_array()) return;
    for (const auto& entry : test.at("proof").as_array())
      proof.push_back(digest(Object{{"p", entry}}, "p"));
  }
};

TEST(LogTree, JudgesTheInclusionProofsOfTheReference) {
  VECTOR_JSON(file, "merkle/inclusion.json");
  Tally tally{"merkle/inclusion.json"};
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    ProofCase given{test};
    const auto leaf = given.digest(test, "leafHash");
    const auto root = given.digest(test, "root");
    const bool ok =
        given.well_formed && verify_log_inclusion(leaf, number(test, "leafIdx"),
                                                  number(test, "treeSize"), given.proof, root);
    tally.expect(ok != flag(test, "wantErr"), test);
  }
}

TEST(LogTree, JudgesTheConsistencyProofsOfTheReference) {
  VECTOR_JSON(file, "merkle/consistency.json");
  Tally tally{"merkle/consistency.json"};
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    ProofCase given{test};
    const auto old_root = given.digest(test, "root1");
    const auto root = given.digest(test, "root2");
    if (!given.well_formed && !flag(test, "wantErr")) {
      tally.skipped("roots that are no digests");
      continue;
    }
    const bool ok =
        given.well_formed && verify_log_consistency(number(test, "size1"), old_root,
                                                    number(test, "size2"), root, given.proof);
    tally.expect(ok != flag(test, "wantErr"), test);
  }
}

TEST(LogTree, HasNoSubtreeProofs) {
  for (const auto* name : {"merkle/subtreeinclusion.json", "merkle/subtreeconsistency.json"}) {
    VECTOR_JSON(file, name);
    Tally tally{name};
    for (const auto& entry : file.as_array()) {
      EXPECT_TRUE(entry.as_object().contains("start"));
      tally.skipped("subtrees are not in RFC 9162");
    }
  }
}

}  // namespace
}  // namespace holdfast::crypto
