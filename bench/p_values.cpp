// bench_p_values ROWS COUNT: KS p-values of COUNT features of ROWS against ROWS rows that drifted a
// little, where scipy's series is longest. Prints seconds.
#include "mlopsctl/drift/statistics.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::uint64_t rows = std::strtoull(argv[1], nullptr, 10);
  const int count = std::atoi(argv[2]);
  const auto begin = std::chrono::steady_clock::now();
  const mlopsctl::drift::KsPValues p_values(rows, rows);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    // √(n/2)·D from 1.5 to 3.
    const double z = 1.5 + 1.5 * i / count;
    sum += p_values(z / std::sqrt(static_cast<double>(rows) / 2)).p;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  fmt::print("{:.6f} {}\n", taken.count(), sum);
  return 0;
}
