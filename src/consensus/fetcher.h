// fetcher.h: asks peers for missing blocks: first the one that sent what waits, then one other,
// then others in turn at a fixed period, so that a block that nobody has costs next to nothing.
// Invariant: a ref is asked for from one peer at a time. Limits: kFetchRefsMax refs a request; one
// request a peer. Time: an argument. Threads: one. Errors: none. Source: docs/design/consensus.md
// §8.
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
      : timeout_{parameters.fetch_timeout}, period_{parameters.fetch_period} {}

  void peer_up(PeerId peer) { peers_.insert(peer); }
  void peer_down(PeerId peer);
  void failed(FetchId id);
  void answered(PeerId peer);  // whatever it sent: it may be asked again

  // Requests for what is missing and not asked for; `hint` is asked first.
  [[nodiscard]] auto requests(const std::vector<BlockRef>& missing, std::optional<PeerId> hint,
                              Instant now) -> std::vector<FetchRequest>;
  [[nodiscard]] auto wake_at(Instant now) const -> std::optional<Instant>;
  [[nodiscard]] auto peers() const -> const std::set<PeerId>& { return peers_; }

 private:
  struct Open {
    FetchId id{};
    std::set<BlockRef> refs;
    Instant until{};
  };
  [[nodiscard]] auto next_idle_peer(std::optional<PeerId> hint) -> std::optional<PeerId>;

  static constexpr std::uint64_t kPromptAttempts = 2;
  struct Attempts {
    std::uint64_t count = 0;
    Instant not_before{};
  };

  milliseconds timeout_, period_;
  std::map<BlockRef, Attempts> attempts_;  // of what is missing now
  std::set<PeerId> peers_;
  std::map<PeerId, Open> open_;
  std::optional<PeerId> last_asked_;
  FetchId last_id_{};
};

}  // namespace holdfast::consensus
