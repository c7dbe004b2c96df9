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

// Upper bound of one encoded change that carries a version.
auto size_of(const model::EncodedVersion& version) -> std::size_t {
  return version.bytes.size() + 16;
}

auto failure_of(const vault::Outcome& outcome) -> base::Failure {
  return {Error::rejected, std::string{base::error_text(outcome.reason)}};
}

}  // namespace

// What the operations of one transaction have made so far.
struct DistributedVault::Impl::Draft {
  struct Written {  // a secret this draft has touched
    CategoryId category;
    std::vector<VersionId> heads;
    bool exists = false;
    bool live = false;
  };

  Unlocked& unlocked;
  model::Transaction transaction;
  std::size_t bytes = 0;
  std::map<SecretId, Written> secrets;
  std::vector<WriteOperation*> operations;  // one a change, in order
  std::vector<VersionId> versions;          // likewise; zero where a change has none
};

auto DistributedVault::Impl::submit(WriteOperation operation) -> Detailed<Receipt> {
  std::unique_lock lock{queue_mutex_};
  if (queue_.size() >= kQueuedWritesMax) return fail(Error::busy);
  queue_.push_back(&operation);
  while (!operation.result) {
    if (leading_) {
      batch_done_.wait(lock);
      continue;
    }
    leading_ = true;  // one commits for all who wait; who comes meanwhile waits for the next batch
    lock.unlock();
    run_queue();
    lock.lock();
    leading_ = false;
    batch_done_.notify_all();
  }
  return *std::move(operation.result);
}

void DistributedVault::Impl::submit_all(std::span<WriteOperation* const> operations) {
  const std::scoped_lock writing{writer_};
  commit_operations(operations);
}

