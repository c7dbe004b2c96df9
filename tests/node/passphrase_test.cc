#include <cstdint>
#include <cstdlib>

#include "node/child_process.h"
#include "node/header_file.h"
#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Error;

class Passphrase : public VaultTest {
 protected:
  auto opens_with(std::string_view text) -> bool {
    reopen(false);
    return vault_->unlock(passphrase(text)).has_value();
  }
};

TEST_F(Passphrase, OpensWithTheNewOneAndNoLongerWithTheOld) {
  create();
  const Receipt receipt = add("GitHub", "s3cret");
  const auto changed = vault_->change_passphrase(passphrase(), passphrase("new horse"), {});
  ASSERT_TRUE(changed) << changed.error().text();
  vault_->lock();  // the open vault knows it at once, without being opened again
  EXPECT_EQ(vault_->unlock(passphrase()).error().code, Error::wrong_passphrase);
  EXPECT_TRUE(vault_->unlock(passphrase("new horse")));
  EXPECT_FALSE(opens_with("correct horse"));
  ASSERT_TRUE(opens_with("new horse"));
  EXPECT_EQ(password_of(receipt.secret), "s3cret");
}

TEST_F(Passphrase, AWrongOldOneChangesNothing) {
  create();
  const auto before = store::read_file(folder() / "header", kHeaderFileBytesMax);
  const auto changed = vault_->change_passphrase(passphrase("wrong"), passphrase("new horse"), {});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Error::wrong_passphrase);
  const auto empty = vault_->change_passphrase(passphrase(), passphrase(""), {});
  EXPECT_EQ(empty.error().code, Error::passphrase_empty);
  const auto after = store::read_file(folder() / "header", kHeaderFileBytesMax);
  ASSERT_TRUE(before.has_value() && after.has_value());
  EXPECT_EQ(*after, *before);
}

TEST_F(Passphrase, WorksWhileLockedAndLeavesTheVaultLocked) {
  create();
  reopen(false);
  ASSERT_TRUE(vault_->change_passphrase(passphrase(), passphrase("new horse"), {}));
  EXPECT_FALSE(vault_->status().unlocked);
  EXPECT_TRUE(vault_->unlock(passphrase("new horse")));
}

TEST_F(Passphrase, KeepsTheCostOfAGuessUnlessAnotherIsNamed) {
  create();
  ASSERT_TRUE(vault_->change_passphrase(passphrase(), passphrase("two"), {}));
  EXPECT_EQ(vault_->status().kdf, kTestKdf);
  crypto::Argon2Params dearer = kTestKdf;
  ++dearer.passes;
  ASSERT_TRUE(vault_->change_passphrase(passphrase("two"), passphrase("three"), dearer));
  EXPECT_EQ(vault_->status().kdf, dearer);
  ASSERT_TRUE(opens_with("three"));
  EXPECT_EQ(vault_->status().kdf, dearer);
}

constexpr const char* kFolder = "HOLDFAST_TEST_PASSPHRASE_FOLDER";

// The child that is killed: changes back and forth, and reports before and after each change.
class PassphraseChild : public VaultTest {};
TEST_F(PassphraseChild, DISABLED_ChangesForEver) {
  auto opened = DistributedVault::open(std::getenv(kFolder), ports());
  ASSERT_TRUE(opened);
  std::string_view now = "correct horse", next = "new horse";
  for (;;) {
    Child::report({});
    ASSERT_TRUE((*opened)->change_passphrase(passphrase(now), passphrase(next), {}));
    std::swap(now, next);
  }
}

TEST_F(Passphrase, AKillLeavesExactlyOneOfTheTwoValid) {
  create();
  vault_.reset();
  std::string_view now = "correct horse", other = "new horse";
  for (int reports = 1; reports <= 4; ++reports) {
    {
      Child child{"PassphraseChild.DISABLED_ChangesForEver", {{kFolder, folder().string()}}};
      for (int i = 0; i < reports; ++i) ASSERT_TRUE(child.next()) << "the child has failed";
    }
    const bool by_one = opens_with("correct horse");
    const bool by_other = opens_with("new horse");
    EXPECT_NE(by_one, by_other);
    if (!by_one) {  // the next child begins with the first
      ASSERT_TRUE(vault_->change_passphrase(passphrase(other), passphrase(now), {}));
    }
    vault_.reset();
  }
}

}  // namespace
}  // namespace holdfast::node
