#include "consensus/fetcher.h"

#include <algorithm>

namespace holdfast::consensus {

void Fetcher::due_at(const BlockRef& ref, Want& want, Instant at) {
  due_.erase({want.not_before, ref});
  want.not_before = at;
  due_.insert({at, ref});
}

// A peer that had not named it before is worth asking soon, however often others were asked.
void Fetcher::want(const BlockRef& ref, std::optional<PeerId> named_by) {
  const auto [found, first] = wants_.try_emplace(ref);
  Want& want = found->second;
  if (first) due_.insert({Instant{}, ref});
  if (!named_by || want.named_by == named_by) return;
  want.named_by = named_by;
  due_at(ref, want, std::min(want.not_before, want.asked_at + patience_));
}

void Fetcher::forget(const BlockRef& ref) {
  const auto want = wants_.find(ref);
  if (want == wants_.end()) return;
  due_.erase({want->second.not_before, ref});
  wants_.erase(want);
}

void Fetcher::collected(Round gc_round) {
  while (!wants_.empty() && wants_.begin()->first.round <= gc_round) forget(wants_.begin()->first);
}

// What was asked for once, and is still wanted, may be asked of another at once.
auto Fetcher::close(OpenRequests::iterator open) -> OpenRequests::iterator {
  for (const BlockRef& ref : open->second.refs) {
    const auto want = wants_.find(ref);
    if (want == wants_.end() || want->second.attempts >= kPromptAttempts) continue;
    due_at(ref, want->second, {});
  }
  return open_.erase(open);
}

void Fetcher::peer_down(PeerId peer) {
  peers_.erase(peer);
  answered(peer);
}

void Fetcher::failed(FetchId id) {
  const auto open = std::ranges::find(open_, id, [](const auto& entry) { return entry.second.id; });
  if (open != open_.end()) close(open);
}

void Fetcher::answered(PeerId peer) {
  if (const auto open = open_.find(peer); open != open_.end()) close(open);
}

// Round robin, so that a peer that stays silent holds up only its share.
auto Fetcher::next_idle_peer(std::optional<PeerId> first) -> std::optional<PeerId> {
  if (first && peers_.contains(*first) && !open_.contains(*first)) return first;
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

auto Fetcher::requests(Instant now) -> std::vector<FetchRequest> {
  for (auto open = open_.begin(); open != open_.end();)
    open = open->second.until <= now ? close(open) : std::next(open);
  std::vector<FetchRequest> requests;
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto peer = next_idle_peer(wants_.at(due_.begin()->second).named_by);
    if (!peer) break;
    last_id_ = FetchId{std::to_underlying(last_id_) + 1};
    FetchRequest& request = requests.emplace_back(last_id_, *peer);
    while (request.refs.size() < kFetchRefsMax && due_.begin()->first <= now) {
      const BlockRef ref = due_.begin()->second;
      Want& want = wants_.at(ref);
      want.asked_at = now;
      due_at(ref, want, now + (++want.attempts < kPromptAttempts ? patience_ : period_));
      request.refs.push_back(ref);
    }
    open_[*peer] = {request.id, request.refs, now + timeout_};
  }
  return requests;
}

auto Fetcher::wake_at(Instant now) const -> std::optional<Instant> {
  std::optional<Instant> earliest;
  for (const auto& [peer, open] : open_)
    earliest = std::min(earliest.value_or(Instant::max()), open.until);
  // What is due already waits for an idle peer.
  const auto later = due_.lower_bound({now + Instant{1}, {}});
  if (later != due_.end()) earliest = std::min(earliest.value_or(Instant::max()), later->first);
  return earliest;
}

}  // namespace holdfast::consensus
