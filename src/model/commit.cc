#include "model/commit.h"

#include "model/encoding.h"
#include "model/signing.h"

namespace holdfast::model {

auto rank(const CommitVote& vote) -> Height { return vote.height; }

auto shape(Is<BlockRef> auto& r) { return fields(r.round, r.author, r.digest); }
auto shape(Is<CommitVote> auto& r) { return fields(r.height, r.digest); }
auto shape(Is<Header> auto& r) {
  return fields(FormatVersion{}, Suite{}, r.vault, r.epoch, r.round, r.author, r.timestamp,
                List{r.ancestors, 1, kCommitteeMax}, r.payload_root, r.payload_len,
                Ascending{r.commit_votes, 0, kCommitVotesMax}, r.ready);
}
auto shape(Is<Commit> auto& r) {
  return fields(FormatVersion{}, r.vault, r.epoch, r.height, r.previous, r.leader, r.timestamp,
                List{r.blocks, 1, kBlocksPerCommitMax}, r.tx_root);
}
auto shape(Is<CommitteeMember> auto& r) { return fields(r.device, r.node_key); }
auto shape(Is<Committee> auto& r) { return fields(r.epoch, List{r.members, 1, kCommitteeMax}); }
auto shape(Is<Checkpoint> auto& r) {
  return fields(FormatVersion{}, r.vault, r.epoch, r.height, r.commit, r.tx_root, r.state_root,
                r.audit_root, r.timestamp, r.next);
}

auto shape(Is<LatestAnswer> auto& r) {
  return fields(FormatVersion{}, r.vault, r.epoch, r.nonce, r.author, r.latest, r.yours);
}

auto encode(const LatestAnswer& answer) -> Bytes { return encoded(answer); }
auto decode_latest_answer(ByteView bytes) -> Result<LatestAnswer> {
  return decoded<LatestAnswer>(bytes);
}

auto encode(const Header& header) -> Bytes { return encoded(header); }

auto decode_header(ByteView bytes) -> Result<Header> {
  if (bytes.size() > kHeaderBytesMax) return base::fail(Error::too_long);
  return decoded<Header>(bytes);
}

auto header_message(const VaultId& vault, ByteView header) -> Bytes {
  return signed_message(vault, std::nullopt, header);
}

auto block_digest(ByteView header, const crypto::Signature& signature) -> BlockDigest {
  Bytes message;
  Writer out{message};
  write_domain(out, 3, "block-digest");
  out.bytes(header);
  write(out, signature);
  return id_of<BlockDigest>(crypto::sha256(message));
}

auto encode(const Block& block) -> Bytes {
  Bytes bytes;
  Writer out{bytes};
  out.array(3);
  out.bytes(block.header);
  write(out, block.signature);
  out.array(block.payload.size());
  for (const Bytes& item : block.payload) out.bytes(item);
  return bytes;
}

auto encode_equivocation_proof(const Block& first, const Block& second) -> Bytes {
  Bytes bytes;
  Writer out{bytes};
  out.array(3);
  out.uint(0);
  for (const Block* block : {&first, &second}) {
    out.array(2);
    out.bytes(block->header);
    write(out, block->signature);
  }
  return bytes;
}

auto decode_block(ByteView bytes) -> Result<Block> {
  Reader in{bytes};
  Block block;
  TRY_DO(in.array_of(3));
  TRY(header, in.bytes(kHeaderBytesMax));
  TRY(header_fields, decode_header(header));
  block.fields = std::move(header_fields);
  block.header = base::to_bytes(header);
  TRY_DO(read(in, block.signature));
  TRY(items, in.array(kPayloadItemsMax));
  block.payload.reserve(items);
  std::size_t bytes_left = kPayloadBytesMax;
  for (std::size_t i = 0; i < items; ++i) {
    TRY(item, in.bytes(bytes_left));
    bytes_left -= item.size();
    block.payload.push_back(base::to_bytes(item));
  }
  TRY_DO(in.finish());
  block.digest = block_digest(block.header, block.signature);
  return block;
}

auto genesis_ref(const VaultId& vault, const Committee& committee, AuthorIndex author) -> BlockRef {
  Bytes message;
  Writer out{message};
  write_domain(out, 5, "genesis-block");
  write(out, vault);
  write(out, committee.epoch);
  write(out, domain_digest("committee", encode(committee)));
  write(out, author);
  return {Round{0}, author, id_of<BlockDigest>(crypto::sha256(message))};
}

auto leader_seed(const VaultId& vault, Epoch epoch, const Digest& beacon, std::uint64_t schedule,
                 Round round) -> Bytes {
  Bytes message;
  Writer out{message};
  write_domain(out, 6, "leader");
  write(out, vault);
  write(out, epoch);
  write(out, beacon);
  write(out, schedule);
  write(out, round);
  return message;
}

auto encode(const Commit& commit) -> Bytes { return encoded(commit); }
auto decode_commit(ByteView bytes) -> Result<Commit> { return decoded<Commit>(bytes); }
auto commit_digest(ByteView bytes) -> CommitDigest {
  return id_of<CommitDigest>(domain_digest("commit", bytes));
}
auto encode(const Committee& committee) -> Bytes { return encoded(committee); }
auto encode(const Checkpoint& checkpoint) -> Bytes { return encoded(checkpoint); }
auto decode_checkpoint(ByteView bytes) -> Result<Checkpoint> { return decoded<Checkpoint>(bytes); }

auto checkpoint_message(const VaultId& vault, ByteView checkpoint) -> Bytes {
  return signed_message(vault, std::nullopt, checkpoint);
}

auto encode(const CheckpointVote& vote) -> Bytes {
  Bytes bytes;
  Writer out{bytes};
  out.array(3);
  out.raw(vote.checkpoint);
  write(out, vote.author);
  write(out, vote.signature);
  return bytes;
}

auto decode_checkpoint_vote(ByteView bytes) -> Result<CheckpointVote> {
  Reader in{bytes};
  CheckpointVote vote;
  Checkpoint checkpoint;  // read for its strictness alone
  TRY_DO(in.array_of(3));
  const std::size_t start = in.position();
  TRY_DO(read(in, checkpoint));
  vote.checkpoint = base::to_bytes(in.since(start));
  TRY_DO(read_each(in, vote.author, vote.signature));
  TRY_DO(in.finish());
  return vote;
}

}  // namespace holdfast::model
