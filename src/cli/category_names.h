// category_names.h: the names of a vault's categories, as people write them: Work/Mail.
// Limits: kCategoryDepthMax. Time: none. Threads: one. Errors: those of the request.
// Source: docs/design/interfaces.md §1.
#pragma once

#include <map>

#include "cli/session.h"

namespace holdfast::cli {

inline constexpr int kCategoryDepthMax = 32;  // a deeper one is a daemon's mistake

// Names of categories by id; the root has none.
class CategoryNames {
 public:
  [[nodiscard]] static auto load(Session& session) -> Outcome<CategoryNames>;
  // Outermost first, separated by slashes.
  [[nodiscard]] auto path_of(std::string_view id, base::SecretMemory& memory) const
      -> base::SecretBytes::Buffer;
  [[nodiscard]] auto root() const -> std::string_view;  // its id

 private:
  explicit CategoryNames(Answer answer);
  Answer answer_;  // owns what the map points to
  std::map<std::string_view, const JsonValue*> by_id_;
};

}  // namespace holdfast::cli
