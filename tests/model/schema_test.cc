// Real messages against docs/formats.cddl, judged by the `cddl` program.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "model/examples.h"

namespace holdfast::model {
namespace {

namespace fs = std::filesystem;

class Schema : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v cddl >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "the program `cddl` is not installed (./dev setup interop)";
    std::string name = (fs::temp_directory_path() / "holdfast-schema-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  // Whether `message` is a `rule` of the schema.
  auto accepts(const std::string& rule, base::ByteView message) -> bool {
    std::ifstream schema{fs::path{HOLDFAST_SOURCE_DIR} / "docs/formats.cddl"};
    EXPECT_TRUE(schema);
    // the tool judges by the first rule
    std::ofstream{folder_ / "schema.cddl"} << "start = " << rule << "\n" << schema.rdbuf();
    std::ofstream{folder_ / "message.cbor", std::ios::binary} << base::text_of(message);
    const std::string command = "cd '" + folder_.string() +
                                "' && cddl validate --cddl schema.cddl --cbor message.cbor "
                                ">answer 2>&1";
    const bool accepted = std::system(command.c_str()) == 0;
    std::ifstream answer{folder_ / "answer"};
    last_answer_.assign(std::istreambuf_iterator<char>{answer}, {});
    // it may leave with 0 whatever it found: the text tells
    return accepted && last_answer_.find("is successful") != std::string::npos;
  }
  auto answer() const -> const std::string& { return last_answer_; }

  // The schema takes the example, and refuses it with one element more.
  void check(const std::string& rule, const base::Bytes& message) {
    EXPECT_TRUE(accepts(rule, message)) << rule << ": " << answer();
    const base::Bytes longer = with_one_more_element(message);
    EXPECT_FALSE(accepts(rule, longer)) << rule << " with one element too many";
  }

 private:
  static auto with_one_more_element(base::Bytes message) -> base::Bytes {
    ++message.front();  // the head of a short array
    message.push_back(0x00);
    return message;
  }

  fs::path folder_;
  std::string last_answer_;
};

TEST_F(Schema, DescribesVersionsAndStubs) {
  check("Version", encode(examples::version()).bytes);
  check("Version", encode(examples::first_version()).bytes);
  check("Version", encode(examples::tombstone()).bytes);
  check("Stub", encode(examples::stub()));
}

TEST_F(Schema, DescribesATransactionWithEveryChange) {
  check("Transaction", examples::signed_bytes(examples::transaction(examples::all_changes())));
  for (const Change& change : examples::all_changes()) {
    EXPECT_TRUE(accepts("Transaction", examples::signed_bytes(examples::transaction({change}))))
        << "change " << change_number(change.what.index()) << ": " << answer();
  }
}

TEST_F(Schema, RefusesATransactionWithAnUnknownChange) {
  base::Bytes message = examples::signed_bytes(examples::transaction({Change{CloseEpoch{}}}));
  ASSERT_TRUE(accepts("Transaction", message)) << answer();
  const base::Bytes close_epoch = {0x81, 0x81, 0x18, 0x23};
  const auto found =
      std::search(message.begin(), message.end(), close_epoch.begin(), close_epoch.end());
  ASSERT_NE(found, message.end());
  found[3] = 0x63;  // change 99
  EXPECT_FALSE(accepts("Transaction", message));
}

TEST_F(Schema, DescribesRecordsAndGenesis) {
  check("KeyGeneration", encode(examples::key_generation()));
  check("MemberRecord", encode(examples::member()));
  check("MemberRecord", encode(examples::replica()));
  check("Genesis", encode(examples::genesis()));
}

TEST_F(Schema, DescribesBlocksCommitsAndCheckpoints) {
  check("Header", encode(examples::header()));
  check("Block", encode(examples::block()));
  check("Commit", encode(examples::commit()));
  check("Committee", encode(examples::committee()));
  check("Checkpoint", encode(examples::checkpoint()));
  check("CheckpointVote", encode(examples::checkpoint_vote()));
  Checkpoint within_an_epoch = examples::checkpoint();
  within_an_epoch.next.reset();
  check("Checkpoint", encode(within_an_epoch));
}

TEST_F(Schema, DescribesTheState) {
  check("ChainState", encode(examples::chain_state()));
  check("MemberState", encode(examples::member_state()));
  check("AuthorState", encode(examples::author_state()));
  check("Roster", encode(examples::roster()));
  check("CategoryState", encode(examples::category_state()));
  check("SecretState", encode(examples::secret_state()));
  check("AuditRecord", encode(examples::audit_record()));
}

TEST_F(Schema, DescribesASecret) {
  auto memory = base::SecretMemory::create({16 << 20, base::Lock::none}).value();
  const auto encoded = encode(examples::secret(*memory), *memory).value();
  encoded.expose([&](base::ByteView view) {
    EXPECT_TRUE(accepts("Secret", view)) << answer();
    return 0;
  });
  base::Bytes without_label;  // {0: 0, 10: 0, 11: 0}
  for (const int byte : {0xa3, 0, 0, 10, 0, 11, 0})
    without_label.push_back(static_cast<std::uint8_t>(byte));
  EXPECT_FALSE(accepts("Secret", without_label));
}

}  // namespace
}  // namespace holdfast::model
