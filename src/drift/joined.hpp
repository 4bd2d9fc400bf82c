// Two sorted samples walked as one.
#pragma once

#include <cstddef>
#include <span>

namespace mlopsctl::drift {

// A run of equal values of the joined sample.
struct JoinedValue {
  double value = 0;
  std::size_t before1 = 0, before2 = 0;  // how many of each side are smaller
  std::size_t count1 = 0, count2 = 0;    // how many of each side are this value

  std::size_t before() const { return before1 + before2; }
  std::size_t count() const { return count1 + count2; }
  // The rank that equal values share, from 1.
  double midrank() const {
    return static_cast<double>(before()) + (static_cast<double>(count()) + 1) / 2;
  }
};

// Calls `visit` for each distinct value, ascending.
template <typename Visit>
void for_each_joined(std::span<const double> first, std::span<const double> second, Visit visit) {
  JoinedValue run;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < first.size() || j < second.size()) {
    run.before1 = i;
    run.before2 = j;
    run.value =
        j == second.size() || (i < first.size() && first[i] <= second[j]) ? first[i] : second[j];
    while (i < first.size() && first[i] == run.value) ++i;
    while (j < second.size() && second[j] == run.value) ++j;
    run.count1 = i - run.before1;
    run.count2 = j - run.before2;
    visit(run);
  }
}

}  // namespace mlopsctl::drift
