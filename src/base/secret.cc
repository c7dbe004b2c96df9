#include "base/secret.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace holdfast::base {

namespace {
constexpr std::size_t kSlabPages = 64;
constexpr std::size_t kLockedSlabPages = 16;  // locking a page also fills it

// `count` bits from the lowest up; count is 1 to 64.
constexpr auto low_bits(std::size_t count) -> std::uint64_t {
  return ~std::uint64_t{0} >> (64 - count);
}
}  // namespace

LockedPages::LockedPages(Limits limits)
    : page_{static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))},
      limits_{limits},
      slab_pages_{limits.lock == Lock::none ? kSlabPages : kLockedSlabPages} {}

LockedPages::~LockedPages() {
  for (const Slab& slab : slabs_) unmap(slab.pages, slab_pages_ * page_);
}

auto LockedPages::round_up(std::size_t bytes) const -> std::size_t {
  return (bytes + page_ - 1) / page_ * page_;
}

auto LockedPages::in_slab(std::size_t size) const -> bool {
  return size <= slab_pages_ * page_ / 4 && slab_pages_ * page_ <= limits_.bytes_max;
}

auto LockedPages::map(std::size_t size) -> std::uint8_t* {
  void* guarded = ::mmap(nullptr, size + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (guarded == MAP_FAILED) throw std::bad_alloc{};
  auto* pages = static_cast<std::uint8_t*>(guarded) + page_;
  const bool usable = ::mprotect(pages, size, PROT_READ | PROT_WRITE) == 0 &&
                      ::madvise(pages, size, MADV_DONTDUMP) == 0 &&
                      ::madvise(pages, size, MADV_WIPEONFORK) == 0;
  const bool locked = usable && limits_.lock != Lock::none && ::mlock(pages, size) == 0;
  if (!usable || (!locked && limits_.lock == Lock::required)) {
    unmap(pages, size);
    throw std::bad_alloc{};
  }
  if (!locked && limits_.lock == Lock::attempted) unlocked_bytes_ += size;
  return pages;
}

void LockedPages::unmap(std::uint8_t* pages, std::size_t size) const {
  ::munmap(pages - page_, size + 2 * page_);
}

auto LockedPages::from_slab(std::size_t size) -> void* {
  const std::size_t count = size / page_;
  const std::scoped_lock lock{mutex_};
  const auto take = [&](Slab& slab) -> std::uint8_t* {
    const std::uint64_t unused = ~slab.used;
    std::uint64_t starts = unused;  // of runs of `count` unused pages
    for (std::size_t i = 1; i < count; ++i) starts &= unused >> i;
    if (starts == 0) return nullptr;
    const auto first = static_cast<std::size_t>(std::countr_zero(starts));
    slab.used |= low_bits(count) << first;
    return slab.pages + first * page_;
  };
  for (std::size_t i = slabs_.size(); i > 0; --i) {
    if (std::uint8_t* pages = take(slabs_[i - 1])) return pages;
  }
  slabs_.reserve(slabs_.size() + 1);
  slabs_.push_back({map(slab_pages_ * page_), ~low_bits(slab_pages_)});
  return take(slabs_.back());
}

void LockedPages::to_slab(const std::uint8_t* pages, std::size_t size) {
  const std::scoped_lock lock{mutex_};
  for (std::size_t i = slabs_.size(); i > 0; --i) {
    Slab& slab = slabs_[i - 1];
    if (pages < slab.pages || pages >= slab.pages + slab_pages_ * page_) continue;
    const auto first = static_cast<std::size_t>(pages - slab.pages) / page_;
    slab.used &= ~(low_bits(size / page_) << first);
    if (slab.used == ~low_bits(slab_pages_) && slabs_.size() > 1) {
      unmap(slab.pages, slab_pages_ * page_);
      slab = slabs_.back();
      slabs_.pop_back();
    }
    return;
  }
  CHECK(false);  // not ours
}

auto LockedPages::do_allocate(std::size_t bytes, std::size_t alignment) -> void* {
  CHECK(alignment <= page_);
  const std::size_t size = round_up(std::max<std::size_t>(bytes, 1));
  if (size < bytes) throw std::bad_alloc{};
  if (in_use_.fetch_add(size) + size > limits_.bytes_max) {
    in_use_ -= size;
    throw std::bad_alloc{};
  }
  try {
    return in_slab(size) ? from_slab(size) : map(size);
  } catch (const std::bad_alloc&) {
    in_use_ -= size;
    throw;
  }
}

void LockedPages::do_deallocate(void* pages, std::size_t bytes, std::size_t) {
  const std::size_t size = round_up(std::max<std::size_t>(bytes, 1));
  if (in_slab(size)) {
    to_slab(static_cast<std::uint8_t*>(pages), size);
  } else {
    unmap(static_cast<std::uint8_t*>(pages), size);
  }
  in_use_ -= size;
}

auto SecretMemory::create(LockedPages::Limits limits) -> Result<std::unique_ptr<SecretMemory>> {
  try {  // the pool takes its first pages here, so a refused lock shows at start
    std::unique_ptr<SecretMemory> memory{new SecretMemory{limits}};
    memory->deallocate(memory->allocate(1, 1), 1, 1);
    return memory;
  } catch (const std::bad_alloc&) {
    return fail(Error::memory_not_lockable);
  }
}

auto SecretMemory::do_allocate(std::size_t bytes, std::size_t alignment) -> void* {
  return pool_.allocate(bytes, alignment);
}

void SecretMemory::do_deallocate(void* block, std::size_t bytes, std::size_t alignment) {
  ::explicit_bzero(block, bytes);  // not removable by the optimiser
  pool_.deallocate(block, bytes, alignment);
}

auto SecretBytes::copy_of(SecretMemory& memory, ByteView from) -> Result<SecretBytes> {
  try {
    SecretBytes copy{memory};
    copy.bytes_.assign(from.begin(), from.end());
    return copy;
  } catch (const std::bad_alloc&) {
    return base::fail(Error::secret_memory_exhausted);
  }
}

auto SecretBytes::clone() const -> SecretBytes {
  SecretBytes copy{Buffer{bytes_.get_allocator()}};
  copy.bytes_.assign(bytes_.begin(), bytes_.end());
  return copy;
}

[[gnu::noinline]] void wipe_unused_stack() {
  std::array<std::uint8_t, kWipedStackBytes> unused;  // NOLINT: it is what is there that matters
  ::explicit_bzero(unused.data(), unused.size());
}

}  // namespace holdfast::base
