#include "consensus/block_rules.h"

namespace holdfast::consensus {
namespace {

using base::Error;
using base::fail;
using base::Result;
using model::Header;

auto check_ancestors(const Header& header, const EpochRules& epoch) -> Result<void> {
  const Validators validators = epoch.validators();
  if (header.ancestors.empty()) return fail(Error::bad_ancestors);
  if (header.ancestors.size() > validators.count()) return fail(Error::bad_ancestors);
  if (header.ancestors.front().author != header.author) return fail(Error::bad_ancestors);
  AuthorSet authors;
  std::size_t parents = 0;
  for (const BlockRef& ancestor : header.ancestors) {
    if (!validators.contains(ancestor.author)) return fail(Error::unknown_validator);
    if (authors.contains(ancestor.author)) return fail(Error::bad_ancestors);
    authors.add(ancestor.author);
    if (ancestor.round >= header.round) return fail(Error::bad_ancestors);
    if (ancestor.round == Round{0} &&
        ancestor != epoch.genesis[std::to_underlying(ancestor.author)])
      return fail(Error::bad_ancestors);
    if (next(ancestor.round) == header.round) ++parents;
  }
  if (parents < validators.quorum()) return fail(Error::too_few_parents);
  return {};
}

}  // namespace

EpochRules::EpochRules(const model::VaultId& of_vault, model::Committee of_committee)
    : vault{of_vault}, committee{std::move(of_committee)} {
  for (std::size_t author = 0; author < committee.members.size(); ++author)
    genesis.push_back(model::genesis_ref(vault, committee, AuthorIndex{author}));
}

auto check_header(const Header& header, const EpochRules& epoch) -> Result<void> {
  if (header.vault != epoch.vault) return fail(Error::foreign_vault);
  if (header.epoch != epoch.committee.epoch) return fail(Error::foreign_epoch);
  if (header.round < Round{1}) return fail(Error::bad_ancestors);
  if (!epoch.validators().contains(header.author)) return fail(Error::unknown_validator);
  TRY_DO(check_ancestors(header, epoch));
  if (header.commit_votes.size() > model::kCommitVotesMax) return fail(Error::bad_commit_votes);
  for (std::size_t i = 1; i < header.commit_votes.size(); ++i)
    if (header.commit_votes[i - 1].height >= header.commit_votes[i].height)
      return fail(Error::bad_commit_votes);
  return {};
}

auto check_payload(const model::Block& block, MerkleRoot merkle_root) -> Result<void> {
  std::uint64_t bytes = 0;
  std::vector<base::ByteView> leaves;
  leaves.reserve(block.payload.size());
  for (const base::Bytes& item : block.payload) {
    bytes += item.size();
    leaves.emplace_back(item);
  }
  if (block.payload.size() > model::kPayloadItemsMax) return fail(Error::too_long);
  if (bytes > model::kPayloadBytesMax) return fail(Error::too_long);
  if (bytes != block.fields.payload_len) return fail(Error::payload_mismatch);
  if (merkle_root(leaves) != block.fields.payload_root) return fail(Error::payload_mismatch);
  return {};
}

}  // namespace holdfast::consensus
