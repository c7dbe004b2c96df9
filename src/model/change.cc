// The changes of a transaction: [number, fields...], numbers as in docs/formats.cddl.
#include <algorithm>
#include <array>

#include "model/change_encoding.h"
#include "model/record_encoding.h"
#include "model/state.h"
#include "model/transaction.h"

namespace holdfast::model {
namespace {

using What = decltype(Change::what);

// In the order of the variant's alternatives. On disk and in signatures: never change a number.
constexpr auto kChangeNumbers = std::to_array<std::uint64_t>(
    {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 31, 32, 33, 34, 35, 36});
static_assert(kChangeNumbers.size() == std::variant_size_v<What>);
static_assert(std::ranges::is_sorted(kChangeNumbers));
constexpr std::uint64_t kPropose = 33;
static_assert(std::same_as<std::variant_alternative_t<20, What>, Propose>);
static_assert(kChangeNumbers[20] == kPropose);

template <class C>
concept CarriesVersion = Is<C, AddSecret> || Is<C, UpdateSecret> || Is<C, DeleteSecret>;

auto parts(CarriesVersion auto& c) { return fields(c.version); }
auto parts(Is<PurgeSecret> auto& c) { return fields(c.secret); }
auto parts(Is<AddCategory> auto& c) { return fields(c.category, c.generation); }
auto parts(Is<RenameCategory> auto& c) { return fields(c.category); }
auto parts(Is<MoveCategory> auto& c) { return fields(c.category, c.parent); }
auto parts(Is<DeleteCategory> auto& c) { return fields(c.category); }
auto parts(Is<AddMember> auto& c) { return fields(c.member); }
auto parts(Is<RemoveMember> auto& c) { return fields(c.device); }
auto parts(Is<SetRole> auto& c) { return fields(c.device, c.category, c.role); }
auto parts(Is<DefineRole> auto& c) { return fields(c.role); }
auto parts(Is<SetPolicy> auto& c) { return fields(c.policy); }
auto parts(Is<StartKeyGeneration> auto& c) { return fields(c.generation); }
auto parts(Is<GrantKey> auto& c) { return fields(c.grant); }
auto parts(Is<RewrapKeys> auto& c) { return fields(c.rewrap); }
auto parts(Is<RenewWrapKey> auto& c) { return fields(c.key); }
auto parts(Is<SetValidators> auto& c) { return fields(List{c.devices, 0, kValidatorsMax}); }
auto parts(Is<SetStrategy> auto& c) { return fields(AtMost{c.sealed_settings, kSettingsBytesMax}); }
auto parts(Is<SetRetention> auto& c) { return fields(c.retention); }
auto parts(Is<Approve> auto& c) { return fields(c.proposal); }
auto parts(Is<CloseEpoch> auto&) { return fields(); }
auto parts(Is<ConfirmTime> auto& c) { return fields(c.time); }

auto proposal_of(const Propose& propose) -> const Change& {
  CHECK(propose.proposal != nullptr);
  return *propose.proposal;
}

enum class Nesting : bool { top, proposed };

auto read_change(Reader& in, Change& change, Nesting nesting) -> Result<void>;

auto read_proposal(Reader& in, std::size_t size, Change& change, Nesting nesting) -> Result<void> {
  if (nesting == Nesting::proposed) return base::fail(Error::too_deep);
  if (size != 2) return base::fail(Error::bad_length);
  auto proposal = std::make_shared<Change>();
  TRY_DO(read_change(in, *proposal, Nesting::proposed));
  change.what = Propose{std::move(proposal)};
  return {};
}

template <class C>
auto read_parts(Reader& in, std::size_t size, Change& change) -> Result<void> {
  auto elements = parts(change.what.emplace<C>());
  if (size != 1 + std::tuple_size_v<decltype(elements)>) return base::fail(Error::bad_length);
  return std::apply([&](auto&... element) { return read_each(in, element...); }, elements);
}

template <std::size_t kIndex>
auto read_alternative(Reader& in, std::size_t size, Change& change, Nesting nesting)
    -> Result<void> {
  using C = std::variant_alternative_t<kIndex, What>;
  if constexpr (std::same_as<C, Propose>) {
    return read_proposal(in, size, change, nesting);
  } else {
    return read_parts<C>(in, size, change);
  }
}

using ReadAlternative = Result<void> (*)(Reader&, std::size_t, Change&, Nesting);
template <std::size_t... kIndices>
constexpr auto make_readers(std::index_sequence<kIndices...>) {
  return std::array<ReadAlternative, sizeof...(kIndices)>{read_alternative<kIndices>...};
}
constexpr auto kReaders = make_readers(std::make_index_sequence<std::variant_size_v<What>>{});

auto read_change(Reader& in, Change& change, Nesting nesting) -> Result<void> {
  TRY(size, in.array(kAnyNumber));
  TRY(number, in.uint(kAnyNumber));
  const auto* found = std::ranges::lower_bound(kChangeNumbers, number);
  if (found == kChangeNumbers.end() || *found != number) return base::fail(Error::out_of_range);
  return kReaders[static_cast<std::size_t>(found - kChangeNumbers.begin())](in, size, change,
                                                                            nesting);
}

}  // namespace

auto change_number(std::size_t variant_index) -> std::uint64_t {
  CHECK(variant_index < kChangeNumbers.size());
  return kChangeNumbers[variant_index];
}

void write(Writer& out, const Change& change) {
  const std::uint64_t number = change_number(change.what.index());
  if (const auto* propose = std::get_if<Propose>(&change.what)) {
    out.array(2);
    out.uint(number);
    write(out, proposal_of(*propose));
    return;
  }
  std::visit(
      [&]<class C>(const C& alternative) {
        if constexpr (!std::same_as<C, Propose>) {
          const auto elements = parts(alternative);
          out.array(1 + std::tuple_size_v<decltype(elements)>);
          out.uint(number);
          std::apply([&](const auto&... element) { (write(out, element), ...); }, elements);
        }
      },
      change.what);
}

auto read(Reader& in, Change& change) -> Result<void> {
  return read_change(in, change, Nesting::top);
}

auto is_nested_proposal(const Change& change) -> bool {
  const auto* propose = std::get_if<Propose>(&change.what);
  return propose != nullptr && std::holds_alternative<Propose>(proposal_of(*propose).what);
}

}  // namespace holdfast::model
