// replay.cc: runs one fuzzer over its kept inputs as an ordinary test, without libFuzzer.
// A finding is a crash or a sanitizer report: both end the program, and the runner counts that.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

auto read_all(const std::filesystem::path& path) -> std::vector<std::uint8_t> {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

TEST(Corpus, EveryKeptInputRunsWithoutAFinding) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  if (fs::is_directory(HOLDFAST_CORPUS)) {
    for (const auto& entry : fs::directory_iterator{HOLDFAST_CORPUS}) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  const std::uint8_t nothing = 0;
  EXPECT_EQ(LLVMFuzzerTestOneInput(&nothing, 0), 0);
  for (const auto& path : paths) {
    SCOPED_TRACE(path.filename().string());
    const auto input = read_all(path);
    EXPECT_EQ(LLVMFuzzerTestOneInput(input.empty() ? &nothing : input.data(), input.size()), 0);
  }
  std::printf("%s: %zu inputs\n", fs::path{HOLDFAST_CORPUS}.filename().c_str(), paths.size() + 1);
}

}  // namespace
