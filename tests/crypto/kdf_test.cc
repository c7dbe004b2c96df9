#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "crypto/vectors.h"

namespace holdfast::crypto {
namespace {
using base::Bytes, base::Error, base::view_of;
using std::chrono::nanoseconds, std::chrono::milliseconds;
using namespace vectors;

TEST(Hkdf, MatchesWycheproof) {
  VECTOR_JSON(file, "wycheproof/hkdf_sha256_test.json");
  Tally tally{"wycheproof/hkdf_sha256_test.json"};
  each_test(file, [&](const Object&, const Object& test) {
    Bytes out(number(test, "size"));
    const auto derived = hkdf(hex(test, "ikm"), hex(test, "salt"), hex(test, "info"), out);
    const bool valid = text(test, "result") == "valid";
    tally.expect(valid ? derived && out == hex(test, "okm") : derived.error() == Error::bad_length,
                 test);
  });
}

TEST(Argon2, KnowsItsFloor) {
  const auto error = [](const Argon2Params& params) { return check_params(params).error(); };
  EXPECT_TRUE(check_params(kArgon2Floor));
  EXPECT_EQ(error({.memory_kib = 64 * 1024 - 1, .passes = 3, .lanes = 1}), Error::kdf_below_floor);
  EXPECT_EQ(error({.memory_kib = 64 * 1024, .passes = 2, .lanes = 1}), Error::kdf_below_floor);
  EXPECT_EQ(error({.memory_kib = 256 * 1024 - 1, .passes = 2, .lanes = 1}), Error::kdf_below_floor);
  EXPECT_TRUE(check_params({.memory_kib = 256 * 1024, .passes = 1, .lanes = 1}));
  EXPECT_EQ(error({.memory_kib = 256 * 1024, .passes = 0, .lanes = 1}), Error::kdf_below_floor);
  EXPECT_EQ(error({.memory_kib = 64 * 1024, .passes = 3, .lanes = 0}), Error::kdf_below_floor);
  EXPECT_EQ(error({.memory_kib = 0, .passes = 64, .lanes = 8}), Error::kdf_below_floor);
}

TEST(Argon2, KnowsItsCeiling) {
  const auto error = [](const Argon2Params& params) { return check_params(params).error(); };
  EXPECT_TRUE(check_params(kArgon2Ceiling));
  EXPECT_EQ(error({.memory_kib = 4 * 1024 * 1024 + 1, .passes = 3, .lanes = 1}),
            Error::kdf_above_ceiling);
  EXPECT_EQ(error({.memory_kib = 64 * 1024, .passes = 65, .lanes = 1}), Error::kdf_above_ceiling);
  EXPECT_EQ(error({.memory_kib = 64 * 1024, .passes = 3, .lanes = 9}), Error::kdf_above_ceiling);
}

TEST(Argon2, RefusesParametersAndLengthsBeforeItWorks) {
  Bytes out(32);
  const Bytes salt(16, 1);
  EXPECT_EQ(
      argon2id(view_of("p"), salt, {.memory_kib = 1024, .passes = 3, .lanes = 1}, out).error(),
      Error::kdf_below_floor);
  EXPECT_EQ(argon2id(view_of("p"), base::ByteView{salt}.first(15), kArgon2Floor, out).error(),
            Error::bad_length);
  EXPECT_EQ(argon2id(view_of("p"), salt, kArgon2Floor, std::span{out}.first(15)).error(),
            Error::bad_length);
  EXPECT_EQ(argon2_raw(Argon2Type::id, view_of("p"), salt,
                       {.memory_kib = 7, .passes = 1, .lanes = 1}, out)
                .error(),
            Error::kdf_below_floor);
}

TEST(Argon2, TheCheckedFunctionIsArgon2id) {
  Bytes checked(32);
  Bytes raw(32);
  const Bytes salt(16, 1);
  ASSERT_TRUE(argon2id(view_of("p"), salt, kArgon2Floor, checked));
  ASSERT_TRUE(argon2_raw(Argon2Type::id, view_of("p"), salt, kArgon2Floor, raw));
  EXPECT_EQ(checked, raw);
}

auto type_of(std::string_view name) -> Argon2Type {
  return name == "Argon2_id" ? Argon2Type::id : name == "Argon2_i" ? Argon2Type::i : Argon2Type::d;
}

TEST(Argon2, MatchesTheReferenceHashes) {
  VECTOR_JSON(file, "argon2/phc_reference_hashtests.json");
  Tally tally{"argon2/phc_reference_hashtests.json"};
  for (const auto& entry : file.as_array()) {
    const auto& test = entry.as_object();
    if (number(test, "version") != 19) {
      tally.skipped("version 1.0");
      continue;
    }
    const auto log2_memory = number(test, "log2_m_KiB");
    if (log2_memory > 18) {
      tally.skipped("1 GiB of memory");
      continue;
    }
    Bytes out(32);
    const auto done = argon2_raw(type_of(text(test, "type")), view_of(text(test, "password")),
                                 view_of(text(test, "salt")),
                                 {.memory_kib = 1U << log2_memory,
                                  .passes = static_cast<std::uint32_t>(number(test, "t")),
                                  .lanes = static_cast<std::uint32_t>(number(test, "p"))},
                                 out);
    tally.expect(done && out == hex(test, "hash_hex"), test);
  }
}

TEST(Argon2, MatchesRfc9106WithSecretAndAssociatedData) {
  const Bytes password(32, 1);
  const Bytes salt(16, 2);
  const Bytes secret(8, 3);
  const Bytes associated(12, 4);
  for (const auto& [name, type] :
       {std::pair{"argon2d", Argon2Type::d}, std::pair{"argon2i", Argon2Type::i},
        std::pair{"argon2id", Argon2Type::id}}) {
    const std::string file = std::string{"argon2/"} + name + "_rfc9106_kat_header_and_tag.txt";
    VECTOR_TEXT(content, file);
    Tally tally{file};
    std::istringstream tag{content.substr(content.find("\nTag: ") + 6)};
    std::string expected;
    for (std::string byte; expected.size() < 64 && tag >> byte;) expected += byte;
    Bytes out(32);
    ASSERT_TRUE(argon2_raw(type, password, salt, {.memory_kib = 32, .passes = 3, .lanes = 4}, out,
                           {.secret = secret, .associated = associated}));
    EXPECT_EQ(base::to_hex(out), expected);
    tally.passed();
  }
}

// A machine on which a pass over one MiB takes `per_mib`.
auto machine(nanoseconds per_mib) -> Argon2Measure {
  return [per_mib](const Argon2Params& params) -> Result<nanoseconds> {
    return per_mib * params.memory_kib / 1024 * params.passes;
  };
}

TEST(Calibrate, ComesCloseToTheTargetAndStaysBelow) {
  const auto measure = machine(nanoseconds{700'000});
  const auto params = calibrate(milliseconds{1000}, measure).value();
  EXPECT_LE(measure(params).value(), milliseconds{1000});
  EXPECT_GT(measure(params).value(), milliseconds{750});
  EXPECT_TRUE(check_params(params));
}

TEST(Calibrate, NeverGoesBelowTheFloorHoweverSlowTheMachine) {
  EXPECT_EQ(calibrate(milliseconds{1000}, machine(milliseconds{900})).value(), kArgon2Floor);
}

TEST(Calibrate, GrowsPassesWhereMemoryEndsAndStopsAtTheCeiling) {
  const auto params =
      calibrate(milliseconds{1000}, machine(nanoseconds{700'000}), 128 * 1024).value();
  EXPECT_EQ(params, (Argon2Params{.memory_kib = 128 * 1024, .passes = 11, .lanes = 1}));
  const auto most = calibrate(milliseconds{1000}, machine(nanoseconds{0})).value();
  EXPECT_EQ(most.memory_kib, kCalibrationMemoryKibMax);
  EXPECT_EQ(most.passes, kArgon2Ceiling.passes);
}

// Guards: making a vault took five times the target.
TEST(Calibrate, CostsOneMeasurementBesideThatOfTheFloor) {
  int measured = 0;
  const auto measure = [&](const Argon2Params& params) {
    ++measured;
    return machine(nanoseconds{700'000})(params);
  };
  ASSERT_TRUE(calibrate(milliseconds{1000}, measure));
  EXPECT_EQ(measured, 2);
}

TEST(Calibrate, HandsOnAFailedMeasurement) {
  const auto failing = [](const Argon2Params&) -> Result<nanoseconds> {
    return base::fail(Error::crypto_failed);
  };
  EXPECT_EQ(calibrate(milliseconds{1}, failing).error(), Error::crypto_failed);
}

}  // namespace
}  // namespace holdfast::crypto
