// The memory of this process searched for every key that a vault ever drew: before `lock`, and
// after it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "vault_fixture.h"

namespace holdfast::node {
namespace {

using Words = std::array<std::uint64_t, 4>;
constexpr std::uint64_t kMask = 0x5aa5'c33c'f00f'9669;  // so that the record itself is not found

// Keeps, masked, the first 32 bytes of what is drawn straight into protected memory; what is drawn
// on the stack, ids and nonces, is no key.
class RecordingEntropy final : public ports::Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override {
    system_.fill(out);
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const auto there = reinterpret_cast<std::uintptr_t>(out.data());
    constexpr std::uintptr_t kStackBytes = 16 << 20;
    if (out.size() < 32 || std::max(here, there) - std::min(here, there) < kStackBytes) return;
    Words words{};
    std::memcpy(words.data(), out.data(), sizeof words);
    for (std::uint64_t& word : words) word ^= kMask;
    drawn.push_back(words);
  }
  std::vector<Words> drawn;

 private:
  store::SystemEntropy system_;
};

// Which of the keys stand anywhere in this process's writable memory.
auto found_in_memory(const std::vector<Words>& keys) -> std::vector<bool> {
  std::vector<bool> found(keys.size());
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(memory, 0);
  std::vector<std::uint64_t> piece(1 << 17);
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    std::array<char, 5> rights{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights.data()) != 3) continue;
    if (rights[1] != 'w') continue;
    for (std::uint64_t at = begin; at < end;) {
      const std::uint64_t wanted = std::min<std::uint64_t>(end - at, piece.size() * 8);
      const ssize_t got = ::pread(memory, piece.data(), wanted, static_cast<off_t>(at));
      if (got <= 0) break;
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(piece.data());
      for (std::size_t i = 0; i + sizeof(Words) <= static_cast<std::size_t>(got); ++i) {
        std::uint64_t first = 0;
        std::memcpy(&first, bytes + i, sizeof first);
        for (std::size_t k = 0; k < keys.size(); ++k) {
          if ((keys[k][0] ^ kMask) != first || found[k]) continue;
          Words words{};
          std::memcpy(words.data(), bytes + i, sizeof words);
          for (std::uint64_t& word : words) word ^= kMask;
          found[k] = words == keys[k];
        }
      }
      at += static_cast<std::uint64_t>(got);
    }
  }
  ::close(memory);
  std::ranges::fill(piece, 0);
  return found;
}

class KeysAfterLock : public VaultTest {
 protected:
  auto recorded() -> Ports { return {clock_, recording_, *keys_, *plaintext_}; }
  RecordingEntropy recording_;
};

TEST_F(KeysAfterLock, OfAllTheKeysThatWereDrawnOnlyTheNodeKeyIsLeft) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's shadow memory is too large to be searched";
#endif
  auto made = DistributedVault::create(folder(), {.device_name = "test", .kdf = kTestKdf},
                                       passphrase(), recorded());
  ASSERT_TRUE(made) << made.error().text();
  vault_ = *std::move(made);
  for (int i = 0; i < 5; ++i) {
    const Receipt receipt = add("label " + std::to_string(i));
    EXPECT_EQ(password_of(receipt.secret), "hunter2");
  }
  ASSERT_GE(recording_.drawn.size(), 9U);  // node, author, wrap, category; one an entry
  const auto unlocked = found_in_memory(recording_.drawn);
  EXPECT_GE(std::ranges::count(unlocked, true), 3) << "the search finds nothing";
  vault_->lock();
  const auto locked = found_in_memory(recording_.drawn);
  for (std::size_t i = 0; i < locked.size(); ++i) {
    EXPECT_EQ(locked[i], i == 0) << "key " << i << " of "
                                 << locked.size();  // the node key is first
  }
  vault_.reset();
  EXPECT_EQ(std::ranges::count(found_in_memory(recording_.drawn), true), 0);
}

}  // namespace
}  // namespace holdfast::node
