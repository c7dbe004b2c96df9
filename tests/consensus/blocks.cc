#include "blocks.h"

#include <cstdlib>

#include "codec/cbor_reader.h"
#include "crypto/log_tree.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

using base::Bytes, base::ByteView;
using model::Digest, model::Header;

auto id_of_item(ByteView item) -> Digest { return crypto::sha256(item); }

}  // namespace

auto epoch_of(std::size_t validators) -> EpochRules {
  model::VaultId vault;
  vault.bytes.fill(7);
  model::Committee committee;
  for (std::size_t i = 0; i < validators; ++i) {
    auto& member = committee.members.emplace_back();
    member.device.bytes.fill(static_cast<std::uint8_t>(i + 1));
    member.node_key.bytes.fill(static_cast<std::uint8_t>(i + 1));
  }
  return {vault, std::move(committee)};
}

void round_robin(ByteView seed, std::span<std::uint8_t> out) {
  codec::Reader in{seed};
  CHECK(in.array_of(6).has_value());
  CHECK(in.text(32).has_value());
  CHECK(in.bytes(32).has_value());
  CHECK(in.uint(UINT64_MAX).has_value());
  CHECK(in.bytes(32).has_value());
  CHECK(in.uint(UINT64_MAX).has_value());
  std::uint64_t word = in.uint(UINT64_MAX).value() - 1;
  std::ranges::fill(out, std::uint8_t{0});
  for (std::size_t i = 0; i < 8; ++i, word >>= 8) out[i] = static_cast<std::uint8_t>(word);
}

auto schedule_of(const EpochRules& epoch, Xof xof) -> LeaderSchedule {
  return {epoch.vault, epoch.committee.epoch, {}, epoch.validators(), xof};
}
auto primitives() -> Primitives {
  return {.merkle_root = crypto::log_root_of, .xof = round_robin, .item_id = id_of_item};
}
auto lineariser_of(const EpochRules& epoch) -> Lineariser {
  return {epoch.vault, epoch.committee.epoch, primitives(), {}};
}

auto header_of(const EpochRules& epoch, Round round, AuthorIndex author,
               std::vector<BlockRef> ancestors) -> Header {
  Header header;
  header.vault = epoch.vault;
  header.epoch = epoch.committee.epoch;
  header.round = round;
  header.author = author;
  header.timestamp = model::TimeMs{std::to_underlying(round)};
  header.ancestors = std::move(ancestors);
  return header;
}

auto seal(const EpochRules& epoch, Header header, std::vector<Bytes> payload) -> BlockPtr {
  std::vector<ByteView> leaves;
  header.payload_len = 0;
  for (const Bytes& item : payload) {
    leaves.emplace_back(item);
    header.payload_len += item.size();
  }
  header.payload_root = crypto::log_root_of(leaves);
  model::Block block;
  block.header = model::encode(header);
  const auto& key = epoch.committee.members[std::to_underlying(header.author)].node_key;
  const Bytes message = model::header_message(epoch.vault, block.header);
  block.signature = crypto::SimulatedSignatures::sign(key, crypto::Purpose::block, message);
  block.digest = model::block_digest(block.header, block.signature);
  block.fields = std::move(header);
  block.payload = std::move(payload);
  const crypto::Signature signature = block.signature;
  auto verified = crypto::SimulatedSignatures::verify(key, crypto::Purpose::block, message,
                                                      signature, std::move(block));
  CHECK(verified.has_value());
  return std::make_shared<const model::VerifiedBlock>(*std::move(verified));
}

auto own_first(std::vector<BlockRef> ancestors, AuthorIndex author) -> std::vector<BlockRef> {
  const auto own = std::ranges::find(ancestors, author, &BlockRef::author);
  if (own != ancestors.end()) std::rotate(ancestors.begin(), own, std::next(own));
  return ancestors;
}

auto is_campaign() -> bool {
  const char* chosen = std::getenv("HOLDFAST_CAMPAIGN");
  return chosen != nullptr && std::string_view{chosen} == "1";
}

}  // namespace holdfast::consensus
