// host.h: what a simulated node may ask of its world. Threads: one.
#pragma once

#include "consensus/block_rules.h"
#include "sim/agenda.h"
#include "sim/checks.h"
#include "sim/message.h"
#include "sim/random.h"
#include "sim/signatures.h"
#include "sim/vault_world.h"

namespace holdfast::sim {

// How a Byzantine node treats its own blocks.
enum class Behaviour : std::uint8_t {
  honest,
  equivocate,      // two headers for a slot, each to one half
  withhold,        // nothing to some, so that others must fetch
  delay,           // late
  invent_parents,  // blocks whose ancestors do not exist
  forge_votes,     // commit votes for commits that do not exist
};
inline constexpr std::size_t kBehaviours = 6;

// Where a crash tells right from wrong.
enum class CrashPoint : std::uint8_t {
  signed_not_stored,  // an own block has its signature
  stored_not_sent,    // what waited for this sync has not left
};
inline constexpr std::size_t kCrashPoints = 2;

class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  auto operator=(const Host&) -> Host& = delete;
  virtual ~Host() = default;

  [[nodiscard]] virtual auto agenda() -> Agenda& = 0;
  [[nodiscard]] virtual auto random() -> Random& = 0;
  [[nodiscard]] virtual auto checks() -> Checks& = 0;
  [[nodiscard]] virtual auto world() const -> const VaultWorld& = 0;
  [[nodiscard]] virtual auto signatures() -> Signatures& = 0;
  virtual void send(NodeIndex from, NodeIndex to, Wire message) = 0;
  [[nodiscard]] virtual auto is_linked(NodeIndex a, NodeIndex b) const -> bool = 0;
  [[nodiscard]] virtual auto wall_clock(NodeIndex node) const -> model::TimeMs = 0;
  [[nodiscard]] virtual auto disk_latency() -> Instant = 0;
  // The block if header, signature and payload are as they must be; checked once for all nodes.
  [[nodiscard]] virtual auto verified(const RawBlock& block) -> consensus::BlockPtr = 0;
  // Of an own block: signs it, too.
  [[nodiscard]] virtual auto sign(NodeIndex node, base::Bytes header,
                                  std::vector<base::Bytes> payload) -> consensus::BlockPtr = 0;
  virtual void on_delivered(NodeIndex node, const consensus::CommittedSubDag& commit) = 0;
  virtual void on_written(NodeIndex node, const consensus::TxKey& id) = 0;
  virtual void on_sequenced(NodeIndex node, const consensus::TxKey& id,
                            model::OutcomeKind outcome) = 0;
  virtual void on_refused(NodeIndex node, const consensus::TxKey& id) = 0;
  virtual void reached(NodeIndex node, CrashPoint point) = 0;  // the node may be down after it
  virtual void trace(NodeIndex node, std::string_view what, std::uint64_t number) = 0;
};

[[nodiscard]] inline auto raw(const consensus::BlockPtr& block) -> RawBlock {
  return {block, &block->value()};
}

}  // namespace holdfast::sim
