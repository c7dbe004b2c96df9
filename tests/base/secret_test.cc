#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::base {
namespace {

using Key = Secret<struct KeyTag, 32>;

auto memory(std::size_t bytes_max = 1 << 20) {
  auto made = SecretMemory::create({.bytes_max = bytes_max, .lock = Lock::attempted});
  return std::move(made.value());
}

TEST(Secret, KeepsWhatWasFilledIn) {
  auto keys = memory();
  auto key = Key::make(*keys, [](auto out) { std::memset(out.data(), 7, out.size()); });
  ASSERT_TRUE(key);
  EXPECT_EQ(key->expose([](auto bytes) { return int{bytes[31]}; }), 7);
}

TEST(Secret, IsWipedWhenReleased) {
  auto keys = memory();
  const std::uint8_t* where = nullptr;
  {
    auto key = Key::make(*keys, [&](auto out) {
      std::memset(out.data(), 0xa5, out.size());
      where = out.data();
    });
    ASSERT_EQ(*where, 0xa5);
  }
  // The pool keeps the page, so the bytes may still be read. The pool reuses the first bytes of a
  // free block only in its own map, never in the block.
  for (int i = 0; i < 32; ++i) EXPECT_NE(where[i], 0xa5);
}

TEST(Secret, IsMoveOnly) {
  static_assert(!std::is_copy_constructible_v<Key>);
  static_assert(std::is_move_constructible_v<Key>);
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
}

TEST(SecretMemory, RefusesMoreThanItsLimit) {
  auto keys = memory(64 << 10);
  SecretBytes text{*keys};
  EXPECT_THROW(text.buffer().resize(1 << 20), std::bad_alloc);
  const Bytes large(1 << 20);
  auto copy = SecretBytes::copy_of(*keys, ByteView{large});
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error(), Error::secret_memory_exhausted);
}

TEST(SecretMemory, GivesBackLargeBlocks) {
  auto keys = memory(8 << 20);
  for (int i = 0; i < 100; ++i) {
    SecretBytes text{*keys};
    text.buffer().resize(1 << 20);
  }
  EXPECT_LT(keys->bytes_in_use(), std::size_t{8} << 20);
}

TEST(SecretMemory, IsLockedAndExcludedFromDumps) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers turn mlock into nothing";
#else
  auto keys = memory();
  auto key = Key::make(*keys, [](auto out) { std::memset(out.data(), 1, out.size()); });
  ASSERT_TRUE(key);
  const auto address =
      key->expose([](auto b) { return reinterpret_cast<std::uintptr_t>(b.data()); });
  std::ifstream maps{"/proc/self/smaps"};
  std::string line;
  bool inside = false;
  std::string flags;
  while (std::getline(maps, line)) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) {
      inside = address >= from && address < to;
    } else if (inside && line.starts_with("VmFlags:")) {
      flags = line + " ";
    }
  }
  EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;  // locked
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;  // not dumped
  EXPECT_NE(flags.find(" wf "), std::string::npos) << flags;  // wiped on fork
#endif
}

TEST(LockedPages, HandsOutRunsThatDoNotOverlapAndTakesThemBack) {
  for (const Lock lock : {Lock::attempted, Lock::none}) {
    LockedPages pages{{.bytes_max = 8 << 20, .lock = lock}};
    std::vector<std::pair<std::uint8_t*, std::size_t>> runs;
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < 150; ++i) {
        const std::size_t bytes = i % 7 == 0 ? 40'000 : 1 + i * 97;
        auto* run = static_cast<std::uint8_t*>(pages.allocate(bytes, 16));
        std::memset(run, static_cast<int>(i), bytes);
        runs.emplace_back(run, bytes);
      }
      std::sort(runs.begin(), runs.end());
      for (std::size_t i = 1; i < runs.size(); ++i) {
        ASSERT_LE(runs[i - 1].first + runs[i - 1].second, runs[i].first);
      }
      std::size_t kept = 0;  // every third stays, so that slabs have holes
      for (std::size_t i = 0; i < runs.size(); ++i) {
        if (i % 3 == 0 && round < 2) {
          runs[kept++] = runs[i];
        } else {
          pages.deallocate(runs[i].first, runs[i].second, 16);
        }
      }
      runs.resize(kept);
    }
    EXPECT_EQ(pages.bytes_in_use(), 0U);
  }
}

TEST(SecretBytes, GrowthWipesTheOldBlock) {
  auto keys = memory();
  SecretBytes text{*keys};
  text.buffer().assign(48, 0x5a);
  const std::uint8_t* old = text.buffer().data();
  text.buffer().resize(64 << 10);
  ASSERT_NE(old, text.buffer().data());
  for (int i = 0; i < 48; ++i) EXPECT_NE(old[i], 0x5a);
}

TEST(SecretBytes, ClonesOnTheSameMemory) {
  auto keys = memory();
  auto text = SecretBytes::copy_of(*keys, std::string_view{"hunter2"});
  ASSERT_TRUE(text);
  const SecretBytes copy = text->clone();
  EXPECT_TRUE(copy.expose_text([](std::string_view t) { return t == "hunter2"; }));
}

}  // namespace
}  // namespace holdfast::base
