// vault_conflicts.cc: restoring versions, settling conflicts, and the settings that say how.
#include <algorithm>

#include "crypto/equal.h"
#include "node/vault_impl.h"
#include "vault/sealing.h"
#include "vault/version_dag.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using base::Result;
using model::ConflictSettings;
using model::VersionKind;
using model::VersionNode;
using Kind = WriteOperation::Kind;

namespace {

// Names settings among what is sealed under the root category's key; ids are longer.
constexpr std::string_view kSettingsOwner = "settings";

auto ascending(std::vector<VersionId> ids) -> std::vector<VersionId> {
  std::ranges::sort(ids);
  return ids;
}

auto ids_of(const std::vector<const VersionNode*>& heads) -> std::vector<VersionId> {
  std::vector<VersionId> ids;
  for (const VersionNode* head : heads) ids.push_back(head->id);
  return ids;
}

// A merge by the user's own rules, whatever the vault's strategy is.
auto settings_of(const ConflictChoice& choice, base::SecretMemory& memory)
    -> Result<ConflictSettings> {
  ConflictSettings settings{memory};
  std::uint8_t number = 0;
  for (const auto& [field, rule] : choice.fields) {
    if (settings.rules.size() == model::kConflictRulesMax) return fail(Error::too_long);
    model::ConflictRule own{
        .id = {},
        .condition = model::RuleCondition{memory},
        .action = model::FieldAction{.rule = rule, .separator = base::SecretBytes{memory}}};
    own.id.bytes.back() = number++;
    TRY(name, base::SecretBytes::copy_of(memory, field));
    own.condition.field = std::move(name);
    settings.rules.push_back(std::move(own));
  }
  return settings;
}

}  // namespace

auto DistributedVault::Impl::load_settings(const Unlocked& unlocked) const
    -> Result<std::shared_ptr<const ConflictSettings>> {
  const StoredState state{history_->store()};
  TRY(sealed, state.get(vault::settings_key()));
  if (!sealed) return std::make_shared<const ConflictSettings>(ports_.plaintext);
  const vault::CategoryKey* key =
      unlocked.root ? unlocked.keys->category_key(*unlocked.root, model::Generation{1}) : nullptr;
  if (key == nullptr) return fail(Error::store_corrupt);
  TRY(open, vault::open_name(worker_aead(), header_.vault, base::view_of(kSettingsOwner), *sealed,
                             *key, ports_.plaintext));
  TRY(settings, open.expose([&](base::ByteView encoded) {
    return model::decode_conflict_settings(encoded, ports_.plaintext);
  }));
  return std::make_shared<const ConflictSettings>(std::move(settings));
}

auto DistributedVault::Impl::settings() const -> Detailed<std::shared_ptr<const ConflictSettings>> {
  return reading([](const Unlocked& unlocked) -> Detailed<std::shared_ptr<const ConflictSettings>> {
    return unlocked.settings;
  });
}

void DistributedVault::Impl::set_resolvers(FindResolver find) {
  const Turn writing = both_stages();
  const std::unique_lock lock{mutex_};
  find_resolver_ = std::move(find);
}

auto usual_merge(const Conflict& conflict, base::SecretMemory& memory) -> Result<model::Secret> {
  TRY(settled, vault::resolve(conflict, ConflictSettings{memory}, nullptr, memory));
  if (settled.open || !settled.content) return fail(Error::merge_too_large);
  return *std::move(settled.content);
}

auto DistributedVault::Impl::retention() const -> Detailed<model::Retention> {
  const StoredState state{history_->store()};
  TRY(chain, vault::chain(state));
  return chain.retention;
}

auto DistributedVault::Impl::set_settings(const ConflictSettings& settings) -> Detailed<void> {
  TRY(encoded, model::encode(settings, ports_.plaintext));
  TRY_DO(submit({.kind = Kind::set_settings,
                 .secret_id = {},
                 .category = {},
                 .secret = {},
                 .settings = &encoded}));
  std::vector<SecretId> waiting;  // the new settings may settle what the old ones left open
  TRY_DO(reading([&](const Unlocked& unlocked) -> Detailed<void> {
    for (const SummaryRef& summary : unlocked.index.in_order()) {
      if (summary != nullptr && summary->conflict) waiting.push_back(summary->id);
    }
    return {};
  }));
  Turn turn = both_stages();
  record_merges(waiting, turn);
  return {};
}

