// No value: of tests that cannot be made and of cells that are empty.
#pragma once

#include <limits>

namespace mlopsctl::drift {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace mlopsctl::drift
