// vault_index.cc: the index of an unlocked vault: read from its sealed pages or built from the
// secrets themselves, kept up by every commit, sealed again now and then and at lock.
#include <algorithm>
#include <map>

#include "node/vault_impl.h"

namespace holdfast::node {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using model::Height;
using model::SecretState;
using ports::Column;

namespace {

void sort_as_committed(std::vector<SummaryRef>& summaries) {
  const auto before = [](const SummaryRef& a, const SummaryRef& b) {
    return std::tie(a->added, a->added_index, a->id) < std::tie(b->added, b->added_index, b->id);
  };
  if (!std::ranges::is_sorted(summaries, before)) std::ranges::sort(summaries, before);
}

auto changed_secret(const model::Change& change) -> std::optional<SecretId> {
  if (const auto* add = std::get_if<model::AddSecret>(&change.what)) {
    return add->version.fields.secret;
  }
  if (const auto* update = std::get_if<model::UpdateSecret>(&change.what)) {
    return update->version.fields.secret;
  }
  if (const auto* remove = std::get_if<model::DeleteSecret>(&change.what)) {
    return remove->version.fields.secret;
  }
  if (const auto* purge = std::get_if<model::PurgeSecret>(&change.what)) return purge->secret;
  return std::nullopt;
}

// store_corrupt unless every commit above `from` still has its transactions.
auto changed_since(const ports::Reader& store, Height from, Height tip)
    -> Result<std::set<SecretId>> {
  std::set<SecretId> changed;
  Height reached = from;
  Result<void> read;
  TRY_DO(store.scan(Column::transactions, transaction_key(model::next(from), 0), {},
                    [&](ByteView key, ByteView value) {
                      read = [&]() -> Result<void> {
                        TRY(transaction, model::decode_transaction(value));
                        if (std::ranges::equal(key, transaction_key(model::next(reached), 0))) {
                          reached = model::next(reached);
                        }
                        for (const model::Change& change : transaction.fields.changes) {
                          if (const auto id = changed_secret(change)) changed.insert(*id);
                        }
                        return {};
                      }();
                      return read.has_value();
                    }));
  TRY_DO(std::move(read));
  if (reached != tip) return fail(Error::store_corrupt);
  return changed;
}

}  // namespace

// Everything the sealed pages tell, and of the rest what the secrets themselves do. Without usable
// pages that is everything.
auto DistributedVault::Impl::load_index(Unlocked& unlocked) const -> Result<void> {
  const Height tip = history_->tip().chain.height;
  auto loaded = unlocked.sealed.load(history_->store(), tip);
  auto changed = loaded ? changed_since(history_->store(), loaded->height, tip)
                        : Result<std::set<SecretId>>{fail(loaded.error())};
  if (!changed) return build_index(unlocked);
  std::vector<SummaryRef> summaries = std::move(loaded->summaries);
  std::erase_if(summaries, [&](const SummaryRef& one) { return changed->contains(one->id); });
  for (const SecretId& id : *changed) unlocked.sealed.note(id);
  std::set<SecretId> look_anew = *std::move(changed);
  look_anew.insert(loaded->look_anew.begin(), loaded->look_anew.end());
  const StoredState state{history_->store()};
  for (const SecretId& id : look_anew) {
    TRY(stored, vault::secret(state, id));
    if (stored) TRY_DO(summarise_stored(unlocked, *stored, summaries));
  }
  put_all(unlocked, std::move(summaries));
  return {};
}

auto DistributedVault::Impl::build_index(Unlocked& unlocked) const -> Result<void> {
  unlocked.sealed.forget();
  std::vector<SummaryRef> summaries;
  Result<void> read;
  const auto first = static_cast<std::uint8_t>(model::StateType::secret);
  TRY_DO(history_->store().scan(
      Column::state, Bytes{first}, Bytes{static_cast<std::uint8_t>(first + 1)},
      [&](ByteView, ByteView value) {
        read = model::decode_secret_state(value).and_then(
            [&](const SecretState& state) { return summarise_stored(unlocked, state, summaries); });
        return read.has_value();
      }));
  TRY_DO(std::move(read));
  put_all(unlocked, std::move(summaries));
  return {};
}

auto DistributedVault::Impl::summarise_stored(Unlocked& unlocked, const SecretState& state,
                                              std::vector<SummaryRef>& summaries) const
    -> Result<void> {
  if (state.versions.empty()) return {};
  ++unlocked.opened_for_index;
  TRY(summary, index_entry(unlocked, state));
  if (summary) summaries.push_back(std::make_shared<const Summary>(*std::move(summary)));
  return {};
}

// In committed order, so that the first of two equal labels is the first committed.
void DistributedVault::Impl::put_all(Unlocked& unlocked, std::vector<SummaryRef> summaries) {
  sort_as_committed(summaries);
  unlocked.index.reserve(summaries.size());
  for (SummaryRef& summary : summaries) unlocked.index.put(std::move(summary));
}

// Whatever prevents it (a full disk, a vault that is read-only), nothing is lost: what the column
// does not say is read anew when the vault is next unlocked.
void DistributedVault::Impl::save_index(Unlocked& unlocked, bool may_rewrite) {
  const Tip tip = history_->tip();
  if (tip.chain.height == Height{}) return;
  const auto write = [&](const ports::Batch& batch) { return history_->write_index(batch); };
  SealedIndex& sealed = unlocked.sealed;
  Result<void> saved;
  if (sealed.wants_rewrite(unlocked.index) && may_rewrite) {
    saved = sealed.rewrite(unlocked.index, history_->store(), tip.chain.height,
                           tip.chain.last_commit, write);
  } else {
    saved = sealed.save(unlocked.index, tip.chain.height, tip.chain.last_commit, write);
  }
  if (!saved) sealed.give_up();
}

}  // namespace holdfast::node