auto DistributedVault::Impl::compose_settings(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  if (operation.kind == Kind::set_retention) {
    draft.transaction.changes.push_back({model::SetRetention{operation.retention}});
  } else {
    const std::optional<CategoryId>& root = draft.unlocked.root;
    const vault::CategoryKey* key =
        root ? draft.unlocked.keys->category_key(*root, model::Generation{1}) : nullptr;
    if (key == nullptr) return fail(Error::not_permitted);
    TRY(sealed, operation.settings->expose_text([&](std::string_view text) {
      return vault::seal_name(aead_, header_.vault, base::view_of(kSettingsOwner), text, *key,
                              ports_.random<crypto::Nonce>());
    }));
    draft.transaction.changes.push_back({model::SetStrategy{std::move(sealed)}});
  }
  draft.versions.emplace_back();
  return true;
}

// Nothing: no conflict any more, or one that waits for somebody.
auto DistributedVault::Impl::merge_operation(const Unlocked& unlocked, const SecretId& id) const
    -> Result<std::optional<WriteOperation>> {
  const StoredState state{history_->store()};
  TRY(stored, vault::secret(state, id));
  if (!stored) return std::nullopt;
  const auto heads = vault::heads(*stored);
  if (heads.size() < 2) return std::nullopt;
  TRY(settled, settle(unlocked, *stored, heads, *unlocked.settings, true));
  if (settled.open || !settled.content) return std::nullopt;
  return WriteOperation{.kind = Kind::merge,
                        .secret_id = id,
                        .category = {},
                        .secret = std::move(settled.content),
                        .if_heads = std::move(settled.heads)};
}

void DistributedVault::Impl::record_merges(std::span<const SecretId> touched, Turn& turn) {
  if (unlocked_ == nullptr) return;  // only the writer changes it, and that is us
  std::vector<WriteOperation> merges;
  for (const SecretId& id : touched) {
    const SummaryRef summary = unlocked_->index.get(id);
    if (summary == nullptr || !summary->conflict) continue;
    auto merge = merge_operation(*unlocked_, id);
    // What cannot be merged now stays a conflict that `conflicts` shows.
    if (merge && *merge) merges.push_back(**std::move(merge));
  }
  if (merges.empty()) return;
  std::vector<WriteOperation*> operations;
  for (WriteOperation& merge : merges) operations.push_back(&merge);
  commit_operations(operations, turn);
}

auto DistributedVault::Impl::restore(const SecretId& id, const std::optional<VersionId>& version,
                                     std::optional<std::vector<VersionId>> if_heads)
    -> Detailed<Receipt> {
  std::optional<VersionId> from = version;
  if (!from) {  // the last content of what is deleted
    TRY(found, reading([&](const Unlocked& unlocked) -> Detailed<VersionId> {
          const SummaryRef summary = unlocked.index.get(id);
          if (summary == nullptr) return fail(Error::unknown_secret);
          if (!summary->deleted) return fail(Error::version_to_restore_needed);
          return summary->version;
        }));
    from = found;
  }
  TRY(old, get_version(id, *from));
  old.secret.modified = ports_.now();
  return submit({.kind = Kind::restore,
                 .secret_id = id,
                 .category = {},
                 .secret = std::move(old.secret),
                 .if_heads = std::move(if_heads)});
}

