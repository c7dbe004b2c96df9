// vault_views.cc: what readers see of secrets, their histories and their conflicts.
#include <algorithm>

#include "node/vault_impl.h"
#include "vault/roles.h"
#include "vault/sealing.h"
#include "vault/version_dag.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using base::Result;
using model::BodyState;
using model::SecretState;
using model::VersionKind;
using model::VersionNode;
using Heads = std::vector<const VersionNode*>;

namespace {

auto has_content(const VersionNode& node) -> bool {
  return node.kind == VersionKind::content && node.body == BodyState::present;
}

auto ids_of(const Heads& heads) -> std::vector<VersionId> {
  std::vector<VersionId> ids;
  ids.reserve(heads.size());
  for (const VersionNode* head : heads) ids.push_back(head->id);
  return ids;
}

// Of a deleted secret: the last content there is.
auto last_content(const SecretState& state) -> const VersionNode* {
  const VersionNode* last = nullptr;
  for (const VersionNode& node : state.versions) {
    if (has_content(node)) last = &node;
  }
  return last;
}

// The versions that the last merge of this secret joined; empty: it was never merged.
auto last_merged(const SecretState& state) -> Heads {
  for (auto node = state.versions.rbegin(); node != state.versions.rend(); ++node) {
    if (node->parents.size() < 2) continue;
    Heads joined;
    for (const VersionId& parent : node->parents) {
      const VersionNode* found = vault::find_version(state, parent);
      const bool readable = found != nullptr && found->body == BodyState::present;
      if (readable) joined.push_back(found);
    }
    if (joined.size() >= 2) return joined;
  }
  return {};
}

}  // namespace

auto DistributedVault::Impl::open_stored(const Unlocked& unlocked, const VersionId& id) const
    -> Result<model::Secret> {
  TRY(body, history_->store().get(ports::Column::versions, id.view()));
  if (!body) return fail(Error::store_corrupt);
  TRY(version, model::decode_version(*body));
  if (version.id != id) return fail(Error::store_corrupt);
  return open_version(unlocked, version.fields);
}

auto DistributedVault::Impl::settle(const Unlocked& unlocked, const SecretState& state,
                                    const Heads& heads, const model::ConflictSettings& settings,
                                    bool writing) const -> Result<vault::Resolution> {
  const StoredState stored{history_->store()};
  vault::Conflict conflict{.secret = state.id,
                           .category = state.category,
                           .type = vault::conflict_type(heads).value(),
                           .heads = {}};
  if (writing) conflict.writer = header_.device;
  std::vector<std::unique_ptr<model::Secret>> contents;
  for (const VersionNode* node : heads) {
    vault::Head head{.id = node->id,
                     .secret = state.id,
                     .place = std::pair{node->height, node->index},
                     .committed = node->committed,
                     .author = node->author};
    TRY(author, vault::member(stored, node->author));
    if (author) head.author_role = author->record.role;
    if (has_content(*node)) {
      TRY(content, open_stored(unlocked, node->id));
      contents.push_back(std::make_unique<model::Secret>(std::move(content)));
      head.content = contents.back().get();
    }
    conflict.heads.push_back(head);
  }
  std::optional<model::Secret> before;
  if (const VersionNode* ancestor = vault::common_ancestor(state, heads)) {
    TRY(content, open_stored(unlocked, ancestor->id));
    before = std::move(content);
    conflict.ancestor_id = ancestor->id;
    conflict.ancestor = &*before;
  }
  std::shared_ptr<const ConflictResolver> custom;
  if (writing && !settings.resolver.empty() && find_resolver_) {
    custom = settings.resolver.expose_text(find_resolver_);
  }
  return vault::resolve(conflict, settings, custom.get(), ports_.plaintext);
}

