// secret.h: key material and other secrets: locked, kept out of dumps and forks, wiped,
// unprintable. SecretMemory is also the memory resource of every parser that sees plaintext.
// Limits: SecretMemory hands out at most bytes_max. Keys live in a small locked one; bulk plaintext
// (an import) in a large one that is wiped and undumpable, but larger than a user may lock.
// Time: none. Threads: SecretMemory any; Secret and SecretBytes one writer.
// Errors: memory_not_lockable (at start), secret_memory_exhausted. Source: docs/design/security.md.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace holdfast::base {

enum class Lock : std::uint8_t {
  required,   // memory that cannot be locked is refused
  attempted,  // memory that cannot be locked is counted, status and doctor report it
  none,       // wiped and undumpable, but not locked
};

// Runs of pages, locked, excluded from core dumps, wiped in a forked child. A large run lies
// between two guard pages of its own; small ones share a slab of up to 64 pages between two,
// because every mapping costs five system calls and the kernel allows a process only some 65,000 of
// them.
class LockedPages final : public std::pmr::memory_resource {
 public:
  struct Limits {
    std::size_t bytes_max;
    Lock lock;
  };
  explicit LockedPages(Limits limits);
  ~LockedPages() override;
  LockedPages(const LockedPages&) = delete;
  auto operator=(const LockedPages&) -> LockedPages& = delete;
  [[nodiscard]] auto unlocked_bytes() const -> std::size_t { return unlocked_bytes_; }
  [[nodiscard]] auto bytes_in_use() const -> std::size_t { return in_use_; }

 private:
  struct Slab {
    std::uint8_t* pages;
    std::uint64_t used;  // one bit a page; those beyond the slab's last are set
  };
  auto do_allocate(std::size_t bytes, std::size_t alignment) -> void* override;
  void do_deallocate(void* pages, std::size_t bytes, std::size_t alignment) override;
  auto do_is_equal(const memory_resource& other) const noexcept -> bool override {
    return this == &other;
  }
  [[nodiscard]] auto round_up(std::size_t bytes) const -> std::size_t;
  [[nodiscard]] auto in_slab(std::size_t size) const -> bool;
  auto from_slab(std::size_t size) -> void*;
  void to_slab(const std::uint8_t* pages, std::size_t size);
  auto map(std::size_t size) -> std::uint8_t*;
  void unmap(std::uint8_t* pages, std::size_t size) const;

  const std::size_t page_;
  const Limits limits_;
  const std::size_t slab_pages_;  // at most 64
  std::mutex mutex_;              // of slabs_
  std::vector<Slab> slabs_;
  std::atomic<std::size_t> in_use_ = 0;
  std::atomic<std::size_t> unlocked_bytes_ = 0;  // ever handed out unlocked; never decreases
};

// Made once in main, outlives every secret.
class SecretMemory final : public std::pmr::memory_resource {
 public:
  static auto create(LockedPages::Limits limits) -> Result<std::unique_ptr<SecretMemory>>;
  [[nodiscard]] auto unlocked_bytes() const -> std::size_t { return pages_.unlocked_bytes(); }
  [[nodiscard]] auto bytes_in_use() const -> std::size_t { return pages_.bytes_in_use(); }

 private:
  explicit SecretMemory(LockedPages::Limits limits) : pages_{limits}, pool_{&pages_} {}
  auto do_allocate(std::size_t bytes, std::size_t alignment) -> void* override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  auto do_is_equal(const memory_resource& other) const noexcept -> bool override {
    return this == &other;
  }

  LockedPages pages_;
  std::pmr::synchronized_pool_resource pool_;
};

// A secret of fixed size. The tag keeps an entry key apart from a category key.
template <class Tag, std::size_t kBytes>
class Secret {
 public:
  static constexpr std::size_t kSize = kBytes;

  // `fill` writes the bytes in place: no copy exists outside locked memory.
  template <std::invocable<std::span<std::uint8_t, kBytes>> Fill>
  static auto make(SecretMemory& memory, Fill&& fill) -> Result<Secret> {
    try {
      Secret secret{memory};
      std::forward<Fill>(fill)(std::span<std::uint8_t, kBytes>{secret.bytes_.get(), kBytes});
      return secret;
    } catch (const std::bad_alloc&) {
      return base::fail(Error::secret_memory_exhausted);
    }
  }
  static auto copy_of(SecretMemory& memory, std::span<const std::uint8_t, kBytes> from)
      -> Result<Secret> {
    return make(memory, [&](auto out) { std::copy(from.begin(), from.end(), out.begin()); });
  }
  template <class Use>
  auto expose(Use&& use) const {  // by value: returning a view of the bytes fails to compile
    using View = std::span<const std::uint8_t, kBytes>;
    static_assert(!std::is_same_v<std::invoke_result_t<Use, View>, View>);
    CHECK(bytes_ != nullptr);  // moved-from
    return std::forward<Use>(use)(View{bytes_.get(), kBytes});
  }
  auto operator==(const Secret&) const -> bool = delete;  // crypto::equal is constant-time

 private:
  struct GiveBack {
    SecretMemory* memory;
    void operator()(std::uint8_t* bytes) const { memory->deallocate(bytes, kBytes, 1); }
  };
  explicit Secret(SecretMemory& memory)
      : bytes_{static_cast<std::uint8_t*>(memory.allocate(kBytes, 1)), GiveBack{&memory}} {}
  std::unique_ptr<std::uint8_t[], GiveBack> bytes_;  // move-only
};

// Secret bytes or text of any length: a passphrase, a password, an encoded entry. Move-only.
class SecretBytes {
 public:
  using Buffer = std::pmr::vector<std::uint8_t>;  // on a SecretMemory: growth wipes the old block

  explicit SecretBytes(SecretMemory& memory) : bytes_{&memory} {}
  explicit SecretBytes(Buffer&& bytes) : bytes_{std::move(bytes)} {}
  SecretBytes(SecretBytes&&) = default;
  auto operator=(SecretBytes&&) -> SecretBytes& = default;
  SecretBytes(const SecretBytes&) = delete;
  auto operator=(const SecretBytes&) -> SecretBytes& = delete;
  ~SecretBytes() = default;

  static auto copy_of(SecretMemory& memory, ByteView from) -> Result<SecretBytes>;
  static auto copy_of(SecretMemory& memory, std::string_view from) -> Result<SecretBytes> {
    return copy_of(memory, view_of(from));
  }
  [[nodiscard]] auto clone() const -> SecretBytes;  // on the same memory

  [[nodiscard]] auto size() const -> std::size_t { return bytes_.size(); }
  [[nodiscard]] auto empty() const -> bool { return bytes_.empty(); }
  template <class Use>
  auto expose(Use&& use) const {
    static_assert(!std::is_same_v<std::invoke_result_t<Use, ByteView>, ByteView>);
    return std::forward<Use>(use)(ByteView{bytes_});
  }
  template <class Use>
  auto expose_text(Use&& use) const {
    static_assert(!std::is_same_v<std::invoke_result_t<Use, std::string_view>, std::string_view>);
    return std::forward<Use>(use)(text_of(ByteView{bytes_}));
  }
  [[nodiscard]] auto buffer() -> Buffer& { return bytes_; }  // to fill in place
  auto operator==(const SecretBytes&) const -> bool = delete;

 private:
  Buffer bytes_;
};

// Overwrites what finished calls left on this thread's stack: Boost.JSON, for one, unescapes texts
// there. Reaches kWipedStackBytes below the caller.
inline constexpr std::size_t kWipedStackBytes = std::size_t{64} << 10;
void wipe_unused_stack();

}  // namespace holdfast::base
