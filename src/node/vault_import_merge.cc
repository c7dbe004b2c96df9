// vault_import_merge.cc: an imported entry meets the secret it was imported as before.
// The entry becomes a version beside the edits made here, with the import before it as its parent;
// the merge of both is the version after it. So the next import finds its ancestor in the history,
// and an import cut short between the two leaves two heads, which is an ordinary conflict.
#include <algorithm>

#include "node/import_mark.h"
#include "node/vault_impl.h"
#include "vault/version_dag.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using base::Result;
using model::ConflictSettings;
using model::VersionNode;
using Kind = WriteOperation::Kind;

namespace {

auto has_content(const VersionNode& node) -> bool {
  return node.kind == model::VersionKind::content && node.body == model::BodyState::present;
}

// Who imports with `merge` wants a merge, whatever the strategy; the rules of fields hold.
auto merging(const ConflictSettings& own, base::SecretMemory& memory) -> ConflictSettings {
  ConflictSettings settings{memory};
  for (const model::ConflictRule& rule : own.rules) {
    const auto* action = std::get_if<model::FieldAction>(&rule.action);
    if (action == nullptr) continue;
    model::ConflictRule copy{
        .id = rule.id,
        .priority = rule.priority,
        .condition = model::RuleCondition{memory},
        .action = model::FieldAction{.rule = action->rule, .separator = action->separator.clone()}};
    copy.condition.category = rule.condition.category;
    copy.condition.label = rule.condition.label.clone();
    copy.condition.tag = rule.condition.tag.clone();
    copy.condition.field = rule.condition.field.clone();
    copy.condition.type = rule.condition.type;
    copy.condition.author_role = rule.condition.author_role;
    settings.rules.push_back(std::move(copy));
  }
  return settings;
}

auto writes(Kind kind, const SecretId& id, std::optional<model::Secret> content) -> WriteOperation {
  return {.kind = kind, .secret_id = id, .category = {}, .secret = std::move(content)};
}

}  // namespace

auto DistributedVault::Impl::merge_entry(const SecretId& id,
                                         const formats::ImportedEntry& entry) const
    -> Detailed<std::vector<WriteOperation>> {
  return reading([&](const Unlocked& unlocked) -> Detailed<std::vector<WriteOperation>> {
    const StoredState state{history_->store()};
    TRY(stored, vault::secret(state, id));
    if (!stored) return fail(Error::unknown_secret);
    auto merged = merge_stored(unlocked, *stored, entry);
    if (!merged) return std::unexpected{base::Failure{merged.error()}};
    return *std::move(merged);
  });
}

auto DistributedVault::Impl::merge_stored(const Unlocked& unlocked,
                                          const model::SecretState& stored,
                                          const formats::ImportedEntry& entry) const
    -> Result<std::vector<WriteOperation>> {
  std::vector<WriteOperation> operations;
  TRY(view, view_of(unlocked, stored));
  std::optional<model::Secret> last;  // of what is deleted here
  if (!view) {
    const auto node =
        std::ranges::find_if(stored.versions.rbegin(), stored.versions.rend(), has_content);
    if (node == stored.versions.rend()) return fail(Error::unknown_secret);
    TRY(content, open_stored(unlocked, node->id));
    last = std::move(content);
  }
  const model::Secret& held = view ? view->content : *last;
  TRY(content, content_digest(entry.secret, ports_.plaintext));
  const ImportMark now{.content = content, .deleted = entry.deleted};
  const std::optional<ImportMark> before = import_mark(held, entry.secret);
  if (before == now) return operations;  // the file has not changed
  TRY(held_content, content_digest(held, ports_.plaintext));
  const bool same = held_content == content;
  const bool edited_here = before ? before->content != held_content : !same;

  const auto marked = [&](const model::Secret& from) {
    model::Secret copy = from.clone();
    set_import_mark(copy, entry.secret, now, ports_.plaintext);
    return copy;
  };
  if (!view) {  // deleted here: what the file changed since survives
    if (!entry.deleted && !(same && !before)) {
      operations.push_back(writes(Kind::restore, stored.id, marked(entry.secret)));
    }
  } else if (entry.deleted) {  // deleted there: what was edited here survives
    operations.push_back(edited_here ? writes(Kind::update, stored.id, marked(held))
                                     : writes(Kind::remove, stored.id, std::nullopt));
  } else if (same) {
    if (before) operations.push_back(writes(Kind::update, stored.id, marked(held)));
  } else if (!edited_here) {
    operations.push_back(writes(Kind::update, stored.id, marked(entry.secret)));
  } else {
    return merge_edited(unlocked, stored, *view, before ? &before->content : nullptr,
                        marked(entry.secret));
  }
  return operations;
}

auto DistributedVault::Impl::merge_edited(const Unlocked& unlocked,
                                          const model::SecretState& stored, const View& held,
                                          const crypto::Digest* imported_before,
                                          model::Secret imported) const
    -> Result<std::vector<WriteOperation>> {
  std::optional<model::Secret> before;
  std::optional<VersionId> parent;  // the import before this one; unknown: the oldest version
  for (auto node = stored.versions.rbegin(); node != stored.versions.rend() && !before; ++node) {
    if (!has_content(*node)) continue;
    parent = node->id;
    if (imported_before == nullptr) continue;
    TRY(content, open_stored(unlocked, node->id));
    TRY(digest, content_digest(content, ports_.plaintext));
    if (digest == *imported_before) before = std::move(content);
  }
  const model::TimeMs now = ports_.now();
  const VersionId shown = held.version.value_or(held.heads.back());
  vault::Conflict conflict{.secret = stored.id,
                           .category = stored.category,
                           .type = model::ConflictType::concurrent_update,
                           .heads = {},
                           .writer = header_.device};
  conflict.heads.push_back({.id = shown,
                            .secret = stored.id,
                            .place = std::pair{Height{0}, std::uint64_t{0}},
                            .committed = now,
                            .author = header_.device,
                            .content = &held.content});
  conflict.heads.push_back({.id = ports_.random<VersionId>(),  // its real one is not known yet
                            .secret = stored.id,
                            .place = {},
                            .committed = now,
                            .author = {},  // not this device: what the file says is remote
                            .content = &imported});
  if (before) {
    conflict.ancestor_id = parent;
    conflict.ancestor = &*before;
  }
  TRY(settled, vault::resolve(conflict, merging(*unlocked.settings, ports_.plaintext), nullptr,
                              ports_.plaintext));
  if (settled.open || !settled.content) return fail(Error::merge_too_large);
  model::Secret merge = *std::move(settled.content);
  if (const auto mark = import_mark(imported, imported)) {
    set_import_mark(merge, imported, *mark, ports_.plaintext);
  }
  std::vector<WriteOperation> operations;
  operations.push_back(writes(Kind::update, stored.id, std::move(imported)));
  operations.back().made_from = parent;
  operations.push_back(writes(Kind::merge, stored.id, std::move(merge)));
  return operations;
}

}  // namespace holdfast::node
