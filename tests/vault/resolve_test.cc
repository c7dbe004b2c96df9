#include "vault/resolve.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "crypto/equal.h"
#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error, base::SecretBytes;
using model::ConflictSettings, model::ConflictType, model::FieldRule, model::Secret;
using model::Strategy, model::TimeMs;
using test::memory, test::named;
using testing::ElementsAre, testing::IsEmpty, testing::UnorderedElementsAre;

const model::SecretId kSecret = named<model::SecretId>(1);
const model::CategoryId kCategory = named<model::CategoryId>(2);
const model::DeviceId kLaptop = named<model::DeviceId>(3);
const model::DeviceId kPhone = named<model::DeviceId>(4);

auto bytes(std::string_view from) -> SecretBytes {
  return SecretBytes::copy_of(memory(), from).value();
}
auto plain(const SecretBytes& from) -> std::string {
  return from.expose_text([](std::string_view view) { return std::string{view}; });
}
auto plain(const std::vector<SecretBytes>& from) -> std::vector<std::string> {
  std::vector<std::string> texts;
  for (const SecretBytes& one : from) texts.push_back(plain(one));
  return texts;
}
auto named_version(std::uint64_t number) -> model::VersionId {
  return named<model::VersionId>(number);
}
auto encoded(const Secret& secret) -> base::Bytes {
  return model::encode(secret, memory()).value().expose([](auto view) {
    return base::to_bytes(view);
  });
}

auto github() -> Secret {
  Secret secret{memory()};
  secret.label = bytes("GitHub");
  secret.username = bytes("ann");
  secret.password = bytes("one");
  secret.notes = bytes("made in spring");
  secret.urls.push_back(bytes("https://github.com"));
  secret.tags.push_back(bytes("work"));
  secret.created = TimeMs{100};
  secret.modified = TimeMs{100};
  return secret;
}
void put_field(Secret& secret, std::string_view name, std::string_view value,
               std::string_view section = "") {
  for (model::Field& field : secret.fields) {
    if (plain(field.name) == name && plain(field.section) == section) {
      field.value = bytes(value);
      return;
    }
  }
  secret.fields.push_back({bytes(section), bytes(name), bytes(value)});
}
auto field_of(const Secret& secret, std::string_view name) -> std::string {
  for (const model::Field& field : secret.fields) {
    if (plain(field.name) == name) return plain(field.value);
  }
  return "(none)";
}

// Two sides of one secret, laptop and phone, that began from the same version.
class Resolve : public testing::Test {
 protected:
  Resolve() {
    laptop_.modified = TimeMs{200};
    phone_.modified = TimeMs{300};
  }
  auto conflict() -> Conflict {
    return {.secret = kSecret,
            .category = kCategory,
            .type = ConflictType::concurrent_update,
            .heads = {{.id = named_version(11),
                       .secret = kSecret,
                       .place = std::pair{model::Height{5}, std::uint64_t{0}},
                       .committed = TimeMs{1000},
                       .author = kLaptop,
                       .author_role = kOwner,
                       .content = &laptop_},
                      {.id = named_version(12),
                       .secret = kSecret,
                       .place = std::pair{model::Height{6}, std::uint64_t{0}},
                       .committed = TimeMs{1100},
                       .author = kPhone,
                       .author_role = kWriter,
                       .content = &phone_}},
            .ancestor_id = named_version(10),
            .ancestor = &base_};
  }
  auto settled() -> Resolution { return settled(conflict()); }
  auto settled(const Conflict& what) -> Resolution {
    auto result = resolve(what, settings_, nullptr, memory());
    EXPECT_TRUE(result.has_value());
    // In any order of heads, the same.
    Conflict turned = what;
    std::ranges::reverse(turned.heads);
    const auto other = resolve(turned, settings_, nullptr, memory());
    EXPECT_EQ(other->shown, result->shown);
    EXPECT_EQ(other->heads, result->heads);
    EXPECT_EQ(other->open, result->open);
    if (result->content) {
      EXPECT_EQ(encoded(*other->content), encoded(*result->content));
    }
    return *std::move(result);
  }
  auto rule(FieldRule action, std::string_view field = "", std::uint64_t priority = 0)
      -> model::ConflictRule& {
    settings_.rules.push_back({.id = named<model::RuleId>(settings_.rules.size() + 1),
                               .priority = priority,
                               .condition = model::RuleCondition{memory()},
                               .action = model::FieldAction{action, SecretBytes{memory()}}});
    settings_.rules.back().condition.field = bytes(field);
    return settings_.rules.back();
  }
  auto rule(Strategy action) -> model::ConflictRule& {
    rule(FieldRule::latest);
    settings_.rules.back().action = action;
    return settings_.rules.back();
  }

