#include "vault/field_merge.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"
#include "base/text.h"
#include "crypto/equal.h"

namespace holdfast::vault {
namespace {

using base::SecretBytes, base::SecretMemory;
using model::Attachment, model::Field, model::FieldRule, model::Secret, model::Source, model::Totp;
using Texts = std::vector<SecretBytes>;

// ---- equality and copies of values --------------------------------------------------------------

auto same(model::Kind a, model::Kind b) -> bool { return a == b; }
auto same(const SecretBytes& a, const SecretBytes& b) -> bool { return crypto::equal(a, b); }
auto same(const Totp& a, const Totp& b) -> bool {
  return a.algorithm == b.algorithm && a.digits == b.digits && a.period == b.period &&
         same(a.secret, b.secret);
}
auto same(const Field& a, const Field& b) -> bool {
  return a.is_protected == b.is_protected && a.type == b.type && same(a.value, b.value);
}
auto same(const Attachment& a, const Attachment& b) -> bool {
  return same(a.media_type, b.media_type) && same(a.content, b.content);
}
auto same(const Source& a, const Source& b) -> bool {
  return same(a.source, b.source) && same(a.source_id, b.source_id);
}
template <class T>
auto holds(const std::vector<T>& items, const T& wanted) -> bool {
  return std::ranges::any_of(items, [&](const T& item) { return same(item, wanted); });
}
template <class T>
auto same(const std::vector<T>& a, const std::vector<T>& b) -> bool {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}

auto copy(model::Kind kind) -> model::Kind { return kind; }
auto copy(const SecretBytes& text) -> SecretBytes { return text.clone(); }
auto copy(const Totp& totp) -> Totp {
  return {totp.algorithm, totp.digits, totp.period, totp.secret.clone()};
}
auto copy(const Field& f) -> Field {
  return {f.section.clone(), f.name.clone(), f.value.clone(), f.is_protected, f.type};
}
auto copy(const Attachment& a) -> Attachment {
  return {a.name.clone(), a.media_type.clone(), a.content.clone()};
}
auto copy(const Source& s) -> Source { return {s.source.clone(), s.source_id.clone()}; }
template <class T>
auto copy(const std::vector<T>& items) -> std::vector<T> {
  std::vector<T> copies;
  copies.reserve(items.size());
  for (const T& item : items) copies.push_back(copy(item));
  return copies;
}

// ---- combining several values -------------------------------------------------------------------

template <class T>
using Values = std::vector<const T*>;  // different ones, in the order of their sides

auto contains(const SecretBytes& whole, const SecretBytes& part) -> bool {
  return whole.expose_text([&](std::string_view text) {
    return part.expose_text([&](std::string_view inner) { return text.contains(inner); });
  });
}

// Values one after the other; one that another contains is there already. Nothing: too long.
auto concatenated(const Values<SecretBytes>& values, std::string_view separator, std::size_t max,
                  SecretMemory& memory) -> std::optional<SecretBytes> {
  SecretBytes joined{memory};
  auto& out = joined.buffer();
  for (const SecretBytes* value : values) {
    const bool elsewhere = std::ranges::any_of(values, [&](const SecretBytes* other) {
      return other != value && other->size() > value->size() && contains(*other, *value);
    });
    if (elsewhere) continue;
    if (!out.empty()) out.insert(out.end(), separator.begin(), separator.end());
    value->expose([&](base::ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); });
  }
  if (joined.size() > max) return std::nullopt;
  return joined;
}

template <class T>
auto united(const Values<std::vector<T>>& values) -> std::optional<std::vector<T>> {
  std::vector<T> all;
  for (const std::vector<T>* value : values) {
    for (const T& item : *value) {
      if (!holds(all, item)) all.push_back(copy(item));
    }
  }
  if (all.size() > model::kListItemsMax) return std::nullopt;
  return all;
}

template <class T>
auto common(const Values<std::vector<T>>& values) -> std::vector<T> {
  std::vector<T> shared;
  for (const T& item : *values.front()) {
    if (std::ranges::all_of(values, [&](const auto* value) { return holds(*value, item); })) {
      shared.push_back(copy(item));
    }
  }
  return shared;
}

// Nothing: this rule does not apply to this kind of value, or the result would be too long.
template <class T>
auto combined(const Values<T>&, const ChosenRule&, std::size_t, SecretMemory&) -> std::optional<T> {
  return std::nullopt;
}
auto combined(const Values<SecretBytes>& values, const ChosenRule& chosen, std::size_t max,
              SecretMemory& memory) -> std::optional<SecretBytes> {
  if (chosen.rule != FieldRule::concatenate) return std::nullopt;
  return concatenated(values, chosen.separator, max, memory);
}
auto combined(const Values<Field>& values, const ChosenRule& chosen, std::size_t,
              SecretMemory& memory) -> std::optional<Field> {
  if (chosen.rule != FieldRule::concatenate) return std::nullopt;
  Values<SecretBytes> texts;
  for (const Field* field : values) {
    if (!field->value.expose([](base::ByteView v) { return base::is_utf8(v); }))
      return std::nullopt;
    texts.push_back(&field->value);
  }
  auto joined = concatenated(texts, chosen.separator, model::kTextBytesMax, memory);
  if (!joined) return std::nullopt;
  Field field = copy(*values.back());
  field.value = *std::move(joined);
  for (const Field* one : values) field.is_protected |= one->is_protected;
  return field;
}
template <class T>
auto combined(const Values<std::vector<T>>& values, const ChosenRule& chosen, std::size_t,
              SecretMemory&) -> std::optional<std::vector<T>> {
  if (chosen.rule == FieldRule::intersection) return common(values);
  if (chosen.rule == FieldRule::set_union || chosen.rule == FieldRule::concatenate) {
    return united(values);
  }
  return std::nullopt;
}

// ---- items by name ------------------------------------------------------------------------------

template <class T>
class ByName {
 public:
  struct Key {
    SecretBytes::Buffer name;
    std::size_t nth = 0;  // of the items of this name
    const T* item = nullptr;
  };

