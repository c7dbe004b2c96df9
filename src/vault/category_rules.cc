#include <algorithm>

#include "vault/change_rules.h"
#include "vault/roles.h"

namespace holdfast::vault {
namespace {

using model::CategoryId;
using model::CategoryState;
using model::Generation;
using model::KeyGeneration;

inline constexpr std::size_t kCategoryDepthMax = 64;

// The record's recipients are exactly the readers at this position, and it says so.
auto wrapped_to_readers(const RuleContext& context, const KeyGeneration& record) -> Result<bool> {
  TRY(expected, readers(context.state, record.category));
  if (record.readers != model::readers_digest(expected)) return false;
  return std::ranges::equal(record.wraps, expected, {}, &model::KeyWrap::device);
}

// True if `inner` lies below `outer` or is it.
auto lies_below(const StateView& view, CategoryId inner, const CategoryId& outer) -> Result<bool> {
  for (std::size_t depth = 0; depth < kCategoryDepthMax; ++depth) {
    if (inner == outer) return true;
    TRY(found, category(view, inner));
    if (!found || !found->record.parent) return false;
    inner = *found->record.parent;
  }
  return true;  // too deep: treated as a cycle
}

}  // namespace

auto rule_on_category(const RuleContext& context, const model::AddCategory& add) -> Ruling {
  const model::CategoryRecord& record = add.category;
  TRY(existing, category(context.state, record.id));
  if (existing) return invalid(Error::state_category_exists);
  TRY(root, chain(context.state));
  if (record.parent.has_value() != root.root_category.has_value()) {
    return invalid(Error::root_category_needed);
  }
  if (record.parent) {
    TRY(parent, category(context.state, *record.parent));
    if (!parent || parent->deleted) return invalid(Error::state_unknown_category);
    TRY(deep, lies_below(context.state, *record.parent, record.id));
    if (deep) return invalid(Error::state_unknown_category);
  } else {
    root.root_category = record.id;
    context.state.put(chain_key(), model::encode(root));
  }
  const KeyGeneration& generation = add.generation;
  if (generation.vault != context.transaction.vault || generation.category != record.id ||
      generation.generation != Generation{1} || generation.previous || generation.old_key_sealed) {
    return invalid(Error::wrong_generation);
  }
  TRY(complete, wrapped_to_readers(context, generation));
  if (!complete) return invalid(Error::wrong_readers);
  context.state.put(category_key(record.id),
                    model::encode(CategoryState{.record = record, .generation = Generation{1}}));
  context.state.put(generation_key(record.id, Generation{1}), model::encode(generation));
  return holds();
}

auto rule_on_category(const RuleContext& context, const model::RenameCategory& rename) -> Ruling {
  TRY(found, category(context.state, rename.category.id));
  if (!found || found->deleted) return invalid(Error::state_unknown_category);
  found->record.sealed_name = rename.category.sealed_name;
  context.state.put(category_key(rename.category.id), model::encode(*found));
  return holds();
}

auto rule_on_category(const RuleContext& context, const model::MoveCategory& move) -> Ruling {
  TRY(found, category(context.state, move.category));
  if (!found || found->deleted) return invalid(Error::state_unknown_category);
  if (!found->record.parent || !move.parent) return invalid(Error::root_category_needed);
  TRY(parent, category(context.state, *move.parent));
  if (!parent || parent->deleted) return invalid(Error::state_unknown_category);
  // Two concurrent moves can close a circle; the later in order has no effect.
  TRY(circle, lies_below(context.state, *move.parent, move.category));
  if (circle) return holds();
  found->record.parent = move.parent;
  context.state.put(category_key(move.category), model::encode(*found));
  return holds();
}

// Its secrets stay readable where they are, and move on with their next edit; nothing new goes in.
// A category with categories below it is not found empty by this rule: they keep their parent, and
// a tree is drawn from the deleted one's parent on.
auto rule_on_category(const RuleContext& context, const model::DeleteCategory& gone) -> Ruling {
  TRY(found, category(context.state, gone.category));
  if (!found || found->deleted) return invalid(Error::state_unknown_category);
  if (!found->record.parent) return invalid(Error::root_category_needed);
  found->deleted = true;
  context.state.put(category_key(gone.category), model::encode(*found));
  return holds();
}

auto rule_on_generation(const RuleContext& context, const model::StartKeyGeneration& start)
    -> Ruling {
  const KeyGeneration& next = start.generation;
  TRY(found, category(context.state, next.category));
  if (!found || found->deleted) return invalid(Error::state_unknown_category);
  TRY(current, generation(context.state, next.category, found->generation));
  if (!current) return fail(Error::store_corrupt);
  if (next.vault != context.transaction.vault ||
      next.generation != model::next(found->generation) ||
      next.previous != model::generation_digest(*current)) {
    return invalid(Error::wrong_generation);  // also the later of two concurrent starts
  }
  TRY(complete, wrapped_to_readers(context, next));
  if (!complete) return invalid(Error::wrong_readers);
  const bool is_reader = std::ranges::any_of(
      next.wraps, [&](const auto& wrap) { return wrap.device == context.transaction.author; });
  if (!is_reader) return denied(Error::not_permitted);
  found->generation = next.generation;
  found->ended = false;
  context.state.put(category_key(next.category), model::encode(*found));
  context.state.put(generation_key(next.category, next.generation), model::encode(next));
  return holds();
}

}  // namespace holdfast::vault