  Secret base_ = github(), laptop_ = github(), phone_ = github();
  ConflictSettings settings_{memory()};
};

// ---- merge --------------------------------------------------------------------------------------

TEST_F(Resolve, WhatOneSideChangedIsTaken) {
  laptop_.username = bytes("ann@laptop");
  phone_.password = bytes("two");
  const Resolution result = settled();
  EXPECT_EQ(plain(result.content->username), "ann@laptop");
  EXPECT_EQ(plain(result.content->password), "two");
  EXPECT_THAT(result.fields, IsEmpty());
  EXPECT_EQ(result.shown, std::nullopt);
  EXPECT_FALSE(result.open);
}

TEST_F(Resolve, TheLatestValueWinsAndTheOtherIsNamed) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  const Resolution result = settled();
  EXPECT_EQ(plain(result.content->password), "of the phone");
  ASSERT_EQ(result.fields.size(), 1U);
  EXPECT_EQ(plain(result.fields[0].field), "password");
  EXPECT_EQ(result.fields[0].taken, named_version(12));
  EXPECT_EQ(result.fields[0].groups.size(), 2U);
}

TEST_F(Resolve, AFutureDatedEditGainsNothing) {
  laptop_.password = bytes("of the laptop");
  laptop_.modified = TimeMs{9'999'999'999'999};  // but committed at 1000, before the phone
  phone_.password = bytes("of the phone");
  phone_.modified = TimeMs{1050};
  EXPECT_EQ(plain(settled().content->password), "of the phone");
}

TEST_F(Resolve, NotesOfBothSidesAreKeptInCommittedOrder) {
  laptop_.notes = bytes("by the laptop");
  phone_.notes = bytes("by the phone");
  EXPECT_EQ(plain(settled().content->notes), "by the laptop\nby the phone");
}

TEST_F(Resolve, NotesThatContainTheOthersStandAlone) {
  laptop_.notes = bytes("made in spring, renewed");
  phone_.notes = bytes("made in spring, renewed in autumn");
  EXPECT_EQ(plain(settled().content->notes), "made in spring, renewed in autumn");
}

TEST_F(Resolve, TagsAreUnited) {
  laptop_.tags.push_back(bytes("git"));
  phone_.tags.push_back(bytes("code"));
  EXPECT_THAT(plain(settled().content->tags), ElementsAre("work", "git", "code"));
}

TEST_F(Resolve, UrlsThatOneSideChangedOrRemovedAreTakenAndOfTwoTheLatest) {
  laptop_.urls.front() = bytes("https://github.com/login");
  EXPECT_THAT(plain(settled().content->urls), ElementsAre("https://github.com/login"));
  phone_.urls.front() = bytes("https://gist.github.com");
  EXPECT_THAT(plain(settled().content->urls), ElementsAre("https://gist.github.com"));
  laptop_.urls.front() = bytes("https://github.com");  // as it was
  phone_.urls.clear();
  EXPECT_TRUE(settled().content->urls.empty());
}

TEST_F(Resolve, CustomFieldsAreMergedByName) {
  put_field(base_, "pin", "0");
  put_field(base_, "gone", "x");
  put_field(laptop_, "pin", "1");
  put_field(laptop_, "laptop", "l");
  put_field(laptop_, "gone", "x");
  put_field(phone_, "pin", "0");
  put_field(phone_, "phone", "p");
  const Resolution result = settled();
  EXPECT_EQ(field_of(*result.content, "pin"), "1");
  EXPECT_EQ(field_of(*result.content, "laptop"), "l");
  EXPECT_EQ(field_of(*result.content, "phone"), "p");
  EXPECT_EQ(field_of(*result.content, "gone"), "(none)");  // removed on one side, as it was
  EXPECT_THAT(result.fields, IsEmpty());
}

TEST_F(Resolve, AFieldThatOneSideRemovedAndTheOtherChangedIsKept) {
  put_field(base_, "pin", "0");
  put_field(phone_, "pin", "1");
  const Resolution result = settled();
  EXPECT_EQ(field_of(*result.content, "pin"), "1");
  ASSERT_EQ(result.fields.size(), 1U);
  EXPECT_EQ(plain(result.fields[0].field), "fields/pin");
}

