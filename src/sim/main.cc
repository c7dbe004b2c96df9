// The simulator's command line: runs seeds, prints what was injected and checked, and for a failure
// the one command that runs it again.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sim/simulation.h"

namespace {

using namespace holdfast::sim;

constexpr const char* kUsage =
    "usage: holdfast-sim [--seed FIRST] [--seeds N] [--nodes N] [--byzantine F] [--absent F]\n"
    "                    [--seconds S] [--delay MS] [--calm] [--bug NAME] [--trace]\n"
    "                    [--real-signatures]\n";

struct Arguments {
  Options options;
  std::uint64_t seeds = 1;
  std::string bug = "none";
  bool trace = false;
  bool valid = true;
};

auto parse(const std::vector<std::string_view>& words) -> Arguments {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size() && arguments.valid; ++i) {
    const std::string_view flag = words[i];
    if (flag == "--calm") {
      arguments.options.faults = false;
      continue;
    }
    if (flag == "--real-signatures") {
      arguments.options.real_signatures = true;
      continue;
    }
    if (flag == "--trace") {
      arguments.trace = true;
      continue;
    }
    arguments.valid = i + 1 < words.size();
    if (!arguments.valid) break;
    const std::string_view value = words[++i];
    if (flag == "--bug") {
      arguments.bug = value;
      continue;
    }
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(value.begin(), value.end(), number);
    arguments.valid = parsed.ec == std::errc{} && parsed.ptr == value.end();
    if (flag == "--seed")
      arguments.options.seed = number;
    else if (flag == "--seeds")
      arguments.seeds = number;
    else if (flag == "--nodes")
      arguments.options.nodes = number;
    else if (flag == "--byzantine")
      arguments.options.byzantine = number;
    else if (flag == "--absent")
      arguments.options.absent = number;
    else if (flag == "--seconds")
      arguments.options.duration = seconds{number};
    else if (flag == "--delay")
      arguments.options.delay = milliseconds{number};
    else
      arguments.valid = false;
  }
  const Options& options = arguments.options;
  arguments.valid = arguments.valid && options.nodes >= 1 &&
                    options.nodes <= holdfast::model::kCommitteeMax &&
                    options.byzantine + options.absent < options.nodes;
  return arguments;
}

auto plant(std::string_view name) -> bool {
  const auto& names = holdfast::consensus::kPlantedBugNames;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) != name) continue;
    holdfast::consensus::planted_bug = static_cast<holdfast::consensus::PlantedBug>(i);
    return true;
  }
  return false;
}

}  // namespace

auto main(int argc, char** argv) -> int {
  const Arguments arguments = parse({argv + 1, argv + argc});
  if (!arguments.valid) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!plant(arguments.bug)) {
    std::fprintf(stderr, "no planted bug is called %s\n", arguments.bug.c_str());
    return 2;
  }
  Options options = arguments.options;
  Report sum;
  std::uint64_t ran = 0;
  for (; ran < arguments.seeds; ++ran, ++options.seed) {
    std::string lines;
    const Report report = simulate(options, arguments.trace ? &lines : nullptr);
    std::fputs(lines.c_str(), stdout);
    if (arguments.seeds == 1) std::printf("trace %s\n", report.trace.c_str());
    for (std::size_t i = 0; i < sum.faults.size(); ++i) sum.faults[i] += report.faults[i];
    sum.commits += report.commits;
    sum.commits_checked += report.commits_checked;
    sum.transactions += report.transactions;
    sum.applied += report.applied;
    sum.simulated += report.simulated;
    if (report.violation) {
      std::printf("seed %llu: %s\nreplay: %s\n", static_cast<unsigned long long>(options.seed),
                  report.violation->c_str(), replay_command(options, arguments.bug).c_str());
      return 1;
    }
  }
  std::printf(
      "%llu seeds, %zu nodes, %zu Byzantine: %.2f simulated hours, %llu commits, "
      "%llu deliveries checked, %llu transactions, %llu applied\n",
      static_cast<unsigned long long>(ran), options.nodes, options.byzantine,
      std::chrono::duration<double, std::ratio<3600>>(sum.simulated).count(),
      static_cast<unsigned long long>(sum.commits),
      static_cast<unsigned long long>(sum.commits_checked),
      static_cast<unsigned long long>(sum.transactions),
      static_cast<unsigned long long>(sum.applied));
  for (std::size_t i = 0; i < sum.faults.size(); ++i)
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(sum.faults[i]),
                kFaultNames.at(i).data());
  return 0;
}
