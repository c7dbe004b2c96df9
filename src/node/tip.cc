#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "node/ledger.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Result;

inline constexpr std::uint64_t kAny = UINT64_MAX;
inline constexpr std::uint64_t kTipVersion = 2;  // 1: without the items since the checkpoint
inline constexpr std::size_t kTipFields = 15;
inline constexpr std::size_t kEdgeMax = 64;  // one hash a bit of the size

}  // namespace

auto encode(const Tip& tip) -> Bytes {
  Bytes bytes;
  codec::Writer out{bytes};
  out.array(kTipFields);
  out.uint(kTipVersion);
  out.uint(std::to_underlying(tip.chain.epoch));
  out.uint(std::to_underlying(tip.chain.height));
  out.uint(std::to_underlying(tip.chain.last_block.round));
  out.uint(std::to_underlying(tip.chain.last_block.author));
  out.bytes(tip.chain.last_block.digest.view());
  out.bytes(tip.chain.last_commit.view());
  out.uint(std::to_underlying(tip.chain.timestamp));
  out.uint(std::to_underlying(tip.chain.checkpoint_height));
  out.uint(std::to_underlying(tip.chain.checkpoint_timestamp));
  out.boolean(tip.chain.items_since_checkpoint);
  out.bytes(tip.state_root.view());
  out.bytes(tip.audit_root.view());
  out.uint(tip.audit_size);
  out.array(tip.audit_edge.size());
  for (const crypto::Digest& hash : tip.audit_edge) out.bytes(hash.view());
  return bytes;
}

auto decode_tip(ByteView encoded) -> Result<Tip> {
  codec::Reader in{encoded};
  TRY(fields, in.array(2 * kTipFields));
  TRY(version, in.uint(kAny));
  if (version < kTipVersion) return base::fail(base::Error::store_of_older_version);
  if (version > kTipVersion) return base::fail(base::Error::unsupported_version);
  if (fields != kTipFields) return base::fail(base::Error::store_corrupt);
  Tip tip;
  TRY(epoch, in.uint(kAny));
  TRY(height, in.uint(kAny));
  TRY(round, in.uint(kAny));
  TRY(author, in.uint(kAny));
  TRY(digest, in.fixed_bytes<model::BlockDigest>());
  TRY(commit, in.fixed_bytes<model::CommitDigest>());
  TRY(timestamp, in.uint(kAny));
  TRY(checkpoint_height, in.uint(kAny));
  TRY(checkpoint_timestamp, in.uint(kAny));
  TRY(items_since_checkpoint, in.boolean());
  TRY(state_root, in.fixed_bytes<crypto::Digest>());
  TRY(audit_root, in.fixed_bytes<crypto::Digest>());
  TRY(audit_size, in.uint(kAny));
  TRY(edges, in.array(kEdgeMax));
  for (std::size_t i = 0; i < edges; ++i) {
    TRY(hash, in.fixed_bytes<crypto::Digest>());
    tip.audit_edge.push_back(hash);
  }
  TRY_DO(in.finish());
  tip.chain = {.epoch = model::Epoch{epoch},
               .height = model::Height{height},
               .last_block = {model::Round{round}, model::AuthorIndex{author}, digest},
               .last_commit = commit,
               .timestamp = model::TimeMs{timestamp},
               .checkpoint_height = model::Height{checkpoint_height},
               .checkpoint_timestamp = model::TimeMs{checkpoint_timestamp},
               .items_since_checkpoint = items_since_checkpoint};
  tip.state_root = state_root;
  tip.audit_root = audit_root;
  tip.audit_size = audit_size;
  return tip;
}

}  // namespace holdfast::node
