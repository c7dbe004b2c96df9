// idempotency.h: remembers which writes were done, so that a repeated one has no second effect.
// Invariant: one key stands for one request: its method, target and body, kept as a keyed digest,
// since a body may hold a password. Answers to writes hold ids only. Failures are not remembered.
// Limits: kKeysMax keys, the oldest leave first; kKeyTextMax characters; 24 h. Lost at a restart.
// Time: monotonic, an argument. Threads: any. Errors: busy (the first is still running),
// idempotency_reused, bad_request (not a key). Source:
// draft-ietf-httpapi-idempotency-key-header-07.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/call.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "ports/entropy.h"

namespace holdfast::api {

class IdempotencyMemory {
 public:
  static constexpr std::size_t kKeysMax = 1000;
  static constexpr std::size_t kKeyTextMax = 128;
  static constexpr std::chrono::hours kKept{24};

  IdempotencyMemory(ports::Entropy& entropy, base::SecretMemory& keys);

  // The first answer if there is one; nothing: go on, then finish().
  [[nodiscard]] auto begin(const Message& request, std::chrono::nanoseconds now,
                           base::SecretMemory& memory) -> base::Detailed<std::optional<Answer>>;
  void finish(const Message& request, const Answer* answer);  // null: failed, forget it
  [[nodiscard]] auto size() const -> std::size_t;

 private:
  struct Kept {
    crypto::Digest request;
    std::chrono::nanoseconds since;
    bool done = false;
    unsigned status = 0;
    std::string body, etag, location;
    std::list<std::string>::iterator place;
  };
  [[nodiscard]] auto digest(const Message& request) const -> crypto::Digest;
  void drop_old(std::chrono::nanoseconds now);

  mutable std::mutex mutex_;
  base::Secret<struct IdempotencyKeyTag, 32> key_;
  std::map<std::string, Kept, std::less<>> kept_;
  std::list<std::string> oldest_first_;
};

}  // namespace holdfast::api