TEST_F(Resolve, FieldsOfOneNameInTwoSectionsAreTwoFields) {
  put_field(laptop_, "pin", "1", "bank");
  put_field(phone_, "pin", "2", "phone");
  EXPECT_EQ(settled().content->fields.size(), 2U);
}

TEST_F(Resolve, AttachmentsAreMergedByName) {
  laptop_.attachments.push_back({bytes("a"), bytes(""), bytes("of the laptop")});
  phone_.attachments.push_back({bytes("b"), bytes(""), bytes("of the phone")});
  EXPECT_EQ(settled().content->attachments.size(), 2U);
}

TEST_F(Resolve, TimesAreTheEarliestAndTheLatest) {
  laptop_.created = TimeMs{50};
  phone_.password = bytes("two");
  const Resolution result = settled();
  EXPECT_EQ(result.content->created, TimeMs{50});
  EXPECT_EQ(result.content->modified, TimeMs{300});
}

TEST_F(Resolve, WithoutAnAncestorFieldsOfOneSideAreKept) {
  laptop_.username = bytes("");
  put_field(laptop_, "laptop", "l");
  put_field(phone_, "phone", "p");
  Conflict two_sided = conflict();
  two_sided.ancestor = nullptr;
  two_sided.ancestor_id.reset();
  const Resolution result = settled(two_sided);
  EXPECT_EQ(plain(result.content->username), "ann");
  EXPECT_EQ(field_of(*result.content, "laptop"), "l");
  EXPECT_EQ(field_of(*result.content, "phone"), "p");
}

TEST_F(Resolve, EqualContentIsNoConflictWhateverTheTimes) {
  laptop_.password = bytes("two");
  phone_.password = bytes("two");
  const Resolution result = settled();
  EXPECT_FALSE(result.differs);
  EXPECT_EQ(result.shown, named_version(11));
}

TEST_F(Resolve, AnUpdateSurvivesADeletion) {
  Conflict deleted = conflict();
  deleted.type = ConflictType::delete_update;
  deleted.heads[0].content = nullptr;
  phone_.password = bytes("two");
  for (const Strategy strategy :
       {Strategy::merge, Strategy::last_write_wins, Strategy::first_write_wins, Strategy::manual}) {
    settings_.strategy = strategy;
    const Resolution result = settled(deleted);
    EXPECT_EQ(result.shown, named_version(12));
    EXPECT_EQ(plain(result.content->password), "two");
    EXPECT_TRUE(result.differs);
  }
}

TEST_F(Resolve, WhatIsDeletedOnEverySideHasNoContent) {
  Conflict deleted = conflict();
  for (Head& head : deleted.heads) head.content = nullptr;
  EXPECT_EQ(settled(deleted).content, std::nullopt);
}

TEST_F(Resolve, AMergeThatWouldBeTooLargeStaysOpen) {
  for (int i = 0; i < 2; ++i) {
    auto& side = i == 0 ? laptop_ : phone_;
    const std::string name = i == 0 ? "l" : "p";
    side.attachments.push_back({bytes(name), bytes(""), bytes(std::string(1 << 20, 'x'))});
  }
  const Resolution result = settled();
  EXPECT_TRUE(result.open);
  EXPECT_EQ(result.shown, named_version(11));
}

TEST_F(Resolve, NotesTooLongTogetherGiveTheLatest) {
  laptop_.notes = bytes(std::string(model::kNotesBytesMax, 'l'));
  phone_.notes = bytes(std::string(100, 'p'));
  EXPECT_EQ(plain(settled().content->notes), std::string(100, 'p'));
}

// ---- field rules --------------------------------------------------------------------------------

TEST_F(Resolve, LocalAndRemoteAreThoseOfTheWriterAndTheLatestForReaders) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  const auto password = [&](FieldRule action, std::optional<model::DeviceId> writer) {
    settings_.rules.clear();
    rule(action, "password");
    Conflict what = conflict();
    what.writer = writer;
    return plain(settled(what).content->password);
  };
  EXPECT_EQ(password(FieldRule::take_local, kLaptop), "of the laptop");
  EXPECT_EQ(password(FieldRule::take_local, kPhone), "of the phone");
  EXPECT_EQ(password(FieldRule::take_remote, kLaptop), "of the phone");
  EXPECT_EQ(password(FieldRule::take_remote, kPhone), "of the laptop");
  EXPECT_EQ(password(FieldRule::take_local, std::nullopt), "of the phone");
  EXPECT_EQ(password(FieldRule::take_remote, std::nullopt), "of the phone");
}

