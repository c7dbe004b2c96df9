// fetcher.h: asks peers for missing blocks: first the one that sent what waits, then one other,
// then others at a fixed period, so that a block that nobody has costs next to nothing. Invariant:
// a peer that stays silent holds up nothing for longer than fetch_patience: whoever named the block
// meanwhile is asked next. What is not told anew costs nothing, so that a step takes no longer
// while much is missing. Limits: kFetchRefsMax refs a request; one request a peer; what is wanted
// is limited by who wants it (block_manager.h). Time: an argument. Threads: one. Errors: none.
// Source: docs/design/consensus.md §8.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "consensus/dag.h"
#include "consensus/parameters.h"

namespace holdfast::consensus {

enum class PeerId : std::uint64_t {};
enum class FetchId : std::uint64_t {};

struct FetchRequest {
  FetchId id{};
  PeerId from{};
  std::vector<BlockRef> refs;
};

class Fetcher {
 public:
  explicit Fetcher(const Parameters& parameters)
      : timeout_{parameters.fetch_timeout},
        patience_{parameters.fetch_patience},
        period_{parameters.fetch_period} {}

  void peer_up(PeerId peer) { peers_.insert(peer); }
  void peer_down(PeerId peer);
  void failed(FetchId id);
  void answered(PeerId peer);  // with whatever: it may be asked again

  // A block of this peer names it; once more changes only whom to ask next.
  void want(const BlockRef& ref, std::optional<PeerId> named_by);
  void forget(const BlockRef& ref);  // it arrived, or nobody waits for it any more
  void collected(Round gc_round);    // nothing at or below it is wanted any more

  // For what is due, lowest rounds first.
  [[nodiscard]] auto requests(Instant now) -> std::vector<FetchRequest>;
  [[nodiscard]] auto wake_at(Instant now) const -> std::optional<Instant>;
  [[nodiscard]] auto peers() const -> const std::set<PeerId>& { return peers_; }
  [[nodiscard]] auto wanted() const -> std::size_t { return wants_.size(); }

 private:
  static constexpr std::uint64_t kPromptAttempts = 2;
  struct Want {
    std::uint64_t attempts = 0;
    Instant asked_at{}, not_before{};
    std::optional<PeerId> named_by;  // whose block named it last: it must have it
  };

  struct Open {
    FetchId id{};
    std::vector<BlockRef> refs;
    Instant until{};
  };
  using OpenRequests = std::map<PeerId, Open>;
  auto close(OpenRequests::iterator open) -> OpenRequests::iterator;
  void due_at(const BlockRef& ref, Want& want, Instant at);
  [[nodiscard]] auto next_idle_peer(std::optional<PeerId> first) -> std::optional<PeerId>;

  milliseconds timeout_, patience_, period_;
  std::map<BlockRef, Want> wants_;
  std::set<std::pair<Instant, BlockRef>> due_;  // all of them, by when they may be asked for
  std::set<PeerId> peers_;
  OpenRequests open_;
  std::optional<PeerId> last_asked_;
  FetchId last_id_{};
};

}  // namespace holdfast::consensus