void DistributedVault::Impl::run_queue() {
  const std::scoped_lock writing{writer_};
  std::vector<WriteOperation*> batch;
  {
    const std::scoped_lock lock{queue_mutex_};
    const std::size_t count = std::min(queue_.size(), model::kChangesMax);
    batch.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  try {
    commit_operations(batch);
  } catch (const std::bad_alloc&) {  // protected memory ran out; who has no result yet is told
    for (WriteOperation* operation : batch) {
      if (!operation->result) operation->result = fail(Error::secret_memory_exhausted);
    }
  }
}

// Gives every operation its result. As many as fit share a transaction; if the rules refuse that
// transaction, each is tried alone, so that one bad change does not take others with it.
void DistributedVault::Impl::commit_operations(std::span<WriteOperation* const> operations) {
  std::size_t done = 0;
  std::size_t together = model::kChangesMax;
  while (done < operations.size()) {
    if (unlocked_ == nullptr) {  // only the writer changes it, and that is us
      for (WriteOperation* operation : operations.subspan(done)) {
        operation->result = fail(Error::vault_locked);
      }
      return;
    }
    Draft draft{
        .unlocked = *unlocked_, .transaction = {}, .secrets = {}, .operations = {}, .versions = {}};
    const StoredState state{ledger_->store()};
    const auto own = vault::author(state, header_.device);
    std::optional<base::Failure> failure;
    if (!own) {
      failure = base::Failure{own.error()};
    } else {
      draft.transaction = {.vault = header_.vault,
                           .author = header_.device,
                           .seq = model::next(own->last_seq),
                           .previous = own->last_tx,
                           .height_seen = ledger_->tip().solo.height,
                           .created = ports_.now(),
                           .changes = {}};
    }
    std::size_t taken = 0;
    for (WriteOperation* operation : operations.subspan(done)) {
      if (failure) {
        operation->result = std::unexpected{*failure};
        ++taken;
        continue;
      }
      if (draft.operations.size() >= together) break;
      auto fits = compose(draft, *operation);
      if (fits && !*fits) break;  // it opens the next transaction
      if (!fits) operation->result = std::unexpected{fits.error()};
      ++taken;
    }
    done += taken;
    if (draft.operations.empty()) continue;

    auto transaction = sign(draft);
    auto committed = transaction
                         ? ledger_->commit(std::span{&*transaction, 1})
                         : Detailed<Committed>{std::unexpected{base::Failure{transaction.error()}}};
    if (!committed) {
      for (WriteOperation* operation : draft.operations) {
        operation->result = std::unexpected{committed.error()};
      }
      continue;
    }
    const vault::Outcome& outcome = committed->outcomes.front();
    if (outcome.kind != model::OutcomeKind::applied) {
      if (draft.operations.size() > 1) {  // all or none: none
        done -= taken;
        together = 1;
        continue;
      }
      draft.operations.front()->result = std::unexpected{failure_of(outcome)};
      continue;
    }
    for (std::size_t i = 0; i < draft.operations.size(); ++i) {
      draft.operations[i]->result = Receipt{.secret = draft.operations[i]->secret_id,
                                            .version = draft.versions[i],
                                            .transaction = (*transaction)->id,
                                            .height = committed->height};
    }
    publish(draft);
  }
}

// False: no room left in this transaction.
auto DistributedVault::Impl::compose(Draft& draft, WriteOperation& operation) -> Detailed<bool> {
  auto composed = operation.kind == Kind::purge          ? compose_purge(draft, operation)
                  : operation.kind == Kind::add_category ? compose_category(draft, operation)
                                                         : compose_version(draft, operation);
  if (composed && *composed) draft.operations.push_back(&operation);
  return composed;
}

auto DistributedVault::Impl::compose_version(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{ledger_->store()};
  if (!draft.secrets.contains(operation.secret_id)) {
    TRY(stored, vault::secret(state, operation.secret_id));
    Draft::Written written;
    if (stored) {
      written = {.category = stored->category,
                 .heads = {},
                 .exists = true,
                 .live = vault::shown_head(*stored) != nullptr};
      for (const VersionNode* head : vault::heads(*stored)) written.heads.push_back(head->id);
    }
    draft.secrets[operation.secret_id] = std::move(written);
  }
  Draft::Written& secret = draft.secrets[operation.secret_id];
  const bool adds = operation.kind == Kind::add;
  if (!adds && !secret.live) return fail(Error::unknown_secret);
  if (operation.if_version && secret.heads != std::vector{*operation.if_version}) {
    return fail(Error::stale_version);
  }
  const CategoryId category = operation.category ? *operation.category
                              : adds             ? *draft.unlocked.root
                                                 : secret.category;
  TRY(category_state, vault::category(state, category));
  if (!category_state || category_state->deleted) return fail(Error::unknown_category);
  const vault::CategoryKey* key =
      draft.unlocked.keys->category_key(category, category_state->generation);
  if (key == nullptr) return fail(Error::not_permitted);

  const bool deletes = operation.kind == Kind::remove;
  model::Version version{.secret = operation.secret_id,
                         .category = category,
                         .generation = category_state->generation,
                         .parents = secret.heads,
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
  secret.heads = {encoded.id};
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

auto DistributedVault::Impl::compose_purge(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{ledger_->store()};
  TRY(stored, vault::secret(state, operation.secret_id));
  const bool touched = draft.secrets.contains(operation.secret_id);
  if (!stored && !touched) return fail(Error::unknown_secret);
  if (touched) {  // what this transaction wrote is purged by the next
    if (draft.operations.empty()) return fail(Error::unknown_secret);
    return false;
  }
  if (operation.if_version) {
    const auto heads = vault::heads(*stored);
    if (heads.size() != 1 || heads.front()->id != *operation.if_version) {
      return fail(Error::stale_version);
    }
  }
  draft.transaction.changes.push_back({model::PurgeSecret{operation.secret_id}});
  draft.versions.emplace_back();
  draft.secrets[operation.secret_id] = {};
  return true;
}

auto DistributedVault::Impl::compose_category(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{ledger_->store()};
  if (operation.category_name.empty() || operation.category_name.size() > model::kLabelBytesMax) {
    return fail(operation.category_name.empty() ? Error::empty_label : Error::too_long);
  }
  const std::optional<CategoryId> root = draft.unlocked.root;
  const std::optional<CategoryId> parent = operation.category ? operation.category : root;
  for (const auto& [id, other] : draft.unlocked.index.categories()) {
    const bool same = other.parent == parent && other.name.expose_text([&](std::string_view name) {
      return name == operation.category_name;
    });
    if (same) return fail(Error::category_exists);
  }
  TRY(own, vault::member(state, header_.device));
  if (!own || !own->record.wrap_key) return fail(Error::not_permitted);
  const vault::GenerationPlan plan{
      .vault = header_.vault,
      .category = operation.category_id,
      .generation = model::Generation{1},
      .previous = {},
      .reason = 0,
      .recipients = {{header_.device, own->record.wrap_key->number, own->record.wrap_key->key}}};
  const auto random = [&](std::span<std::uint8_t> out) { ports_.entropy.fill(out); };
  TRY(key, ports_.random_key<vault::CategoryKey>());
  TRY(generation, vault::start_generation(aead_, plan, key, nullptr, random, ports_.keys));
  const vault::CategoryKey* root_key =
      root ? draft.unlocked.keys->category_key(*root, model::Generation{1}) : &key;
  if (root_key == nullptr) return fail(Error::not_permitted);
  TRY(name, vault::seal_name(aead_, header_.vault, operation.category_id.view(),
                             operation.category_name, *root_key, ports_.random<crypto::Nonce>()));
  draft.transaction.changes.push_back({model::AddCategory{
      {operation.category_id, parent, std::move(name)}, std::move(generation)}});
  draft.versions.emplace_back();
  return true;
}

auto DistributedVault::Impl::sign(Draft& draft) -> Result<model::VerifiedTransaction> {
  TRY(body, model::encode_unsigned(draft.transaction));
  const auto random = ports_.random<base::FixedBytes<struct SigningRandomTag, 32>>();
  crypto::Signer& signer = draft.unlocked.keys->signer();
  TRY(signature, signer.sign(crypto::Purpose::transaction,
                             model::transaction_message(header_.vault, body), random.view()));
  // The own transaction takes the way of every other: through its bytes and both halves.
  TRY(decoded, model::decode_transaction(model::attach_signature(body, signature)));
  const Bytes message = decoded.signed_message;
  return crypto::verify(verifiers_, signer.public_key(), crypto::Purpose::transaction, message,
                        signature, std::move(decoded));
}

void DistributedVault::Impl::publish(Draft& draft) {
  const StoredState state{ledger_->store()};
  const std::unique_lock lock{mutex_};
  Unlocked& unlocked = draft.unlocked;
  for (std::size_t i = 0; i < draft.operations.size(); ++i) {
    WriteOperation& operation = *draft.operations[i];
    draft.unlocked.cache.invalidate(operation.secret_id);
    switch (operation.kind) {
      case Kind::add:
      case Kind::update: {
        const auto stored = vault::secret(state, operation.secret_id);
        const VersionNode* shown = stored && *stored ? vault::shown_head(**stored) : nullptr;
        if (shown != nullptr && shown->id == draft.versions[i]) {
          unlocked.index.put(summarise(**stored, *shown, *operation.secret, false));
        } else if (shown == nullptr && stored && *stored) {  // the same transaction deletes it
          if (const auto* node = vault::find_version(**stored, draft.versions[i])) {
            unlocked.index.put(summarise(**stored, *node, *operation.secret, true));
          }
        }
        break;
      }
      case Kind::remove:
        unlocked.index.mark_deleted(operation.secret_id);
        break;
      case Kind::purge:
        unlocked.index.remove(operation.secret_id);
        break;
      case Kind::add_category: {
        const auto& added = std::get<model::AddCategory>(draft.transaction.changes[i].what);
        CHECK(unlocked.keys->open(added.generation, header_.device).has_value());
        auto name = base::SecretBytes::copy_of(ports_.plaintext, operation.category_name);
        CHECK(name.has_value());
        unlocked.index.put_category({added.category.id, added.category.parent, *std::move(name)});
        if (!added.category.parent) unlocked.root = added.category.id;
        break;
      }
    }
  }
}

}  // namespace holdfast::node