TEST_F(Resolve, ConcatenateUsesItsSeparator) {
  laptop_.username = bytes("l");
  phone_.username = bytes("p");
  std::get<model::FieldAction>(rule(FieldRule::concatenate, "username").action).separator =
      bytes(" / ");
  EXPECT_EQ(plain(settled().content->username), "l / p");
}

TEST_F(Resolve, IntersectionKeepsWhatBothHave) {
  laptop_.tags.push_back(bytes("git"));
  phone_.tags.push_back(bytes("code"));
  rule(FieldRule::intersection, "tags");
  EXPECT_THAT(plain(settled().content->tags), ElementsAre("work"));
}

TEST_F(Resolve, LatestForTagsTakesOneSide) {
  laptop_.tags.push_back(bytes("git"));
  phone_.tags.push_back(bytes("code"));
  rule(FieldRule::latest, "tags");
  EXPECT_THAT(plain(settled().content->tags), ElementsAre("work", "code"));
}

TEST_F(Resolve, ACustomFieldIsNamedWithOrWithoutItsList) {
  put_field(laptop_, "pin", "1");
  put_field(phone_, "pin", "2");
  for (const std::string_view name : {"pin", "fields/pin", "p*", "fields/*"}) {
    settings_.rules.clear();
    rule(FieldRule::concatenate, name);
    EXPECT_EQ(field_of(*settled().content, "pin"), "1\n2") << name;
  }
}

// ---- strategies ---------------------------------------------------------------------------------

TEST_F(Resolve, LastAndFirstWriteWinByEffectiveTime) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  settings_.strategy = Strategy::last_write_wins;
  EXPECT_EQ(settled().shown, named_version(12));
  settings_.strategy = Strategy::first_write_wins;
  EXPECT_EQ(settled().shown, named_version(11));
  // Equal times: the version id decides.
  laptop_.modified = phone_.modified = TimeMs{1};
  const auto least = std::min(named_version(11), named_version(12));
  EXPECT_EQ(settled().shown, least);
}

TEST_F(Resolve, ManualStaysOnTheEarliestCommittedHeadAndWaits) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  settings_.strategy = Strategy::manual;
  Conflict what = conflict();
  const Resolution result = settled(what);
  EXPECT_TRUE(result.open);
  EXPECT_EQ(result.shown, named_version(11));
  what.heads[0].place.reset();  // pending heads follow committed ones
  EXPECT_EQ(settled(what).shown, named_version(12));
}

class TakesTheLongest final : public ConflictResolver {
 public:
  auto resolve(const Conflict& conflict, base::SecretMemory&) const
      -> base::Result<Secret> override {
    const auto longest = std::ranges::max_element(
        conflict.heads, {}, [](const Head& head) { return head.content->password.size(); });
    return longest->content->clone();
  }
};

TEST_F(Resolve, ACustomResolverDecidesOnlyWhereAMergeIsWritten) {
  laptop_.password = bytes("the longest password of all");
  phone_.password = bytes("short");
  settings_.strategy = Strategy::custom;
  const TakesTheLongest longest;
  Conflict what = conflict();
  EXPECT_TRUE(resolve(what, settings_, &longest, memory())->open);  // only reading
  what.writer = kPhone;
  EXPECT_TRUE(resolve(what, settings_, nullptr, memory())->open);  // nobody who could
  const auto written = resolve(what, settings_, &longest, memory());
  EXPECT_FALSE(written->open);
  EXPECT_EQ(plain(written->content->password), "the longest password of all");
}

// ---- rules --------------------------------------------------------------------------------------

TEST_F(Resolve, TheRuleOfTheHighestPriorityWinsAndOfEqualsTheSmallestId) {
  laptop_.username = bytes("l");
  phone_.username = bytes("p");
  rule(FieldRule::latest, "username", 1);
  rule(FieldRule::concatenate, "username", 2);
  EXPECT_EQ(plain(settled().content->username), "l\np");
  settings_.rules[0].priority = 2;
  const bool first_is_less = settings_.rules[0].id < settings_.rules[1].id;
  EXPECT_EQ(plain(settled().content->username), first_is_less ? "p" : "l\np");
  std::ranges::reverse(settings_.rules);
  EXPECT_EQ(plain(settled().content->username), first_is_less ? "p" : "l\np");
}

