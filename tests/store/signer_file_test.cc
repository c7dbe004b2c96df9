#include "store/signer_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "store/crc32c.h"
#include "store/store_fixtures.h"

namespace holdfast::store::testing {
namespace {

constexpr std::size_t kRecordBytes = 80;  // of a slot; the rest is unused

auto state_at(std::uint64_t round) -> SignerState {
  SignerState state{.epoch = 7, .round = round, .synced = SequenceNumber{10 * round}};
  state.digest.fill(static_cast<std::uint8_t>(round));
  return state;
}

void write_raw(const Path& path, ByteView content) {
  std::ofstream stream{path, std::ios::binary | std::ios::trunc};
  stream << base::text_of(content);
  stream.close();
  CHECK(stream.good());
}

auto read_raw(const Path& path) -> Bytes {
  auto content = read_file(path, 1U << 20);
  CHECK(content.has_value());
  return *std::move(content);
}

auto open_error(const Path& path) -> std::string {
  const auto signer = SignerFile::open(path);
  return signer ? "opened" : std::string{base::error_name(signer.error().code)};
}

class SignerFileTest : public ::testing::Test {
 protected:
  // Rounds 1 (created) to `last`, then closed.
  void write_rounds(std::uint64_t last) {
    auto signer = SignerFile::create(path_, state_at(1));
    ASSERT_TRUE(signer.has_value());
    for (std::uint64_t round = 2; round <= last; ++round) {
      ASSERT_TRUE((*signer)->write(state_at(round)).has_value());
    }
  }
  Scratch scratch_;
  const Path path_ = scratch_ / "signer";
};

TEST(Crc32c, MatchesItsPublishedVectors) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
  EXPECT_EQ(crc32c(base::view_of("123456789")), 0xE3069283U);
}

TEST_F(SignerFileTest, ReturnsTheLastStateWritten) {
  for (const std::uint64_t last : {1U, 2U, 3U, 10U}) {
    std::filesystem::remove(path_);
    write_rounds(last);
    const auto signer = SignerFile::open(path_);
    ASSERT_TRUE(signer.has_value());
    EXPECT_EQ((*signer)->state(), state_at(last));
    EXPECT_FALSE((*signer)->one_slot_was_damaged());
  }
}

TEST_F(SignerFileTest, IsPrivateAndOfFixedSize) {
  write_rounds(5);
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::filesystem::file_size(path_), kSignerFileBytes);
}

TEST_F(SignerFileTest, KeepsItsLayout) {
  SignerState state{.epoch = 0x0102030405060708, .round = 9, .synced = SequenceNumber{10}};
  state.digest.fill(0xAB);
  ASSERT_TRUE(SignerFile::create(path_, state).has_value());
  const Bytes content = read_raw(path_);
  const std::string expected = base::to_hex(base::view_of("HFSIGNER")) + "00000001" +
                               "0000000000000001" + "0102030405060708" + "0000000000000009" +
                               base::to_hex(Bytes(32, 0xAB)) + "000000000000000a";
  EXPECT_EQ(base::to_hex(ByteView{content}.subspan(kSignerSlotBytes, 76)), expected);
}

TEST_F(SignerFileTest, SaysThatItIsMissing) { EXPECT_EQ(open_error(path_), "signer_missing"); }

TEST_F(SignerFileTest, CreatingNeverOverwrites) {
  write_rounds(5);
  EXPECT_EQ(SignerFile::create(path_, state_at(1)).error().code, Error::already_exists);
  EXPECT_EQ((*SignerFile::open(path_))->state(), state_at(5));
}

TEST_F(SignerFileTest, RefusesAnEarlierRoundAndASecondDigest) {
  write_rounds(5);
  const auto signer = *SignerFile::open(path_);
  EXPECT_EQ(signer->write(state_at(4)), base::fail(Error::signer_regression));
  SignerState other = state_at(5);
  other.digest.fill(0xEE);
  EXPECT_EQ(signer->write(other), base::fail(Error::signer_regression));
  SignerState earlier_epoch = state_at(9);
  earlier_epoch.epoch = 6;
  EXPECT_EQ(signer->write(earlier_epoch), base::fail(Error::signer_regression));
  EXPECT_EQ(signer->state(), state_at(5));

  SignerState only_synced = state_at(5);
  only_synced.synced = SequenceNumber{999};
  EXPECT_TRUE(signer->write(only_synced).has_value());
  SignerState next_epoch{.epoch = 8, .round = 0, .synced = SequenceNumber{999}};
  EXPECT_TRUE(signer->write(next_epoch).has_value());
  EXPECT_EQ((*SignerFile::open(path_))->state(), next_epoch);
}

