#include "api/idempotency.h"

#include <algorithm>
#include <new>

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;

auto draw_key(ports::Entropy& entropy, base::SecretMemory& keys) {
  auto key = base::Secret<struct IdempotencyKeyTag, 32>::make(
      keys, [&](auto bytes) { entropy.fill(bytes); });
  if (!key) throw std::bad_alloc{};  // at the daemon's start: there is nothing to go on with
  return *std::move(key);
}

}  // namespace

IdempotencyMemory::IdempotencyMemory(ports::Entropy& entropy, base::SecretMemory& keys)
    : key_{draw_key(entropy, keys)} {}

auto IdempotencyMemory::digest(const Message& request) const -> crypto::Digest {
  static constexpr std::uint8_t kEnd[] = {0};
  return key_.expose([&](auto key) {
    return request.target.expose([&](base::ByteView target) {
      return request.body.expose([&](base::ByteView body) {
        return crypto::hmac_sha256(
            key, {base::view_of(method_name(request.method)), kEnd, target, kEnd, body});
      });
    });
  });
}

auto IdempotencyMemory::begin(const Message& request, std::chrono::nanoseconds now,
                              base::SecretMemory& memory) -> Detailed<std::optional<Answer>> {
  const std::string& key = request.idempotency_key;
  if (key.size() > kKeyTextMax) return fail(Error::bad_request, "Idempotency-Key is too long");
  const crypto::Digest asked = digest(request);
  const std::scoped_lock guard{mutex_};
  drop_old(now);
  if (const auto found = kept_.find(key); found != kept_.end()) {
    const Kept& kept = found->second;
    if (kept.request != asked) return fail(Error::idempotency_reused, "");
    if (!kept.done) return fail(Error::busy, "");
    TRY(body, base::SecretBytes::copy_of(memory, std::string_view{kept.body}));
    Answer answer{std::move(body), kept.status};
    answer.etag = kept.etag;
    answer.location = kept.location;
    return answer;
  }
  oldest_first_.push_back(key);
  kept_.emplace(key, Kept{.request = asked,
                          .since = now,
                          .body = {},
                          .etag = {},
                          .location = {},
                          .place = std::prev(oldest_first_.end())});
  return std::nullopt;
}

void IdempotencyMemory::finish(const Message& request, const Answer* answer) {
  const std::scoped_lock guard{mutex_};
  const auto found = kept_.find(request.idempotency_key);
  if (found == kept_.end()) return;
  if (answer == nullptr) {
    oldest_first_.erase(found->second.place);
    kept_.erase(found);
    return;
  }
  Kept& kept = found->second;
  kept.done = true;
  kept.status = answer->status;
  answer->body.expose_text([&](std::string_view text) { kept.body = text; });
  kept.etag = answer->etag;
  kept.location = answer->location;
}

// A request in progress may be dropped too: its finish() then finds nothing.
void IdempotencyMemory::drop_old(std::chrono::nanoseconds now) {
  while (!oldest_first_.empty()) {
    const auto oldest = kept_.find(oldest_first_.front());
    if (kept_.size() < kKeysMax && now - oldest->second.since < kKept) return;
    kept_.erase(oldest);
    oldest_first_.pop_front();
  }
}

auto IdempotencyMemory::size() const -> std::size_t {
  const std::scoped_lock guard{mutex_};
  return kept_.size();
}

}  // namespace holdfast::api