TEST_F(Resolve, AConditionMustHoldInEveryPart) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  const auto chosen = [&](auto&& condition) {
    settings_.rules.clear();
    condition(rule(Strategy::first_write_wins).condition);
    return settled().strategy;
  };
  using model::RuleCondition;
  EXPECT_EQ(chosen([](RuleCondition&) {}), Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.category = kCategory; }), Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.category = named<model::CategoryId>(99); }),
            Strategy::merge);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.label = bytes("Git*"); }), Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.label = bytes("Mail*"); }), Strategy::merge);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.tag = bytes("w?rk"); }), Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.tag = bytes("home"); }), Strategy::merge);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.field = bytes("password"); }),
            Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.field = bytes("notes"); }), Strategy::merge);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.type = ConflictType::concurrent_update; }),
            Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.type = ConflictType::version; }), Strategy::merge);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.author_role = kWriter; }), Strategy::first_write_wins);
  EXPECT_EQ(chosen([](RuleCondition& c) { c.author_role = kReader; }), Strategy::merge);
}

TEST_F(Resolve, ARuleThatChoseTheStrategyIsNamed) {
  laptop_.password = bytes("of the laptop");
  phone_.password = bytes("of the phone");
  EXPECT_EQ(settled().rule, std::nullopt);
  const model::RuleId id = rule(Strategy::manual).id;
  EXPECT_EQ(settled().rule, id);
}

TEST_F(Resolve, TwoSecretsAreNotMerged) {
  Conflict mixed = conflict();
  mixed.heads[1].secret = named<model::SecretId>(99);
  EXPECT_EQ(resolve(mixed, settings_, nullptr, memory()).error(), Error::different_entities);
}

TEST(MatchesPattern, KnowsStarsAndQuestionMarks) {
  for (const auto& [pattern, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", "anything"},
                                                                  {"*", ""},
                                                                  {"a*c", "abbc"},
                                                                  {"a*c", "ac"},
                                                                  {"a?c", "abc"},
                                                                  {"*b*", "abc"},
                                                                  {"**", "x"},
                                                                  {"a*b*c", "axxbyyc"}}) {
    EXPECT_TRUE(matches_pattern(pattern, text)) << pattern << " " << text;
  }
  for (const auto& [pattern, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a", ""}, {"?", ""}, {"a*c", "abd"}, {"a?c", "ac"}, {"abc", "abcd"}, {"*x", "xy"}}) {
    EXPECT_FALSE(matches_pattern(pattern, text)) << pattern << " " << text;
  }
}

// ---- properties ---------------------------------------------------------------------------------

// Random heads over few values, so that equal and different ones are both common.
class RandomHeads {
 public:
  explicit RandomHeads(std::uint32_t seed) : random_{seed} {}

  auto secret() -> Secret {
    Secret made = github();
    made.label = bytes(one_of({"GitHub", "Git"}));
    made.username = bytes(one_of({"", "ann", "bob"}));
    made.password = bytes(one_of({"one", "two", "three"}));
    made.notes = bytes(one_of({"", "a", "b", "a and b"}));
    made.tags.clear();
    for (const char* tag : {"x", "y", "z"}) {
      if (below(2) == 0) made.tags.push_back(bytes(tag));
    }
    for (const char* name : {"pin", "puk", "pin"}) {
      if (below(2) == 0) {
        made.fields.push_back(
            {bytes(one_of({"", "card"})), bytes(name), bytes(one_of({"1", "2"}))});
      }
    }
    if (below(3) == 0) made.totp.secret = bytes(one_of({"s", "t"}));
    made.created = TimeMs{below(3)};
    made.modified = TimeMs{below(5)};
    return made;
  }
  // `contents` own what the conflict borrows.
  auto conflict(std::vector<std::unique_ptr<Secret>>& contents) -> Conflict {
    Conflict made{.secret = kSecret,
                  .category = kCategory,
                  .type = ConflictType::concurrent_update,
                  .heads = {}};
    contents.push_back(std::make_unique<Secret>(secret()));
    if (below(4) != 0) made.ancestor = contents.back().get();
    const std::uint64_t heads = 2 + below(4);
    for (std::uint64_t i = 0; i < heads; ++i) {
      Head head{.id = named_version(100 + i),
                .secret = kSecret,
                .place = {},
                .committed = TimeMs{below(5)},
                .author = named<model::DeviceId>(below(3))};
      if (below(4) != 0) head.place = std::pair{model::Height{i + 1}, std::uint64_t{0}};
      if (below(6) != 0) {
        contents.push_back(std::make_unique<Secret>(secret()));
        head.content = contents.back().get();
      }
      made.heads.push_back(head);
    }
    return made;
  }
  auto below(std::uint64_t end) -> std::uint64_t { return random_() % end; }
  void shuffle(auto& items) { std::shuffle(items.begin(), items.end(), random_); }

 private:
  auto one_of(std::initializer_list<const char*> values) -> std::string_view {
    return *(values.begin() + below(values.size()));
  }
  std::mt19937 random_;
};

TEST(ResolveProperty, TheOrderOfHeadsNeverMatters) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    RandomHeads random{seed};
    std::vector<std::unique_ptr<Secret>> contents;
    Conflict conflict = random.conflict(contents);
    ConflictSettings settings{memory()};
    settings.strategy = static_cast<Strategy>(random.below(5));
    const auto first = resolve(conflict, settings, nullptr, memory());
    ASSERT_TRUE(first.has_value());
    for (int again = 0; again < 4; ++again) {
      random.shuffle(conflict.heads);
      const auto other = resolve(conflict, settings, nullptr, memory());
      ASSERT_EQ(first->content.has_value(), other->content.has_value()) << "seed " << seed;
      if (first->content) {
        ASSERT_EQ(encoded(*first->content), encoded(*other->content)) << "seed " << seed;
      }
      ASSERT_EQ(first->shown, other->shown) << "seed " << seed;
      ASSERT_EQ(first->fields.size(), other->fields.size()) << "seed " << seed;
      for (std::size_t i = 0; i < first->fields.size(); ++i) {
        ASSERT_EQ(plain(first->fields[i].field), plain(other->fields[i].field)) << seed;
        ASSERT_EQ(first->fields[i].taken, other->fields[i].taken) << seed;
        ASSERT_EQ(first->fields[i].groups, other->fields[i].groups) << seed;
      }
    }
  }
}

