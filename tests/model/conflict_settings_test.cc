#include "model/conflict_settings.h"

#include <gtest/gtest.h>

#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::Bytes, base::ByteView, base::Error, base::SecretBytes, base::SecretMemory;

class ConflictSettingsTest : public testing::Test {
 protected:
  auto text(std::string_view value) -> SecretBytes {
    return examples::secret_bytes(*memory_, value);
  }
  auto rule(RuleAction action) -> ConflictRule {
    ConflictRule made{
        .id = {}, .priority = 7, .condition = RuleCondition{*memory_}, .action = std::move(action)};
    made.id.bytes.fill(9);
    return made;
  }
  auto full() -> ConflictSettings {
    ConflictSettings settings{*memory_};
    settings.strategy = Strategy::custom;
    settings.resolver = text("longest");
    settings.rules.push_back(rule(Strategy::manual));
    settings.rules.push_back(rule(FieldAction{FieldRule::concatenate, text(" / ")}));
    RuleCondition& when = settings.rules.back().condition;
    when.category.emplace().bytes.fill(3);
    when.label = text("Git*");
    when.tag = text("work");
    when.field = text("notes");
    when.type = ConflictType::version;
    when.author_role = RoleId{2};
    return settings;
  }
  auto encoded(const ConflictSettings& settings) -> Bytes {
    return encode(settings, *memory_).value().expose([](ByteView v) { return base::to_bytes(v); });
  }
  auto error_of(const Bytes& bytes) -> std::string_view {
    const auto decoded = decode_conflict_settings(bytes, *memory_);
    return decoded ? "accepted" : base::error_name(decoded.error());
  }
  std::unique_ptr<SecretMemory> memory_ = SecretMemory::create({8 << 20, base::Lock::none}).value();
};

TEST_F(ConflictSettingsTest, KeepWhatTheySay) {
  const Bytes bytes = encoded(full());
  const auto settings = decode_conflict_settings(bytes, *memory_);
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(encoded(*settings), bytes);
  EXPECT_EQ(settings->strategy, Strategy::custom);
  ASSERT_EQ(settings->rules.size(), 2U);
  EXPECT_EQ(std::get<Strategy>(settings->rules[0].action), Strategy::manual);
  EXPECT_EQ(std::get<FieldAction>(settings->rules[1].action).rule, FieldRule::concatenate);
  EXPECT_EQ(settings->rules[1].condition.type, ConflictType::version);
  EXPECT_EQ(settings->rules[1].condition.author_role, RoleId{2});
  EXPECT_EQ(settings->rules[1].priority, 7U);
}

TEST_F(ConflictSettingsTest, EveryPrefixAndEveryOtherByteIsRefusedOrMeansItself) {
  const Bytes bytes = encoded(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(Bytes{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}),
              "accepted");
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 0x11;
    const auto decoded = decode_conflict_settings(changed, *memory_);
    if (!decoded) continue;
    EXPECT_EQ(encoded(*decoded), changed) << at;  // one encoding for one meaning
  }
}

TEST_F(ConflictSettingsTest, LimitsAreKept) {
  ConflictSettings settings{*memory_};
  settings.resolver = text(std::string(kResolverBytesMax + 1, 'x'));
  EXPECT_EQ(encode(settings, *memory_).error(), Error::too_long);
  settings.resolver = text("");
  for (std::size_t i = 0; i < kConflictRulesMax; ++i)
    settings.rules.push_back(rule(Strategy::merge));
  EXPECT_TRUE(encode(settings, *memory_).has_value());
  settings.rules.push_back(rule(Strategy::merge));
  EXPECT_EQ(encode(settings, *memory_).error(), Error::too_long);
  settings.rules.clear();
  settings.rules.push_back(rule(Strategy::merge));
  settings.rules.back().condition.label = text(std::string(kPatternBytesMax + 1, 'x'));
  EXPECT_EQ(encode(settings, *memory_).error(), Error::too_long);
  settings.rules.back() = rule(FieldAction{{}, text(std::string(kSeparatorBytesMax + 1, 'x'))});
  EXPECT_EQ(encode(settings, *memory_).error(), Error::too_long);
  settings.rules.clear();
  for (int i = 0; i < 64; ++i) {  // 64 KiB in all
    settings.rules.push_back(rule(Strategy::merge));
    settings.rules.back().condition.label = text(std::string(kPatternBytesMax, 'x'));
  }
  EXPECT_EQ(encode(settings, *memory_).error(), Error::too_long);
}

TEST_F(ConflictSettingsTest, ALaterFormatSaysSo) {
  Bytes bytes = encoded(ConflictSettings{*memory_});
  bytes[1] = 2;
  EXPECT_EQ(error_of(bytes), "unsupported_version");
}

TEST_F(ConflictSettingsTest, NamesAndNumbersBelongTogether) {
  for (std::uint64_t i = 0; i < kStrategies; ++i) {
    EXPECT_EQ(strategy_named(name_of(static_cast<Strategy>(i))), static_cast<Strategy>(i));
  }
  for (std::uint64_t i = 0; i < kFieldRules; ++i) {
    EXPECT_EQ(field_rule_named(name_of(static_cast<FieldRule>(i))), static_cast<FieldRule>(i));
  }
  for (std::uint64_t i = 0; i < kConflictTypes; ++i) {
    EXPECT_EQ(conflict_type_named(name_of(static_cast<ConflictType>(i))),
              static_cast<ConflictType>(i));
  }
  EXPECT_EQ(strategy_named("newest"), std::nullopt);
  EXPECT_EQ(field_rule_named(""), std::nullopt);
}

}  // namespace
}  // namespace holdfast::model
