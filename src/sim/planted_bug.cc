#include "consensus/planted_bug.h"

namespace holdfast::consensus {

PlantedBug planted_bug = PlantedBug::none;

}  // namespace holdfast::consensus