// A value that is in one head and neither in the result nor in what it was before is named: some
// field says which heads differ.
TEST(ResolveProperty, NothingIsLostWithoutBeingNamed) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    RandomHeads random{seed};
    std::vector<std::unique_ptr<Secret>> contents;
    const Conflict conflict = random.conflict(contents);
    const ConflictSettings settings{memory()};
    const auto result = resolve(conflict, settings, nullptr, memory());
    if (!result->content || result->shown) continue;
    const auto lost = [&](const std::string& value, const std::string& kept,
                          const std::string& before) {
      return !value.empty() && value != kept && value != before;
    };
    for (const Head& head : conflict.heads) {
      if (head.content == nullptr) continue;
      const std::string before =
          conflict.ancestor == nullptr ? "" : plain(conflict.ancestor->password);
      if (!lost(plain(head.content->password), plain(result->content->password), before)) continue;
      const bool is_named = std::ranges::any_of(result->fields, [&](const FieldOutcome& field) {
        return plain(field.field) == "password" && field.taken != head.id;
      });
      ASSERT_TRUE(is_named) << "seed " << seed;
    }
    for (const Head& head : conflict.heads) {  // tags are united: every new one is there
      if (head.content == nullptr) continue;
      for (const std::string& tag : plain(head.content->tags)) {
        const auto old = conflict.ancestor == nullptr ? std::vector<std::string>{}
                                                      : plain(conflict.ancestor->tags);
        if (std::ranges::find(old, tag) != old.end()) continue;
        ASSERT_THAT(plain(result->content->tags), testing::Contains(tag)) << "seed " << seed;
      }
    }
  }
}

TEST(ResolveProperty, MergingAgainChangesNothing) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    RandomHeads random{seed};
    std::vector<std::unique_ptr<Secret>> contents;
    const Conflict conflict = random.conflict(contents);
    const ConflictSettings settings{memory()};
    const auto once = resolve(conflict, settings, nullptr, memory());
    if (!once->content) continue;
    // Two devices wrote the same merge: their versions agree, and a merge of both is the same.
    Conflict twice{.secret = kSecret,
                   .category = kCategory,
                   .type = ConflictType::concurrent_update,
                   .heads = {conflict.heads[0], conflict.heads[1]}};
    for (Head& head : twice.heads) head.content = &*once->content;
    const auto again = resolve(twice, settings, nullptr, memory());
    ASSERT_FALSE(again->differs) << "seed " << seed;
    ASSERT_EQ(encoded(*again->content), encoded(*once->content)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace holdfast::vault
