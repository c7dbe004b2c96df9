// fetcher.h: asks peers for missing blocks: first the one that sent what waits, then others in turn.
// Invariant: a ref is asked for from one peer at a time and again when that peer fails or takes too
// long. Limits: kFetchRefsMax refs a request; one request a peer. Time: an argument. Threads: one.
// Errors: none. Source: docs/design/consensus.md §8.
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
  explicit Fetcher(milliseconds timeout) : timeout_{timeout} {}

  void peer_up(PeerId peer) { peers_.insert(peer); }
  void peer_down(PeerId peer);
  void failed(FetchId id);
  void answered(PeerId peer);  // whatever it sent: it may be asked again

  // Requests for what is missing and not asked for; `hint` is asked first.
  [[nodiscard]] auto requests(const std::vector<BlockRef>& missing, std::optional<PeerId> hint,
                              Instant now) -> std::vector<FetchRequest>;
  [[nodiscard]] auto wake_at() const -> std::optional<Instant>;
  [[nodiscard]] auto peers() const -> const std::set<PeerId>& { return peers_; }

 private:
  struct Open {
    FetchId id{};
    std::set<BlockRef> refs;
    Instant until{};
  };
  [[nodiscard]] auto next_idle_peer(std::optional<PeerId> hint) -> std::optional<PeerId>;

  milliseconds timeout_;
  std::set<PeerId> peers_;
  std::map<PeerId, Open> open_;
  std::optional<PeerId> last_asked_;
  FetchId last_id_{};
};

}  // namespace holdfast::consensus
