#include "store/signer_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "store/crc32c.h"

namespace holdfast::store {
namespace {

using base::fail;

constexpr std::string_view kMagic = "HFSIGNER";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 8 + 4 + 8 + 8 + 8 + 32 + 8;  // bytes under the checksum
constexpr std::size_t kRecordBytes = kChecked + 4;
static_assert(kRecordBytes <= 512);  // inside one sector of the smaller kind

template <class Integer>
void put_integer(Bytes& to, Integer value) {
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

template <class Integer>
auto take_integer(ByteView& from) -> Integer {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value = static_cast<Integer>((value << 8) | from[i]);
  }
  from = from.subspan(sizeof(Integer));
  return value;
}

}  // namespace

SignerFile::SignerFile(FileDescriptor file, const Slot& newest, bool damaged)
    : file_{std::move(file)},
      state_{newest.state},
      generation_{newest.generation},
      one_slot_was_damaged_{damaged} {}

auto SignerFile::create(const Path& path, const SignerState& state)
    -> Detailed<std::unique_ptr<SignerFile>> {
  Bytes both = encode({.generation = 0, .state = state});
  base::append(both, encode({.generation = 1, .state = state}));
  TRY_DO(write_file_atomic(path, both, kPrivateFileMode, Existing::refuse));
  return open(path);
}

auto SignerFile::open(const Path& path) -> Detailed<std::unique_ptr<SignerFile>> {
  auto content = read_file(path, kSignerFileBytes);
  if (!content) {
    const Error code = content.error().code;
    if (code == Error::not_found) return fail(Error::signer_missing, path.string());
    if (code == Error::too_long) return fail(Error::signer_corrupt, path.string());
    return std::unexpected{std::move(content).error()};
  }
  auto newest = newest_of(*content);
  if (!newest) return fail(newest.error(), path.string());
  auto file = open_file(path, O_RDWR);
  if (!file) return fail(file.error(), path.string());
  return std::unique_ptr<SignerFile>{
      new SignerFile{*std::move(file), newest->first, newest->second}};
}

auto SignerFile::newest_of(ByteView file) -> Result<std::pair<Slot, bool>> {
  const auto sector = [&](std::size_t i) {
    const std::size_t begin = std::min(i * kSignerSlotBytes, file.size());
    return file.subspan(begin, std::min(kSignerSlotBytes, file.size() - begin));
  };
  const auto first = decode(sector(0));
  const auto second = decode(sector(1));
  for (const auto* slot : {&first, &second}) {  // a newer format is no damage
    if (!*slot && slot->error() == Error::unsupported_version) return fail(slot->error());
  }
  const bool first_fits = first && first->generation % 2 == 0;
  const bool second_fits = second && second->generation % 2 == 1;
  if (!first_fits && !second_fits) return fail(Error::signer_corrupt);
  if (!second_fits) return std::pair{*first, true};
  if (!first_fits) return std::pair{*second, true};
  // Anything but neighbours means that a write was lost, and perhaps a newer one as well.
  if (first->generation == second->generation + 1) return std::pair{*first, false};
  if (second->generation == first->generation + 1) return std::pair{*second, false};
  return fail(Error::signer_corrupt);
}

auto SignerFile::write(const SignerState& state) -> Result<void> {
  if (failed_) return fail(Error::store_failed);
  const auto position = [](const SignerState& s) { return std::tie(s.epoch, s.round); };
  if (position(state) < position(state_)) return fail(Error::signer_regression);
  if (position(state) == position(state_) && state.digest != state_.digest) {
    return fail(Error::signer_regression);
  }
  const Slot slot{.generation = generation_ + 1, .state = state};
  const std::size_t offset = (slot.generation % 2) * kSignerSlotBytes;
  auto written = write_at(file_, encode(slot), offset).and_then([&]() -> Result<void> {
    if (::fdatasync(file_.number()) != 0) return fail(error_of_errno(errno));
    return {};
  });
  if (!written) {
    failed_ = true;
    return written;
  }
  generation_ = slot.generation;
  state_ = state;
  return {};
}

auto SignerFile::encode(const Slot& slot) -> Bytes {
  Bytes bytes = base::to_bytes(base::view_of(kMagic));
  put_integer(bytes, kVersion);
  put_integer(bytes, slot.generation);
  put_integer(bytes, slot.state.epoch);
  put_integer(bytes, slot.state.round);
  base::append(bytes, slot.state.digest);
  put_integer(bytes, std::to_underlying(slot.state.synced));
  put_integer(bytes, crc32c(bytes));
  bytes.resize(kSignerSlotBytes);
  return bytes;
}

auto SignerFile::decode(ByteView sector) -> Result<Slot> {
  if (sector.size() < kRecordBytes) return fail(Error::signer_corrupt);
  ByteView checksum = sector.subspan(kChecked, 4);
  if (crc32c(sector.first(kChecked)) != take_integer<std::uint32_t>(checksum)) {
    return fail(Error::signer_corrupt);
  }
  if (base::text_of(sector.first(kMagic.size())) != kMagic) return fail(Error::signer_corrupt);
  ByteView rest = sector.first(kChecked).subspan(kMagic.size());
  if (take_integer<std::uint32_t>(rest) != kVersion) return fail(Error::unsupported_version);
  Slot slot{};
  slot.generation = take_integer<std::uint64_t>(rest);
  slot.state.epoch = take_integer<std::uint64_t>(rest);
  slot.state.round = take_integer<std::uint64_t>(rest);
  std::copy_n(rest.begin(), slot.state.digest.size(), slot.state.digest.begin());
  rest = rest.subspan(slot.state.digest.size());
  slot.state.synced = ports::SequenceNumber{take_integer<std::uint64_t>(rest)};
  return slot;
}

auto check_log_complete(const ports::KeyValueStore& store, const SignerState& state)
    -> Result<void> {
  if (store.last_synced() < state.synced) return fail(Error::store_log_lost);
  return {};
}

}  // namespace holdfast::store
