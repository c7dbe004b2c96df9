// state_view.h: the replicated state as `apply` sees it: a lookup given as an argument, and an
// overlay that collects changes above it. Nothing here writes anything.
// Limits: none of its own. Time: none. Threads: a view is read by one thread at a time.
// Errors: those of the lookup (a damaged store), and the codec's for a damaged record.
// Source: docs/architecture.md, Two planes.
#pragma once

#include <map>
#include <optional>

#include "base/result.h"
#include "model/state.h"

namespace holdfast::vault {

using base::Bytes;
using base::Error;
using base::fail;
using base::Result;

class StateView {
 public:
  StateView() = default;
  StateView(const StateView&) = delete;
  auto operator=(const StateView&) -> StateView& = delete;
  virtual ~StateView() = default;
  [[nodiscard]] virtual auto get(const model::StateKey& key) const
      -> Result<std::optional<Bytes>> = 0;
};

// Nothing as the value erases the record.
using StateChanges = std::map<model::StateKey, std::optional<Bytes>>;

class StateOverlay final : public StateView {
 public:
  explicit StateOverlay(const StateView& below) : below_{below} {}
  [[nodiscard]] auto get(const model::StateKey& key) const
      -> Result<std::optional<Bytes>> override {
    const auto it = changes_.find(key);
    return it != changes_.end() ? it->second : below_.get(key);
  }
  void put(model::StateKey key, Bytes value) { changes_[std::move(key)] = std::move(value); }
  void absorb(const StateChanges& changes) {
    for (const auto& [key, value] : changes) changes_[key] = value;
  }
  [[nodiscard]] auto changes() const -> const StateChanges& { return changes_; }

 private:
  const StateView& below_;
  StateChanges changes_;
};

// Keys of the records.
[[nodiscard]] auto chain_key() -> model::StateKey;
[[nodiscard]] auto roster_key() -> model::StateKey;
[[nodiscard]] auto settings_key() -> model::StateKey;
[[nodiscard]] auto member_key(const model::DeviceId& id) -> model::StateKey;
[[nodiscard]] auto author_key(const model::DeviceId& id) -> model::StateKey;
[[nodiscard]] auto category_key(const model::CategoryId& id) -> model::StateKey;
[[nodiscard]] auto generation_key(const model::CategoryId& id, model::Generation generation)
    -> model::StateKey;
[[nodiscard]] auto secret_key(const model::SecretId& id) -> model::StateKey;
[[nodiscard]] auto sequence_key(const model::DeviceId& author, model::AuthorSeq seq)
    -> model::StateKey;
[[nodiscard]] auto sequence_used_key(const model::TxId& id) -> model::StateKey;

// Typed lookups; the chain and the roster always exist.
[[nodiscard]] auto chain(const StateView& view) -> Result<model::ChainState>;
[[nodiscard]] auto roster(const StateView& view) -> Result<model::Roster>;
[[nodiscard]] auto member(const StateView& view, const model::DeviceId& id)
    -> Result<std::optional<model::MemberState>>;
// Of one who never wrote: the beginning.
[[nodiscard]] auto author(const StateView& view, const model::DeviceId& id)
    -> Result<model::AuthorState>;
[[nodiscard]] auto category(const StateView& view, const model::CategoryId& id)
    -> Result<std::optional<model::CategoryState>>;
[[nodiscard]] auto generation(const StateView& view, const model::CategoryId& id,
                              model::Generation number)
    -> Result<std::optional<model::KeyGeneration>>;
[[nodiscard]] auto secret(const StateView& view, const model::SecretId& id)
    -> Result<std::optional<model::SecretState>>;
[[nodiscard]] auto sequence(const StateView& view, const model::DeviceId& author,
                            model::AuthorSeq seq) -> Result<std::optional<model::TxId>>;

}  // namespace holdfast::vault
