// The seeds of the fuzzer of `apply`: one transaction for each kind of change that is offered.
// HOLDFAST_UPDATE_CORPUS=1 writes them anew after a deliberate change of a format.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "model/examples.h"

namespace holdfast::vault {
namespace {

namespace fs = std::filesystem;
using base::Bytes;

auto seeds() -> std::vector<std::pair<std::string, Bytes>> {
  const auto changes = model::examples::all_changes();
  std::vector<std::pair<std::string, Bytes>> all;
  const auto add = [&](const std::string& name, std::vector<model::Change> chosen) {
    all.emplace_back("apply/" + name, model::examples::signed_bytes(
                                          model::examples::transaction(std::move(chosen))));
  };
  add("versions", {changes[0], changes[1], changes[2]});
  for (const std::size_t offered : {0UZ, 1UZ, 2UZ, 3UZ, 4UZ, 5UZ, 6UZ, 13UZ, 19UZ, 23UZ}) {
    add("change-" + std::to_string(offered), {changes[offered]});
  }
  return all;
}

TEST(ApplyCorpus, HoldsEveryOfferedChange) {
  const fs::path folder = fs::path{HOLDFAST_SOURCE_DIR} / "fuzz/corpus";
  const bool update = std::getenv("HOLDFAST_UPDATE_CORPUS") != nullptr;
  for (const auto& [name, bytes] : seeds()) {
    if (update) {
      fs::create_directories((folder / name).parent_path());
      std::ofstream{folder / name, std::ios::binary} << base::text_of(bytes);
    }
    std::ifstream in{folder / name, std::ios::binary};
    const Bytes kept{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    EXPECT_EQ(kept, bytes) << name;
  }
}

}  // namespace
}  // namespace holdfast::vault