TEST_F(SignerFileTest, EveryBitFlipGivesTheStateOrTheOneBefore) {
  for (const std::uint64_t last : {4U, 5U}) {  // each slot is once the newer one
    std::filesystem::remove(path_);
    write_rounds(last);
    int fell_back = 0;
    for (std::size_t byte = 0; byte < kSignerFileBytes; ++byte) {
      if (byte % kSignerSlotBytes >= kRecordBytes && byte % 67 != 0) continue;  // unused bytes
      for (unsigned bit = 0; bit < 8; ++bit) {
        flip_bit_of_file(path_, byte, bit);
        const auto signer = SignerFile::open(path_);
        flip_bit_of_file(path_, byte, bit);
        ASSERT_TRUE(signer.has_value()) << byte;  // the other slot is whole
        const bool previous = (*signer)->state() == state_at(last - 1);
        ASSERT_TRUE(previous || (*signer)->state() == state_at(last)) << byte;
        ASSERT_TRUE(!previous || (*signer)->one_slot_was_damaged()) << byte;
        fell_back += previous ? 1 : 0;
      }
    }
    EXPECT_EQ(fell_back,
              static_cast<int>(kRecordBytes) * 8);  // every bit of the newer record counts
  }
}

TEST_F(SignerFileTest, EveryTruncationGivesTheStateTheOneBeforeOrAnError) {
  write_rounds(5);  // in slot 1; round 4 is in slot 0
  for (std::size_t length = kSignerFileBytes; length-- > 0;) {
    std::filesystem::resize_file(path_, length);
    const auto signer = SignerFile::open(path_);
    if (length < kRecordBytes) {
      ASSERT_FALSE(signer.has_value());
      ASSERT_EQ(signer.error().code, Error::signer_corrupt);
      continue;
    }
    ASSERT_TRUE(signer.has_value());
    const bool whole = length >= kSignerSlotBytes + kRecordBytes;
    ASSERT_EQ((*signer)->state(), state_at(whole ? 5 : 4)) << length;
    ASSERT_EQ((*signer)->one_slot_was_damaged(), !whole) << length;
  }
}

TEST_F(SignerFileTest, RefusesDamageOfBothSlots) {
  write_rounds(5);
  flip_bit_of_file(path_, 30, 0);
  flip_bit_of_file(path_, kSignerSlotBytes + 40, 5);
  EXPECT_EQ(open_error(path_), "signer_corrupt");
}

TEST_F(SignerFileTest, RefusesSlotsThatAreNoNeighboursSinceAWriteWasLost) {
  write_rounds(3);
  const Bytes old = read_raw(path_);
  std::filesystem::remove(path_);
  write_rounds(6);
  Bytes mixed = read_raw(path_);
  std::copy_n(old.begin(), kSignerSlotBytes, mixed.begin());  // a stale first sector
  write_raw(path_, mixed);
  EXPECT_EQ(open_error(path_), "signer_corrupt");
  std::copy_n(old.begin() + kSignerSlotBytes, kSignerSlotBytes, mixed.begin());  // misdirected
  std::copy_n(old.begin() + kSignerSlotBytes, kSignerSlotBytes, mixed.begin() + kSignerSlotBytes);
  write_raw(path_, mixed);
  EXPECT_TRUE((*SignerFile::open(path_))->one_slot_was_damaged());
}