auto DistributedVault::Impl::view_of(const Unlocked& unlocked, const SecretState& state) const
    -> Result<std::optional<View>> {
  const Heads heads = vault::heads(state);
  if (std::ranges::none_of(heads, [](const auto* head) { return has_content(*head); })) {
    return std::nullopt;
  }
  if (heads.size() == 1) {
    TRY(content, open_stored(unlocked, heads.front()->id));
    return View{.content = std::move(content),
                .version = heads.front()->id,
                .heads = ids_of(heads),
                .resolution = {}};
  }
  TRY(settled, settle(unlocked, state, heads, *unlocked.settings, false));
  CHECK(settled.content.has_value());  // one of the heads has content
  View view{.content = *std::exchange(settled.content, std::nullopt),
            .version = settled.shown,
            .heads = ids_of(heads),
            .resolution = {}};
  view.resolution = std::move(settled);
  return view;
}

auto DistributedVault::Impl::index_entry(const Unlocked& unlocked, const SecretState& state) const
    -> Result<std::optional<Summary>> {
  TRY(view, view_of(unlocked, state));
  const CommitPlace added{state.versions.front().height, state.versions.front().index};
  if (view) {
    Summary summary = summarise(state.id, state.category,
                                view->version.value_or(view->heads.back()), view->content, added);
    summary.several_heads = view->heads.size() > 1;
    summary.conflict = view->resolution && view->resolution->differs;
    return summary;
  }
  const VersionNode* last = last_content(state);
  if (last == nullptr) return std::nullopt;  // purged
  TRY(content, open_stored(unlocked, last->id));
  Summary summary = summarise(state.id, state.category, last->id, content, added);
  summary.deleted = true;
  return summary;
}

auto DistributedVault::Impl::get(const SecretId& id) const -> Detailed<Entry> {
  return reading([&](const Unlocked& unlocked) -> Detailed<Entry> {
    TRY(version, load_version(unlocked, id));
    if (version != nullptr) {
      auto secret = vault::open_version(worker_aead(), header_.vault, version->version,
                                        version->key, ports_.plaintext);
      if (!secret) return fail(secret.error(), "sec_" + id.hex());
      return Entry{.id = id,
                   .category = version->category,
                   .version = version->id,
                   .heads = {version->id},
                   .transaction = version->transaction,
                   .height = version->height,
                   .secret = *std::move(secret)};
    }
    TRY(held, load_view(unlocked, id));
    return Entry{.id = id,
                 .category = held->category,
                 .version = held->shown,
                 .heads = held->view.heads,
                 .transaction = held->transaction,
                 .height = held->height,
                 .conflict = held->view.resolution && held->view.resolution->differs,
                 .secret = held->view.content.clone()};
  });
}

auto DistributedVault::Impl::load_view(const Unlocked& unlocked, const SecretId& id) const
    -> Detailed<CachedViewRef> {
  if (CachedViewRef cached = unlocked.views.get(id)) return cached;
  const std::uint64_t epoch = unlocked.views.epoch();
  const StoredState state{history_->store()};
  TRY(stored, vault::secret(state, id));
  if (!stored) return fail(Error::unknown_secret);
  auto view = view_of(unlocked, *stored);
  if (!view) return fail(view.error(), "sec_" + id.hex());
  if (!*view) return fail(Error::unknown_secret);
  const VersionId shown = (*view)->version.value_or((*view)->heads.back());
  const VersionNode* node = vault::find_version(*stored, shown);
  TRY(transaction, transaction_of(*node));
  auto made = std::make_shared<const CachedView>(CachedView{.view = **std::move(view),
                                                            .category = stored->category,
                                                            .shown = shown,
                                                            .transaction = transaction,
                                                            .height = node->height});
  unlocked.views.put(id, made, epoch);
  return made;
}

auto DistributedVault::Impl::transaction_of(const VersionNode& node) const -> Result<TxId> {
  TRY(body, history_->store().get(ports::Column::versions, node.id.view()));
  if (!body) return fail(Error::store_corrupt);
  TRY(version, model::decode_version(*body));
  const StoredState state{history_->store()};
  TRY(transaction, vault::sequence(state, version.fields.author, version.fields.author_seq));
  if (!transaction) return fail(Error::store_corrupt);
  return *transaction;
}

