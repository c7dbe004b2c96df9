#include "cli/category_names.h"

namespace holdfast::cli {

CategoryNames::CategoryNames(Answer answer) : answer_{std::move(answer)} {
  for (const JsonValue& one : items_at(answer_.root(), "items")) {
    by_id_.emplace(text_at(one, "id"), &one);
  }
}

auto CategoryNames::load(Session& session) -> Outcome<CategoryNames> {
  Target target = session.vault();
  TRY(answer, session.get(target.path("/categories")));
  return CategoryNames{std::move(answer)};
}

auto CategoryNames::path_of(std::string_view id, base::SecretMemory& memory) const
    -> base::SecretBytes::Buffer {
  base::SecretBytes::Buffer path{&memory};
  for (int depth = 0; depth < kCategoryDepthMax; ++depth) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end() || text_at(*found->second, "parent").empty()) break;
    const std::string_view name = text_at(*found->second, "name");
    if (!path.empty()) path.insert(path.begin(), '/');
    path.insert(path.begin(), name.begin(), name.end());
    id = text_at(*found->second, "parent");
  }
  return path;
}

auto CategoryNames::root() const -> std::string_view {
  for (const auto& [id, category] : by_id_) {
    if (text_at(*category, "parent").empty()) return id;
  }
  return {};
}

}  // namespace holdfast::cli
