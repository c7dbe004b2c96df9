// overloaded.h: lambdas as one visitor for std::visit.
#pragma once

namespace holdfast::base {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace holdfast::base