auto DistributedVault::Impl::versions(const SecretId& id) const
    -> Detailed<std::vector<VersionInfo>> {
  return reading([&](const Unlocked& unlocked) -> Detailed<std::vector<VersionInfo>> {
    const StoredState state{history_->store()};
    TRY(stored, vault::secret(state, id));
    if (!stored) return fail(Error::unknown_secret);
    const Heads heads = vault::heads(*stored);
    std::vector<VersionInfo> infos;
    for (const VersionNode& node : stored->versions) {
      VersionInfo info{.id = node.id,
                       .parents = node.parents,
                       .kind = node.kind,
                       .body = node.body,
                       .author = node.author,
                       .height = node.height,
                       .committed = node.committed,
                       .modified = {},
                       .head = std::ranges::find(heads, &node) != heads.end()};
      if (has_content(node)) {
        auto content = open_stored(unlocked, node.id);
        if (!content) return fail(content.error(), "ver_" + node.id.hex());
        info.modified = content->modified;
      }
      infos.push_back(std::move(info));
    }
    return infos;
  });
}

auto DistributedVault::Impl::get_version(const SecretId& id, const VersionId& version) const
    -> Detailed<Entry> {
  return reading([&](const Unlocked& unlocked) -> Detailed<Entry> {
    const StoredState state{history_->store()};
    TRY(stored, vault::secret(state, id));
    const VersionNode* node = stored ? vault::find_version(*stored, version) : nullptr;
    if (node == nullptr) return fail(stored ? Error::unknown_version : Error::unknown_secret);
    if (!has_content(*node)) return fail(Error::version_without_content);
    auto content = open_stored(unlocked, version);
    if (!content) return fail(content.error(), "ver_" + version.hex());
    TRY(transaction, transaction_of(*node));
    return Entry{.id = id,
                 .category = stored->category,
                 .version = version,
                 .heads = {version},
                 .transaction = transaction,
                 .height = node->height,
                 .secret = *std::move(content)};
  });
}

auto DistributedVault::Impl::conflicts() const -> Detailed<std::vector<ConflictInfo>> {
  return reading([&](const Unlocked& unlocked) -> Detailed<std::vector<ConflictInfo>> {
    std::vector<ConflictInfo> found;
    std::map<std::pair<CategoryId, crypto::Digest>, std::size_t> labels;
    for (const SummaryRef& summary : unlocked.index.in_order()) {
      if (summary == nullptr || summary->deleted) continue;
      if (summary->conflict) {
        TRY(held, load_view(unlocked, summary->id));
        const std::optional<Resolution>& settled = held->view.resolution;
        if (!settled) continue;
        found.push_back({.summary = summary,
                         .type = settled->type,
                         .strategy = settled->strategy,
                         .open = settled->open,
                         .heads = settled->heads,
                         .same_label = {}});
      }
      if (!summary->duplicate_label) continue;
      const auto label =
          summary->label.expose([](base::ByteView v) { return crypto::sha256({v}); });
      const auto [first, added] = labels.try_emplace({summary->category, label}, found.size());
      if (!added) {
        found[first->second].same_label.push_back(summary->id);
        continue;
      }
      found.push_back({.summary = summary,
                       .type = model::ConflictType::duplicate_label,
                       .strategy = model::Strategy::manual,
                       .open = true,
                       .heads = {},
                       .same_label = {}});
    }
    return found;
  });
}

auto DistributedVault::Impl::conflict(const SecretId& id) const -> Detailed<vault::Resolution> {
  return reading([&](const Unlocked& unlocked) -> Detailed<vault::Resolution> {
    const StoredState state{history_->store()};
    TRY(stored, vault::secret(state, id));
    if (!stored) return fail(Error::unknown_secret);
    Heads heads = vault::heads(*stored);
    if (heads.size() < 2) heads = last_merged(*stored);
    if (heads.size() < 2) return fail(Error::no_conflict);
    return settle(unlocked, *stored, heads, *unlocked.settings, false);
  });
}

}  // namespace holdfast::node