  // `name_of` appends the name of an item to a buffer.
  template <class NameOf>
  ByName(const std::vector<T>& items, NameOf&& name_of, SecretMemory& memory) {
    in_order_.reserve(items.size());
    for (const T& item : items) {
      SecretBytes::Buffer name{&memory};
      name_of(item, name);
      const std::size_t nth = counts_[base::text_of(name)]++;
      in_order_.push_back({std::move(name), nth, &item});
      by_key_.emplace(view_of(in_order_.back()), &item);
    }
    counts_.clear();
  }
  [[nodiscard]] auto in_order() const -> const std::vector<Key>& { return in_order_; }
  [[nodiscard]] auto find(const Key& key) const -> const T* {
    const auto found = by_key_.find(view_of(key));
    return found == by_key_.end() ? nullptr : found->second;
  }
  // False: it is there already. The key's name must outlive this.
  auto add(const Key& key) -> bool { return by_key_.emplace(view_of(key), key.item).second; }

 private:
  using View = std::pair<std::string_view, std::size_t>;  // into the buffers of names
  static auto view_of(const Key& key) -> View { return {base::text_of(key.name), key.nth}; }

  std::vector<Key> in_order_;
  std::map<View, const T*> by_key_;
  std::map<std::string_view, std::size_t> counts_;
};

// ---- the merge ----------------------------------------------------------------------------------

class Merger {
 public:
  Merger(const std::vector<Head>& sides, const Secret* ancestor,
         const std::optional<model::DeviceId>& writer, const RuleFor& rule_for,
         SecretMemory& memory)
      : sides_{sides}, ancestor_{ancestor}, writer_{writer}, rule_for_{rule_for}, memory_{memory} {
    CHECK(!sides.empty());
    for (const Head& side : sides) CHECK(side.content != nullptr);
  }

  auto run() -> FieldMerge {
    FieldMerge merged{Secret{memory_}, {}};
    merge_texts(merged.content);
    merge_lists(merged.content);
    merge_named(merged.content);
    merge_unknown(merged.content);
    merge_times(merged.content);
    merged.outcomes = std::move(outcomes_);
    return merged;
  }

 private:
  struct Plan {
    std::string_view name;
    FieldRule fallback = FieldRule::latest;
    std::size_t bytes_max = 0;  // of a combined text
  };

