#include "consensus/solo.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast::consensus {

using base::Error;
using base::fail;
using base::Result;
using model::Header;
using model::TimeMs;

auto Solo::propose(std::vector<Item> items, TimeMs now) -> Result<base::Bytes> {
  CHECK(!items.empty());
  CHECK(!proposal_.has_value());
  if (items.size() > kBlockItemsMax) return fail(Error::too_long);
  std::vector<base::ByteView> leaves;
  std::uint64_t length = 0;
  for (const Item& item : items) {
    leaves.emplace_back(item.bytes);
    length += item.bytes.size();
  }
  if (length > model::kPayloadBytesMax) return fail(Error::too_long);
  Header header{.vault = vault_,
                .epoch = state_.epoch,
                .round = model::next(state_.last_block.round),
                .author = model::AuthorIndex{0},
                .timestamp = std::max(now, state_.timestamp),
                .ancestors = {state_.last_block},
                .payload_root = merkle_root_(leaves),
                .payload_len = length,
                .commit_votes = {},
                .ready = false};
  if (state_.height > model::Height{0}) {
    header.commit_votes.push_back({state_.height, state_.last_commit});
  }
  base::Bytes encoded = model::encode(header);
  base::Bytes message = model::header_message(vault_, encoded);
  proposal_ = Proposal{std::move(header), std::move(encoded), std::move(items)};
  return message;
}

auto Solo::on_signed(const crypto::Signature& signature) -> OrderedCommit {
  CHECK(proposal_.has_value());
  Proposal proposal = std::move(*proposal_);
  proposal_.reset();
  std::vector<base::ByteView> ids;
  for (const Item& item : proposal.items) ids.emplace_back(item.id.view());

  const model::BlockDigest digest = model::block_digest(proposal.encoded, signature);
  const model::BlockRef ref{proposal.header.round, proposal.header.author, digest};
  model::Commit commit{.vault = vault_,
                       .epoch = state_.epoch,
                       .height = model::next(state_.height),
                       .previous = state_.last_commit,
                       .leader = ref,
                       .timestamp = proposal.header.timestamp,
                       .blocks = {ref},
                       .tx_root = merkle_root_(ids)};
  base::Bytes commit_bytes = model::encode(commit);

  OrderedCommit ordered{.block = {.fields = std::move(proposal.header),
                                  .header = std::move(proposal.encoded),
                                  .signature = signature,
                                  .payload = {},
                                  .digest = digest},
                        .commit = commit,
                        .commit_bytes = {},
                        .after = state_};
  for (Item& item : proposal.items) ordered.block.payload.push_back(std::move(item.bytes));
  ordered.after = after_commit(state_, commit, model::commit_digest(commit_bytes), true, false);
  ordered.commit_bytes = std::move(commit_bytes);
  return ordered;
}

}  // namespace holdfast::consensus
