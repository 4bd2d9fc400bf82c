// Sorting many plain numbers.
#pragma once

#include <cstdint>
#include <vector>

namespace mlopsctl {

// Ascending, by digits: some five times as fast as comparing once there are many. No NaN and no -0
// among the doubles. Takes as much memory again.
void sort_numbers(std::vector<double>& values);
void sort_numbers(std::vector<std::int64_t>& values);

}  // namespace mlopsctl