  // `get` gives the value of a secret, null where it has none.
  template <class T, class Get>
  auto choose(const Plan& plan, Get&& get) -> std::optional<T> {
    Values<T> values;
    for (const Head& side : sides_) values.push_back(get(*side.content));
    const T* before = ancestor_ == nullptr ? nullptr : get(*ancestor_);
    const auto equal = [](const T* a, const T* b) {
      return a == nullptr || b == nullptr ? a == b : same(*a, *b);
    };
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!equal(values[i], before)) changed.push_back(i);
    }
    if (changed.empty()) return before == nullptr ? std::nullopt : std::optional{copy(*before)};
    const bool agree = std::ranges::all_of(
        changed, [&](std::size_t i) { return equal(values[i], values[changed.front()]); });
    if (agree) {
      const T* value = values[changed.front()];
      return value == nullptr ? std::nullopt : std::optional{copy(*value)};
    }
    std::erase_if(changed, [&](std::size_t i) { return values[i] == nullptr; });
    return decide<T>(plan, values, changed, equal);
  }

  // Several sides changed it to different values; `candidates` are those that have one.
  template <class T, class Equal>
  auto decide(const Plan& plan, const Values<T>& values, const std::vector<std::size_t>& candidates,
              Equal&& equal) -> std::optional<T> {
    const ChosenRule chosen = rule_for_(plan.name, plan.fallback);
    Values<T> distinct;
    for (const std::size_t i : candidates) {
      if (std::ranges::none_of(distinct, [&](const T* d) { return equal(d, values[i]); })) {
        distinct.push_back(values[i]);
      }
    }
    std::optional<T> result;
    std::optional<model::VersionId> taken;
    FieldRule rule = chosen.rule;
    if (distinct.size() > 1) result = combined(distinct, chosen, plan.bytes_max, memory_);
    if (!result) {
      const bool by_side = rule == FieldRule::take_local || rule == FieldRule::take_remote;
      if (!by_side) rule = FieldRule::latest;
      const std::size_t winner = winner_of(candidates, rule);
      taken = sides_[winner].id;
      result = copy(*values[winner]);
    }
    outcomes_.push_back({text(plan.name), rule, taken, grouped(values, equal)});
    return result;
  }

  template <class T, class Equal>
  auto grouped(const Values<T>& values, Equal&& equal) const
      -> std::vector<std::vector<model::VersionId>> {
    std::vector<std::vector<model::VersionId>> groups;
    Values<T> of_group;
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::size_t group = 0;
      while (group < groups.size() && !equal(of_group[group], values[i])) ++group;
      if (group == groups.size()) {
        groups.emplace_back();
        of_group.push_back(values[i]);
      }
      groups[group].push_back(sides_[i].id);
    }
    for (auto& group : groups) std::ranges::sort(group);
    std::ranges::sort(groups);
    return groups;
  }

  auto winner_of(const std::vector<std::size_t>& candidates, FieldRule rule) const -> std::size_t {
    std::vector<std::size_t> preferred;
    if (writer_ && rule != FieldRule::latest) {
      const bool local = rule == FieldRule::take_local;
      std::ranges::copy_if(candidates, std::back_inserter(preferred),
                           [&](std::size_t i) { return (sides_[i].author == *writer_) == local; });
    }
    const auto& from = preferred.empty() ? candidates : preferred;
    return *std::ranges::max_element(from, {}, [&](std::size_t i) {
      return std::pair{effective_time(sides_[i]), sides_[i].id};
    });
  }

  auto text(std::string_view name) const -> SecretBytes {
    SecretBytes made{memory_};
    made.buffer().assign(name.begin(), name.end());
    return made;
  }

  void merge_texts(Secret& into) {
    const auto merge = [&](const Plan& plan, SecretBytes Secret::* member) {
      auto value = choose<SecretBytes>(plan, [&](const Secret& secret) {
        return (secret.*member).empty() ? nullptr : &(secret.*member);
      });
      if (value) into.*member = *std::move(value);
    };
    into.kind = *choose<model::Kind>({"kind"}, [](const Secret& s) { return &s.kind; });
    merge({.name = "label", .bytes_max = model::kLabelBytesMax}, &Secret::label);
    merge({.name = "username", .bytes_max = model::kTextBytesMax}, &Secret::username);
    merge({.name = "password", .bytes_max = model::kTextBytesMax}, &Secret::password);
    merge({"notes", FieldRule::concatenate, model::kNotesBytesMax}, &Secret::notes);
    auto totp = choose<Totp>({"totp"}, [](const Secret& secret) {
      return secret.totp.secret.empty() ? nullptr : &secret.totp;
    });
    if (totp) into.totp = *std::move(totp);
  }

  void merge_lists(Secret& into) {
    const auto merge = [&]<class T>(const Plan& plan, std::vector<T> Secret::* member) {
      auto value = choose<std::vector<T>>(plan, [&](const Secret& secret) {
        return (secret.*member).empty() ? nullptr : &(secret.*member);
      });
      if (value) into.*member = *std::move(value);
    };
    merge({"urls"}, &Secret::urls);
    merge({"tags", FieldRule::set_union}, &Secret::tags);
    merge({"sources", FieldRule::set_union}, &Secret::sources);
  }

  // Custom fields and attachments are merged by name; the n-th of a name with the n-th.
  template <class T, class NameOf>
  void merge_by_name(std::string_view list, std::vector<T> Secret::* member, Secret& into,
                     NameOf&& name_of) {
    std::map<const Secret*, ByName<T>> lists;
    const auto note = [&](const Secret* secret) {
      if (secret != nullptr) lists.try_emplace(secret, secret->*member, name_of, memory_);
    };
    note(ancestor_);
    for (const Head& side : sides_) note(side.content);

    std::vector<std::size_t> order(sides_.size());  // the latest side first, then as they come
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::swap(order.front(), order[winner_of(order, FieldRule::latest)]);
    ByName<T> done{{}, name_of, memory_};
    for (const std::size_t side : order) {
      for (const auto& key : lists.at(sides_[side].content).in_order()) {
        if (!done.add(key)) continue;
        SecretBytes name = text(list);
        name.buffer().push_back('/');
        name.buffer().insert(name.buffer().end(), key.name.begin(), key.name.end());
        auto value = name.expose_text([&](std::string_view view) {
          return choose<T>({view},
                           [&](const Secret& secret) { return lists.at(&secret).find(key); });
        });
        if (value && (into.*member).size() < model::kListItemsMax) {
          (into.*member).push_back(*std::move(value));
        }
      }
    }
  }

  void merge_named(Secret& into) {
    const auto append = [](const SecretBytes& text, SecretBytes::Buffer& to) {
      text.expose([&](base::ByteView b) { to.insert(to.end(), b.begin(), b.end()); });
    };
    merge_by_name("fields", &Secret::fields, into,
                  [&](const Field& field, SecretBytes::Buffer& name) {
                    append(field.section, name);
                    if (!name.empty()) name.push_back('/');
                    append(field.name, name);
                  });
    merge_by_name("attachments", &Secret::attachments, into,
                  [&](const Attachment& attachment, SecretBytes::Buffer& name) {
                    append(attachment.name, name);
                  });
  }

  void merge_unknown(Secret& into) {
    std::vector<std::uint64_t> keys;
    for (const Head& side : sides_) {
      for (const auto& [key, value] : side.content->unknown) keys.push_back(key);
    }
    std::ranges::sort(keys);
    keys.erase(std::ranges::unique(keys).begin(), keys.end());
    for (const std::uint64_t key : keys) {
      auto value = choose<SecretBytes>({"unknown"}, [&](const Secret& secret) {
        const SecretBytes* found = nullptr;
        for (const auto& [own, encoded] : secret.unknown) {
          if (own == key) found = &encoded;
        }
        return found;
      });
      if (value && into.unknown.size() < model::kUnknownKeysMax) {
        into.unknown.emplace_back(key, *std::move(value));
      }
    }
  }

  void merge_times(Secret& into) const {
    into.created = sides_.front().content->created;
    for (const Head& side : sides_) {
      into.created = std::min(into.created, side.content->created);
      into.modified = std::max(into.modified, side.content->modified);
    }
  }

  const std::vector<Head>& sides_;
  const Secret* ancestor_;
  const std::optional<model::DeviceId>& writer_;
  const RuleFor& rule_for_;
  SecretMemory& memory_;
  std::vector<FieldOutcome> outcomes_;
};

}  // namespace

auto merge_fields(const std::vector<Head>& sides, const Secret* ancestor,
                  const std::optional<model::DeviceId>& writer, const RuleFor& rule_for,
                  SecretMemory& memory) -> FieldMerge {
  return Merger{sides, ancestor, writer, rule_for, memory}.run();
}

}  // namespace holdfast::vault