TEST_F(SignerFileTest, RefusesBytesAfterItsEndAndANewerFormat) {
  write_rounds(2);
  Bytes content = read_raw(path_);
  Bytes longer = content;
  longer.push_back(0);
  write_raw(path_, longer);
  EXPECT_EQ(open_error(path_), "signer_corrupt");
  content[11] = 2;  // the version, under a right checksum
  const std::uint32_t checksum = crc32c(ByteView{content}.first(76));
  for (unsigned i = 0; i < 4; ++i)
    content[76 + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
  write_raw(path_, content);
  EXPECT_EQ(open_error(path_), "unsupported_version");
}

TEST_F(SignerFileTest, FailedSyncStopsItAndIsNotRepeated) {
  write_rounds(2);
  {
    const auto signer = *SignerFile::open(path_);
    SyscallFaults::fail_sync(1, EIO);
    EXPECT_EQ(signer->write(state_at(3)), base::fail(Error::store_io));
    const int syncs = SyscallFaults::syncs();
    EXPECT_EQ(signer->write(state_at(4)), base::fail(Error::store_failed));
    EXPECT_EQ(SyscallFaults::syncs(), syncs);
    EXPECT_EQ(signer->state(), state_at(2));
  }
  const auto again = *SignerFile::open(path_);
  EXPECT_TRUE(again->state() == state_at(2) || again->state() == state_at(3));
}

TEST_F(SignerFileTest, WritesOnAfterATornSlotAndHealsIt) {
  write_rounds(5);
  flip_bit_of_file(path_, 20, 0);  // slot 0 holds round 5 (generation 5 is slot 1): the older
  {
    const auto signer = *SignerFile::open(path_);
    EXPECT_TRUE(signer->one_slot_was_damaged());
    ASSERT_TRUE(signer->write(state_at(6)).has_value());
  }
  const auto healed = *SignerFile::open(path_);
  EXPECT_EQ(healed->state(), state_at(6));
  EXPECT_FALSE(healed->one_slot_was_damaged());
}

TEST_F(SignerFileTest, TellsWhenTheStoreIsBehind) {
  MemoryStore store;
  ASSERT_TRUE(store.write(put_one("a", "1"), Durability::synced).has_value());
  SignerState state = state_at(1);
  state.synced = store.last_synced();
  ASSERT_TRUE(store.write(put_one("b", "2"), Durability::synced).has_value());
  EXPECT_TRUE(check_log_complete(store, state).has_value());  // ahead is in order
  state.synced = store.last_synced();
  EXPECT_TRUE(check_log_complete(store, state).has_value());
  store.lose_log(0);
  EXPECT_EQ(check_log_complete(store, state), base::fail(Error::store_log_lost));
}

TEST(ChildRole, DISABLED_SignsUntilKilled) {
  const Path path = variable("HOLDFAST_TEST_FOLDER");
  SyscallFaults::kill_at(std::stoi(variable("HOLDFAST_TEST_CALL")));
  auto signer = SignerFile::create(path / "signer", state_at(1));
  CHECK(signer.has_value());
  report(1);
  for (std::uint64_t round = 2; round <= 6; ++round) {
    CHECK((*signer)->write(state_at(round)).has_value());
    report(round);
  }
  SyscallFaults::kill_at(0);
}

TEST(SignerFile, KilledAtAnySystemCallItKeepsEveryRoundItReported) {
  bool ended = false;
  for (int call = 1; !ended; ++call) {
    ASSERT_LT(call, 100);
    const Scratch scratch;
    Child child{
        "SignsUntilKilled",
        {{"HOLDFAST_TEST_FOLDER", scratch.path()}, {"HOLDFAST_TEST_CALL", std::to_string(call)}}};
    std::uint64_t acknowledged = 0;
    while (const auto round = child.next_number()) acknowledged = *round;
    ended = child.wait() == 0;
    ASSERT_EQ(child.wait(), ended ? 0 : -SIGKILL);
    const auto signer = SignerFile::open(scratch / "signer");
    if (acknowledged == 0 && !signer) {
      EXPECT_EQ(signer.error().code, Error::signer_missing);
      continue;
    }
    ASSERT_TRUE(signer.has_value()) << signer.error().text();
    const auto round = (*signer)->state().round;
    EXPECT_TRUE(round == acknowledged || round == acknowledged + 1) << "call " << call;
    EXPECT_EQ((*signer)->state(), state_at(round));
  }
}

}  // namespace
}  // namespace holdfast::store::testing
