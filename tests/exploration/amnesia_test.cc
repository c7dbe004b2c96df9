// A validator loses everything at each step of a run, f others deny all, one is behind, one answers
// slowly: whatever it learns, it signs nothing at or below a round that it signed before. Guards:
// consensus.md §9. (Every set of answers, without the cores around it: tests/consensus.)
#include <gmock/gmock.h>

#include <cstdio>
#include <format>

#include "lab.h"

namespace holdfast::consensus {
namespace {

struct Case {
  std::size_t validators;
  std::size_t steps;                // before it forgets
  std::optional<NodeIndex> behind;  // hears nothing of the others from round 2 on
  std::optional<NodeIndex> slow;    // whose messages to the one that forgot take long
  bool denied = true;               // by f others, the ones before the last
};

auto run(Choices& choices, const Case& one) -> Violation {
  const NodeIndex victim = one.validators - 1;
  LabSettings settings{.validators = one.validators};
  const std::size_t faults = (one.validators - 1) / 3;
  if (one.denied)
    for (std::size_t i = 0; i < faults; ++i) settings.deniers.insert(victim - 1 - i);
  bool forgotten = false;
  settings.delay = [&, deniers = settings.deniers](NodeIndex from, NodeIndex to, Round round) {
    if (one.behind == to && round > Round{1} && !forgotten) return milliseconds{60'000};
    const bool denies = round > Round{0} && deniers.contains(from);
    return milliseconds{forgotten && to == victim && (one.slow == from || denies) ? 3000 : 10};
  };
  Lab lab{std::move(settings)};
  lab.start();
  lab.submit(victim, 1);
  for (std::size_t i = 0; i < one.steps && lab.waiting() > 0; ++i) lab.carry_out(0);
  const Round signed_before = lab.core(victim).signed_round();
  forgotten = true;
  lab.forget(victim);
  lab.submit(victim, 2);
  lab.run(choices, 20, 4);
  lab.run_until(lab.now() + std::chrono::seconds{20});
  if (lab.violation()) return lab.violation();
  if (!lab.core(victim).is_in_amnesia() && lab.core(victim).signed_round() < signed_before)
    return std::format("it may sign again what it signed up to round {}",
                       std::to_underlying(signed_before));
  return std::nullopt;
}

auto explore_all() -> Explored {
  Explored sum;
  const std::size_t deviations = is_campaign() ? 1 : 0;
  for (const std::size_t validators : {4UZ, 7UZ}) {
    const std::size_t steps_max = validators == 4 ? 100 : 250;
    const std::size_t stride = is_campaign() ? 1 : validators == 4 ? 3 : 25;
    for (std::size_t steps = 0; steps < steps_max; steps += stride) {
      for (const std::optional<NodeIndex> behind :
           {std::optional<NodeIndex>{}, std::optional<NodeIndex>{0}}) {
        for (const std::optional<NodeIndex> slow :
             {std::optional<NodeIndex>{}, std::optional<NodeIndex>{0},
              std::optional<NodeIndex>{1}}) {
          for (const bool denied : {true, false}) {
            const Case one{.validators = validators,
                           .steps = steps,
                           .behind = behind,
                           .slow = slow,
                           .denied = denied};
            const Explored explored =
                explore([&](Choices& choices) { return run(choices, one); }, deviations);
            sum.cases += explored.cases;
            sum.violation = explored.violation;
            if (sum.violation) return sum;
          }
        }
      }
    }
  }
  return sum;
}

class AmnesiaExplorer : public testing::Test {
 protected:
  ~AmnesiaExplorer() override { planted_bug = PlantedBug::none; }
};

TEST_F(AmnesiaExplorer, NothingIsSignedAgainWhateverIsAnswered) {
  const Explored explored = explore_all();
  ASSERT_EQ(explored.violation, std::nullopt);
  std::printf("%llu runs in which a validator lost everything\n",
              static_cast<unsigned long long>(explored.cases));
}
TEST_F(AmnesiaExplorer, FindsThatFPlusOneAnswersAreTooFew) {
  planted_bug = PlantedBug::amnesia_of_f_plus_one;
  EXPECT_NE(explore_all().violation, std::nullopt);
}

}  // namespace
}  // namespace holdfast::consensus
