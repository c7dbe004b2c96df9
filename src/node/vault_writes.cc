#include <algorithm>
#include <new>

#include "node/vault_impl.h"
#include "vault/sealing.h"
#include "vault/version_dag.h"

namespace holdfast::node {

using base::Bytes;
using base::Error;
using base::fail;
using base::Result;
using model::VersionKind;
using model::VersionNode;
using Kind = WriteOperation::Kind;

namespace {

// Room for the envelope: everything of a transaction but its changes.
inline constexpr std::size_t kEnvelopeBytes = 16 << 10;
inline constexpr std::size_t kChangeBytesMax = model::kTransactionBytesMax - kEnvelopeBytes;

inline constexpr std::size_t kManyChanges = 64;

// Upper bound of one encoded change that carries a version.
auto size_of(const model::EncodedVersion& version) -> std::size_t {
  return version.bytes.size() + 16;
}

auto same_heads(std::vector<VersionId> a, std::vector<VersionId> b) -> bool {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

auto failure_of(const vault::Outcome& outcome) -> base::Failure {
  return {Error::rejected, std::string{base::error_text(outcome.reason)}};
}

}  // namespace

auto writes_content(Kind kind) -> bool {
  return kind == Kind::add || kind == Kind::update || kind == Kind::merge || kind == Kind::restore;
}
auto writes_version(Kind kind) -> bool { return writes_content(kind) || kind == Kind::remove; }

auto DistributedVault::Impl::submit(WriteOperation operation) -> Detailed<Receipt> {
  TRY(handle, batches_.submit(std::move(operation)));
  return handle.wait();
}

auto DistributedVault::Impl::both_stages() -> Turn {
  std::unique_lock composing{composing_};
  return {
      .composing = std::move(composing), .committing = std::unique_lock{committing_}, .next = {}};
}

void DistributedVault::Impl::submit_all(std::span<WriteOperation* const> operations,
                                        std::function<void()> begun) {
  Turn turn{.composing = std::unique_lock{composing_},
            .committing = std::unique_lock{committing_, std::defer_lock},
            .next = std::move(begun)};
  if (!turn.next) turn.committing.lock();
  commit_operations(operations, turn);
}

void DistributedVault::Impl::run_batch(std::span<WriteOperation* const> batch,
                                       const std::function<void()>& next) {
  {
    Turn turn{.composing = std::unique_lock{composing_},
              .committing = std::unique_lock{committing_, std::defer_lock},
              .next = next};
    commit_operations(batch, turn);
  }
  std::vector<SecretId> contested;
  {
    const std::shared_lock lock{mutex_};
    for (const WriteOperation* operation : batch) {
      if (unlocked_ == nullptr || operation->kind == Kind::add) continue;
      const SummaryRef summary = unlocked_->index.get(operation->secret_id);
      if (summary != nullptr && summary->conflict) contested.push_back(operation->secret_id);
    }
  }
  if (contested.empty()) return;
  Turn turn = both_stages();
  record_merges(contested, turn);
}

// Gives every operation its result. As many as fit share a transaction; if the rules refuse that
// transaction, each is tried alone, so that one bad change does not take others with it.
void DistributedVault::Impl::commit_operations(std::span<WriteOperation* const> operations,
                                               Turn& turn) {
  std::size_t together = model::kChangesMax;
  while (!operations.empty()) {
    if (!turn.composing.owns_lock()) turn.composing.lock();
    if (unlocked_ == nullptr) {
      for (WriteOperation* operation : operations) operation->result = fail(Error::vault_locked);
      return;
    }
    if (turn.committing.owns_lock()) ahead_ = nullptr;  // and nobody else commits
    Draft draft{.unlocked = *unlocked_,
                .ahead = ahead_,
                .transaction = {},
                .secrets = {},
                .categories = {},
                .operations = {},
                .versions = {}};
    const std::size_t taken = compose_some(draft, operations, together);
    auto transaction = draft.operations.empty() ? fail(Error::rejected) : sign(draft);
    if (!turn.committing.owns_lock()) turn.committing.lock();
    if (taken == 0 || (draft.ahead != nullptr && !draft.ahead->applied)) {
      // Composed too early, or upon what never came to be: once more, with nothing under way.
      for (WriteOperation* operation : operations.first(taken)) operation->result.reset();
      continue;
    }
    const auto rest = operations.subspan(taken);
    if (draft.operations.empty()) {  // whoever could not be composed has been told
      operations = rest;
      continue;
    }
    ahead_ = nullptr;
    std::shared_ptr<Ahead> ahead;
    if (turn.next && rest.empty() && transaction && draft.only_versions) {
      ahead = std::make_shared<Ahead>(draft.transaction.seq, transaction->id, draft.secrets);
      ahead_ = ahead;
      turn.composing.unlock();
      std::exchange(turn.next, nullptr)();
    }
    const TxId id = transaction ? transaction->id : TxId{};
    const auto committed = transaction ? history_->commit(*std::move(transaction))
                                       : Detailed<Committed>{fail(transaction.error())};
    if (ahead != nullptr && committed) {
      ahead->applied = committed->outcome.kind == model::OutcomeKind::applied;
    }
    if (finish(draft, id, committed)) {
      operations = rest;
    } else {
      together = 1;
      if (!turn.composing.owns_lock()) turn.committing.unlock();  // locked anew, in their order
    }
  }
}

// The head of the transaction: the next of its author.
auto DistributedVault::Impl::start(Draft& draft) const -> Result<void> {
  model::Transaction& transaction = draft.transaction;
  transaction = {.vault = header_.vault,
                 .author = header_.device,
                 .seq = {},
                 .previous = {},
                 .height_seen = history_->tip().chain.height,
                 .created = ports_.now(),
                 .changes = {}};
  if (draft.ahead != nullptr) {
    transaction.seq = model::next(draft.ahead->seq);
    transaction.previous = draft.ahead->id;
    return {};
  }
  const StoredState state{history_->store()};
  TRY(own, vault::author(state, header_.device));
  transaction.seq = model::next(own.last_seq);
  transaction.previous = own.last_tx;
  return {};
}

// Tells how many it has looked at; those that cannot be composed have their result. Nothing but
// versions is composed upon a transaction under way.
auto DistributedVault::Impl::compose_some(Draft& draft, std::span<WriteOperation* const> operations,
                                          std::size_t together) -> std::size_t {
  const auto started = start(draft);
  std::size_t taken = 0;
  for (WriteOperation* operation : operations) {
    if (!started) {
      operation->result = fail(started.error());
      ++taken;
      continue;
    }
    const bool is_version = writes_version(operation->kind);
    if (draft.operations.size() >= together || (draft.ahead != nullptr && !is_version)) break;
    const auto fits = compose(draft, *operation);
    if (fits && !*fits) break;  // it opens the next transaction
    if (!fits) operation->result = std::unexpected{fits.error()};
    draft.only_versions = draft.only_versions && is_version;
    ++taken;
  }
  return taken;
}

// The operations' results. False: the rules refuse them together, so each is to be tried alone.
auto DistributedVault::Impl::finish(Draft& draft, const TxId& id,
                                    const Detailed<Committed>& committed) -> bool {
  if (!committed) {
    for (WriteOperation* operation : draft.operations) {
      operation->result = std::unexpected{committed.error()};
    }
    return true;
  }
  const vault::Outcome& outcome = committed->outcome;
  if (outcome.kind != model::OutcomeKind::applied) {
    if (draft.operations.size() > 1) return false;  // all or none: none
    draft.operations.front()->result = std::unexpected{failure_of(outcome)};
    return true;
  }
  for (std::size_t i = 0; i < draft.operations.size(); ++i) {
    draft.operations[i]->result = Receipt{.secret = draft.operations[i]->secret_id,
                                          .version = draft.versions[i],
                                          .transaction = id,
                                          .height = committed->height};
  }
  publish(draft, committed->height);
  if (unlocked_->sealed.is_due()) save_index(*unlocked_, true);
  return true;
}

// False: no room left in this transaction.
auto DistributedVault::Impl::compose(Draft& draft, WriteOperation& operation) -> Detailed<bool> {
  Detailed<bool> composed;
  switch (operation.kind) {
    case Kind::add:
    case Kind::update:
    case Kind::merge:
    case Kind::restore:
    case Kind::remove:
      composed = compose_version(draft, operation);
      break;
    case Kind::purge:
      composed = compose_purge(draft, operation);
      break;
    case Kind::add_category:
      composed = compose_category(draft, operation);
      break;
    case Kind::rename_category:
    case Kind::move_category:
    case Kind::delete_category:
      composed = compose_category_change(draft, operation);
      break;
    case Kind::set_settings:
    case Kind::set_retention:
      composed = compose_settings(draft, operation);
      break;
  }
  if (composed && *composed) draft.operations.push_back(&operation);
  return composed;
}

// The secret as it is for this draft, before its first change.
auto DistributedVault::Impl::written_before(const Draft& draft,
                                            const WriteOperation& operation) const
    -> Result<Written> {
  if (operation.kind == Kind::add) return Written{};  // its id is random, and `apply` would say so
  if (draft.ahead != nullptr) {
    const auto found = draft.ahead->secrets.find(operation.secret_id);
    if (found != draft.ahead->secrets.end()) return found->second;
  }
  const StoredState state{history_->store()};
  TRY(stored, vault::secret(state, operation.secret_id));
  if (!stored) return Written{};
  Written written{.category = stored->category,
                  .heads = {},
                  .exists = true,
                  .live = vault::shown_head(*stored) != nullptr};
  for (const VersionNode* head : vault::heads(*stored)) written.heads.push_back(head->id);
  return written;
}

auto DistributedVault::Impl::compose_version(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  if (!draft.secrets.contains(operation.secret_id)) {
    TRY(written, written_before(draft, operation));
    draft.secrets.emplace(operation.secret_id, std::move(written));
  }
  Written& secret = draft.secrets[operation.secret_id];
  const bool adds = operation.kind == Kind::add;
  // Who edits a version that was deleted meanwhile brings it back: the edit survives.
  const bool brings_back =
      operation.kind == Kind::restore || operation.made_from || !operation.made_after.empty();
  const bool there = brings_back ? secret.exists : secret.live;
  if (!adds && !there) return fail(Error::unknown_secret);
  if (operation.if_heads && !same_heads(secret.heads, *operation.if_heads)) {
    return fail(Error::stale_version);
  }
  TRY(parents, parents_of(draft, operation, secret));
  const CategoryId category = operation.category ? *operation.category
                              : adds             ? *draft.unlocked.root
                                                 : secret.category;
  TRY(category_state, category_of(draft, category));
  if (category_state == nullptr || category_state->deleted) return fail(Error::unknown_category);
  const vault::CategoryKey* key =
      draft.unlocked.keys->category_key(category, category_state->generation);
  if (key == nullptr) return fail(Error::not_permitted);

  const bool deletes = operation.kind == Kind::remove;
  model::Version version{.secret = operation.secret_id,
                         .category = category,
                         .generation = category_state->generation,
                         .parents = parents,
                         .replaces = {},
                         .author = header_.device,
                         .author_seq = draft.transaction.seq,
                         .index = draft.transaction.changes.size(),
                         .kind = deletes ? VersionKind::tombstone : VersionKind::content,
                         .wrapped_key = {},
                         .commitment = {},
                         .nonce = ports_.random<crypto::Nonce>(),
                         .sealed = {}};
  std::ranges::sort(version.parents);
  if (version.parents.size() > model::kParentsMax) version.parents.resize(model::kParentsMax);
  model::EncodedVersion encoded;
  if (deletes) {
    encoded = model::encode(version);
  } else {
    if (operation.secret->created == model::TimeMs{})
      operation.secret->created = draft.transaction.created;
    if (operation.secret->modified == model::TimeMs{})
      operation.secret->modified = draft.transaction.created;
    TRY(entry_key, ports_.random_key<vault::EntryKey>());
    const crypto::Nonce nonce = version.nonce;
    TRY(sealed, vault::seal_version(aead_, header_.vault, std::move(version), *operation.secret,
                                    *key, entry_key, nonce, ports_.plaintext));
    encoded = std::move(sealed);
  }
  if (draft.bytes + size_of(encoded) > kChangeBytesMax) {
    if (draft.operations.empty()) return fail(Error::too_long);
    return false;
  }
  draft.bytes += size_of(encoded);
  draft.versions.push_back(encoded.id);
  std::erase_if(secret.heads, [&](const VersionId& head) {
    return std::ranges::find(parents, head) != parents.end();
  });
  secret.heads.push_back(encoded.id);
  secret.exists = true;
  secret.live = !deletes;
  secret.category = category;
  if (adds) {
    draft.transaction.changes.push_back({model::AddSecret{std::move(encoded)}});
  } else if (deletes) {
    draft.transaction.changes.push_back({model::DeleteSecret{std::move(encoded)}});
  } else {
    draft.transaction.changes.push_back({model::UpdateSecret{std::move(encoded)}});
  }
  return true;
}

auto DistributedVault::Impl::parents_of(const Draft& draft, const WriteOperation& operation,
                                        const Written& secret) -> Detailed<std::vector<VersionId>> {
  if (operation.made_from) return std::vector{*operation.made_from};
  if (operation.made_after.empty()) return secret.heads;
  std::vector<VersionId> parents;
  for (const WriteOperation* before : operation.made_after) {
    const auto place = std::ranges::find(draft.operations, before);
    if (place != draft.operations.end()) {
      parents.push_back(draft.versions[static_cast<std::size_t>(place - draft.operations.begin())]);
    } else if (before->result && *before->result) {
      parents.push_back((*before->result)->version);
    } else {
      return fail(Error::rejected);
    }
  }
  return parents;
}

// Read once a draft; null: there is none.
auto DistributedVault::Impl::category_of(Draft& draft, const CategoryId& id) const
    -> Result<const model::CategoryState*> {
  auto known = draft.categories.find(id);
  if (known == draft.categories.end()) {
    const StoredState state{history_->store()};
    TRY(found, vault::category(state, id));
    known = draft.categories.emplace(id, std::move(found)).first;
  }
  return known->second ? &*known->second : nullptr;
}

auto DistributedVault::Impl::compose_purge(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{history_->store()};
  TRY(stored, vault::secret(state, operation.secret_id));
  const bool touched = draft.secrets.contains(operation.secret_id);
  if (!stored && !touched) return fail(Error::unknown_secret);
  if (touched) {  // what this transaction wrote is purged by the next
    if (draft.operations.empty()) return fail(Error::unknown_secret);
    return false;
  }
  if (operation.if_heads) {
    std::vector<VersionId> heads;
    for (const VersionNode* head : vault::heads(*stored)) heads.push_back(head->id);
    if (!same_heads(heads, *operation.if_heads)) return fail(Error::stale_version);
  }
  draft.transaction.changes.push_back({model::PurgeSecret{operation.secret_id}});
  draft.versions.emplace_back();
  draft.secrets[operation.secret_id] = {};
  return true;
}

auto DistributedVault::Impl::sign(Draft& draft) -> Result<model::SignedTransaction> {
  TRY(body, model::encode_unsigned(draft.transaction));
  const auto random = ports_.random<base::FixedBytes<struct SigningRandomTag, 32>>();
  TRY(signature, draft.unlocked.keys->signer().sign(crypto::Purpose::transaction,
                                                    model::transaction_message(header_.vault, body),
                                                    random.view()));
  // The own transaction takes the way of every other: through its bytes and both halves.
  return model::decode_transaction(model::attach_signature(body, signature));
}

// The state has changed; the index and the caches follow. A secret that cannot be read any more is
// a damaged store, which the next read of it will say.
void DistributedVault::Impl::publish(Draft& draft, Height height) {
  Unlocked& unlocked = draft.unlocked;
  unlocked.sealed.note_commit();
  const std::unique_lock lock{mutex_};
  if (draft.operations.size() > kManyChanges) unlocked.index.forget_queries();
  for (std::size_t i = 0; i < draft.operations.size(); ++i) {
    WriteOperation& operation = *draft.operations[i];
    if (operation.kind == Kind::remove || operation.kind == Kind::purge ||
        writes_content(operation.kind)) {
      unlocked.sealed.note(operation.secret_id);
      unlocked.nodes.invalidate(operation.secret_id);
      unlocked.views.invalidate(operation.secret_id);
      publish_secret(draft, operation, draft.versions[i], height);
    } else {
      publish_organised(unlocked, operation, draft.transaction.changes[i]);
    }
  }
}

void DistributedVault::Impl::publish_secret(Draft& draft, const WriteOperation& operation,
                                            const VersionId& version, Height height) {
  Unlocked& unlocked = draft.unlocked;
  const Written& written = draft.secrets.at(operation.secret_id);
  // Usually what was just written is what is shown, and it is at hand.
  const SummaryRef old = unlocked.index.get(operation.secret_id);
  const bool is_new = operation.kind == Kind::add;
  if (operation.secret && written.heads.size() == 1 && written.heads.front() == version &&
      (is_new || old != nullptr)) {
    const CommitPlace added =
        old != nullptr ? CommitPlace{old->added, old->added_index} : CommitPlace{height, 0};
    unlocked.index.put(
        summarise(operation.secret_id, written.category, version, *operation.secret, added));
    return;
  }
  const StoredState state{history_->store()};
  const auto stored = vault::secret(state, operation.secret_id);
  if (!stored || !*stored) return;
  auto summary = index_entry(unlocked, **stored);
  if (!summary) return;
  if (*summary) {
    unlocked.index.put(**std::move(summary));
  } else {
    unlocked.index.remove(operation.secret_id);
  }
}

}  // namespace holdfast::node
