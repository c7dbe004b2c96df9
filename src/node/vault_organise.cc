// vault_organise.cc: categories: making, naming, moving, deleting them.
#include <algorithm>

#include "node/vault_impl.h"
#include "vault/sealing.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using Kind = WriteOperation::Kind;

auto DistributedVault::Impl::check_category_name(const Unlocked& unlocked, const std::string& name,
                                                 const std::optional<CategoryId>& parent) const
    -> Detailed<void> {
  if (name.empty()) return fail(Error::empty_label);
  if (name.size() > kCategoryNameBytesMax) return fail(Error::too_long);
  for (const auto& [id, other] : unlocked.index.categories()) {
    const bool same = !other.deleted && other.parent == parent &&
                      other.name.expose_text([&](std::string_view own) { return own == name; });
    if (same) return fail(Error::category_exists);
  }
  return {};
}

auto DistributedVault::Impl::compose_category(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{history_->store()};
  const std::optional<CategoryId> root = draft.unlocked.root;
  const std::optional<CategoryId> parent = operation.category ? operation.category : root;
  TRY_DO(check_category_name(draft.unlocked, operation.category_name, parent));
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

// Names, places and ends of categories that exist.
auto DistributedVault::Impl::compose_category_change(Draft& draft, WriteOperation& operation)
    -> Detailed<bool> {
  const StoredState state{history_->store()};
  TRY(stored, vault::category(state, operation.category_id));
  if (!stored || stored->deleted) return fail(Error::unknown_category);
  if (!stored->record.parent) return fail(Error::root_category_stays);
  const Unlocked& unlocked = draft.unlocked;
  const auto below = [&](const CategoryId& id) {
    return std::ranges::any_of(unlocked.index.categories(), [&](const auto& pair) {
      return pair.second.parent == id && !pair.second.deleted;
    });
  };
  switch (operation.kind) {
    case Kind::rename_category: {
      TRY_DO(check_category_name(unlocked, operation.category_name, stored->record.parent));
      const vault::CategoryKey* key =
          unlocked.keys->category_key(*unlocked.root, model::Generation{1});
      if (key == nullptr) return fail(Error::not_permitted);
      TRY(name, vault::seal_name(aead_, header_.vault, operation.category_id.view(),
                                 operation.category_name, *key, ports_.random<crypto::Nonce>()));
      draft.transaction.changes.push_back(
          {model::RenameCategory{{operation.category_id, stored->record.parent, std::move(name)}}});
      break;
    }
    case Kind::move_category: {
      for (std::optional<CategoryId> at = operation.category; at;) {  // not below itself
        if (*at == operation.category_id) return fail(Error::category_below_itself);
        const auto parent = unlocked.index.categories().find(*at);
        if (parent == unlocked.index.categories().end()) return fail(Error::unknown_category);
        at = parent->second.parent;
      }
      const auto& own = unlocked.index.categories().at(operation.category_id);
      const auto name =
          own.name.expose_text([](std::string_view text) { return std::string{text}; });
      TRY_DO(check_category_name(unlocked, name, operation.category));
      draft.transaction.changes.push_back(
          {model::MoveCategory{operation.category_id, operation.category}});
      break;
    }
    default: {
      CHECK(operation.kind == Kind::delete_category);
      const bool used = std::ranges::any_of(unlocked.index.in_order(), [&](const auto& summary) {
        return summary != nullptr && !summary->deleted &&
               summary->category == operation.category_id;
      });
      if (used || below(operation.category_id)) return fail(Error::category_not_empty);
      draft.transaction.changes.push_back({model::DeleteCategory{operation.category_id}});
      break;
    }
  }
  draft.versions.emplace_back();
  return true;
}

void DistributedVault::Impl::publish_organised(Unlocked& unlocked, const WriteOperation& operation,
                                               const model::Change& change) {
  const auto renamed = [&](const CategoryId& id, const std::optional<CategoryId>& parent) {
    auto name = base::SecretBytes::copy_of(ports_.plaintext, operation.category_name);
    CHECK(name.has_value());
    unlocked.index.put_category({id, parent, *std::move(name), false});
  };
  const auto own = unlocked.index.categories().find(operation.category_id);
  switch (operation.kind) {
    case Kind::add_category: {
      const auto& added = std::get<model::AddCategory>(change.what);
      CHECK(unlocked.keys->open(added.generation, header_.device).has_value());
      renamed(added.category.id, added.category.parent);
      if (!added.category.parent) unlocked.root = added.category.id;
      break;
    }
    case Kind::rename_category:
      renamed(operation.category_id, own->second.parent);
      break;
    case Kind::move_category:
      unlocked.index.put_category(
          {operation.category_id, operation.category, own->second.name.clone(), false});
      break;
    case Kind::delete_category:
      unlocked.index.put_category(
          {operation.category_id, own->second.parent, own->second.name.clone(), true});
      break;
    case Kind::set_settings:
      if (auto settings = load_settings(unlocked)) unlocked.settings = *std::move(settings);
      unlocked.views.invalidate_all();  // other settings settle them in another way
      break;
    default:
      break;
  }
}

}  // namespace holdfast::node
