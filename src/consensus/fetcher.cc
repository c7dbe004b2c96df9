#include "consensus/fetcher.h"

#include <algorithm>

namespace holdfast::consensus {

void Fetcher::peer_down(PeerId peer) {
  peers_.erase(peer);
  open_.erase(peer);
}

void Fetcher::failed(FetchId id) {
  std::erase_if(open_, [&](const auto& entry) { return entry.second.id == id; });
}

void Fetcher::answered(PeerId peer) { open_.erase(peer); }

// Round robin, so that a peer that stays silent holds up only its share.
auto Fetcher::next_idle_peer(std::optional<PeerId> hint) -> std::optional<PeerId> {
  if (hint && peers_.contains(*hint) && !open_.contains(*hint)) return hint;
  auto candidate = last_asked_ ? peers_.upper_bound(*last_asked_) : peers_.begin();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (candidate == peers_.end()) candidate = peers_.begin();
    if (!open_.contains(*candidate)) {
      last_asked_ = *candidate;
      return *candidate;
    }
    ++candidate;
  }
  return std::nullopt;
}

auto Fetcher::requests(const std::vector<BlockRef>& missing, std::optional<PeerId> hint,
                       Instant now) -> std::vector<FetchRequest> {
  std::erase_if(open_, [&](const auto& entry) { return entry.second.until <= now; });
  std::set<BlockRef> asked;
  for (const auto& [peer, open] : open_) asked.insert(open.refs.begin(), open.refs.end());
  const std::set<BlockRef> still_missing{missing.begin(), missing.end()};
  std::erase_if(attempts_, [&](const auto& entry) { return !still_missing.contains(entry.first); });
  FetchRequest request;
  for (const BlockRef& ref : missing) {
    if (request.refs.size() >= kFetchRefsMax) break;
    if (!asked.contains(ref) && attempts_[ref].not_before <= now) request.refs.push_back(ref);
  }
  if (request.refs.empty()) return {};
  const auto peer = next_idle_peer(hint);
  if (!peer) return {};
  for (const BlockRef& ref : request.refs) {
    Attempts& attempts = attempts_[ref];
    if (++attempts.count >= kPromptAttempts) attempts.not_before = now + period_;
  }
  last_id_ = FetchId{std::to_underlying(last_id_) + 1};
  request.id = last_id_;
  request.from = *peer;
  open_[*peer] = {request.id, {request.refs.begin(), request.refs.end()}, now + timeout_};
  return {std::move(request)};
}

auto Fetcher::wake_at(Instant now) const -> std::optional<Instant> {
  std::optional<Instant> earliest;
  for (const auto& [peer, open] : open_)
    earliest = earliest ? std::min(*earliest, open.until) : open.until;
  for (const auto& [ref, attempts] : attempts_)
    if (attempts.not_before > now)
      earliest = earliest ? std::min(*earliest, attempts.not_before) : attempts.not_before;
  return earliest;
}

}  // namespace holdfast::consensus