auto DistributedVault::Impl::resolve(const SecretId& id, const ConflictChoice& choice)
    -> Detailed<Receipt> {
  struct Plan {
    std::optional<WriteOperation> merge;
    bool duplicates = false;
  };
  TRY(plan, reading([&](const Unlocked& unlocked) -> Detailed<Plan> {
        const StoredState state{history_->store()};
        TRY(stored, vault::secret(state, id));
        if (!stored) return fail(Error::unknown_secret);
        const auto heads = vault::heads(*stored);
        if (heads.size() < 2) {
          const SummaryRef summary = unlocked.index.get(id);
          if (summary != nullptr && summary->duplicate_label) {
            return Plan{.merge = {}, .duplicates = true};
          }
          return fail(Error::no_conflict);
        }
        std::vector<VersionId> ids = ascending(ids_of(heads));
        if (choice.if_heads && ascending(*choice.if_heads) != ids)
          return fail(Error::stale_version);
        if (choice.head && !std::ranges::binary_search(ids, *choice.head)) {
          return fail(Error::unknown_version);
        }
        std::optional<model::Secret> content;
        if (choice.head) {
          const VersionNode* head = vault::find_version(*stored, *choice.head);
          if (head->kind == VersionKind::tombstone) {
            return Plan{.merge = WriteOperation{.kind = Kind::remove,
                                                .secret_id = id,
                                                .category = {},
                                                .secret = {},
                                                .if_heads = std::move(ids)}};
          }
          TRY(opened, open_stored(unlocked, *choice.head));
          content = std::move(opened);
        } else {
          TRY(settings, settings_of(choice, ports_.plaintext));
          TRY(settled, settle(unlocked, *stored, heads, settings, true));
          if (settled.open) return fail(Error::merge_too_large);
          content = std::move(settled.content);
        }
        if (!content) return fail(Error::no_conflict);
        return Plan{.merge = WriteOperation{.kind = Kind::merge,
                                            .secret_id = id,
                                            .category = {},
                                            .secret = std::move(content),
                                            .if_heads = std::move(ids)}};
      }));
  if (plan.duplicates) return merge_duplicates(id, choice);
  return submit(*std::move(plan.merge));
}

// Secrets of one category and label become one: this one takes what the others say, they are
// deleted, all in one transaction. Their own versions stay in their histories.
auto DistributedVault::Impl::merge_duplicates(const SecretId& id, const ConflictChoice& choice)
    -> Detailed<Receipt> {
  std::vector<SecretId> all{id};
  std::vector<WriteOperation> operations;
  TRY_DO(reading([&](const Unlocked& unlocked) -> Detailed<void> {
    const SummaryRef own = unlocked.index.get(id);
    if (own == nullptr || own->deleted) return fail(Error::unknown_secret);
    for (const SummaryRef& other : unlocked.index.in_order()) {
      if (other == nullptr || other->deleted || other->id == id) continue;
      if (other->category == own->category && crypto::equal(other->label, own->label)) {
        all.push_back(other->id);
      }
    }
    return {};
  }));
  if (all.size() < 2) return fail(Error::no_conflict);
  if (all.size() > model::kParentsMax) return fail(Error::too_many_duplicates);
  std::vector<Entry> entries;
  for (const SecretId& each : all) {
    TRY(entry, get(each));
    entries.push_back(std::move(entry));
  }
  TRY(settings, settings_of(choice, ports_.plaintext));
  vault::Conflict conflict{.secret = id,
                           .category = entries.front().category,
                           .type = model::ConflictType::duplicate_label,
                           .heads = {},
                           .writer = header_.device};
  for (const Entry& entry : entries) {  // heads of different secrets, merged by the user's own word
    if (choice.head && entry.version != *choice.head) continue;
    conflict.heads.push_back({.id = entry.version,
                              .secret = id,
                              .place = std::pair{entry.height.value_or(Height{0}), 0U},
                              .committed = entry.secret.modified,
                              .author = header_.device,
                              .content = &entry.secret});
  }
  if (conflict.heads.empty()) return fail(Error::unknown_version);
  std::optional<model::Secret> content;
  if (conflict.heads.size() == 1) {
    content = conflict.heads.front().content->clone();
  } else {
    TRY(settled, vault::resolve(conflict, settings, nullptr, ports_.plaintext));
    if (settled.open) return fail(Error::merge_too_large);
    content = std::move(settled.content);
  }
  operations.push_back({.kind = Kind::update,
                        .secret_id = id,
                        .category = {},
                        .secret = std::move(content),
                        .if_heads = entries.front().heads});
  for (std::size_t i = 1; i < entries.size(); ++i) {
    operations.push_back({.kind = Kind::remove,
                          .secret_id = entries[i].id,
                          .category = {},
                          .secret = {},
                          .if_heads = entries[i].heads});
  }
  std::vector<WriteOperation*> pointers;
  for (WriteOperation& operation : operations) pointers.push_back(&operation);
  submit_all(pointers);
  for (const WriteOperation& operation : operations) {
    if (!*operation.result) return std::unexpected{operation.result->error()};
  }
  return *std::move(operations.front().result);
}

}  // namespace holdfast::node
