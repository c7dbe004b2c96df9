// The seeds of the fuzzers are the examples. HOLDFAST_UPDATE_CORPUS=1 writes them anew after a
// deliberate change of a format; otherwise a seed that differs shows that a format has changed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "model/examples.h"

namespace holdfast::model {
namespace {

namespace fs = std::filesystem;
using base::Bytes, base::ByteView;

auto seeds() -> std::vector<std::pair<std::string, Bytes>> {
  namespace e = examples;
  const auto memory = base::SecretMemory::create({16 << 20, base::Lock::none}).value();
  const Bytes secret = encode(e::secret(*memory), *memory).value().expose([](ByteView view) {
    return base::to_bytes(view);
  });
  std::vector<std::pair<std::string, Bytes>> all = {
      {"cbor/nested", base::from_hex("a301820203186483f5f6430102031903e8a16161626262").value()},
      {"cbor/integers", base::from_hex("8600171818190100"
                                       "1a00010000"
                                       "1b0000000100000000")
                            .value()},
      {"cbor/header", encode(e::header())},
      {"cbor/secret", secret},
      {"transaction/small", e::signed_bytes(e::small_transaction())},
      {"transaction/version", encode(e::version()).bytes},
      {"transaction/tombstone", encode(e::tombstone()).bytes},
      {"transaction/stub", encode(e::stub())},
      {"secret/full", secret},
      {"secret/least", base::from_hex("a4"
                                      "0000"
                                      "016161"
                                      "0a00"
                                      "0b00")
                           .value()},
      {"block/block", encode(e::block())},
      {"block/header", encode(e::header())},
      {"commit/commit", encode(e::commit())},
      {"commit/checkpoint", encode(e::checkpoint())},
      {"commit/vote", encode(e::checkpoint_vote())},
      {"commit/genesis", encode(e::genesis())},
      {"state/chain", encode(e::chain_state())},
      {"state/member", encode(e::member_state())},
      {"state/author", encode(e::author_state())},
      {"state/roster", encode(e::roster())},
      {"state/category", encode(e::category_state())},
      {"state/secret", encode(e::secret_state())},
      {"state/audit", encode(e::audit_record())},
      {"state/generation", encode(e::key_generation())},
      {"state/replica", encode(e::replica())},
  };
  // changes of several types together: every change lies in some seed, each seed stays small
  const std::vector<Change> changes = e::all_changes();
  for (std::size_t first = 0; first < changes.size(); first += 6) {
    const auto begin = changes.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(6, changes.size() - first));
    all.emplace_back("transaction/changes-" + std::to_string(first),
                     e::signed_bytes(e::transaction({begin, begin + count})));
  }
  return all;
}

auto content(const fs::path& path) -> Bytes {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

TEST(Corpus, HoldsEveryExample) {
  const fs::path folder = fs::path{HOLDFAST_SOURCE_DIR} / "fuzz/corpus";
  const bool update = std::getenv("HOLDFAST_UPDATE_CORPUS") != nullptr;
  for (const auto& [name, bytes] : seeds()) {
    if (update) {
      fs::create_directories((folder / name).parent_path());
      std::ofstream{folder / name, std::ios::binary} << base::text_of(bytes);
    }
    EXPECT_EQ(content(folder / name), bytes) << name;
  }
}

}  // namespace
}  // namespace holdfast::model
