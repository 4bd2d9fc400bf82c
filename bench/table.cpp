// bench_table make FILE ROWS COLUMNS SHIFT    CSV: every fifth column counts, the others are normal
//                                             values of six decimals, moved by SHIFT
// bench_table read FILE THREADS               reads it as drift does; one line of JSON
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include "../tests/support/no_progress.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace mlopsctl;

namespace {

std::uint64_t next(std::uint64_t& state) {  // splitmix64
  std::uint64_t z = state += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

double uniform(std::uint64_t& state) {
  return (static_cast<double>(next(state) >> 11U) + 0.5) * 0x1p-53;
}

void make(const std::string& path, std::uint64_t rows, std::uint64_t columns, double shift) {
  std::ofstream file(path, std::ios::binary);
  std::uint64_t state = std::filesystem::hash_value(path);
  std::string text;
  for (std::uint64_t c = 0; c < columns; ++c) text += fmt::format("{}c{}", c == 0 ? "" : ",", c);
  text += '\n';
  for (std::uint64_t r = 0; r < rows; ++r) {
    for (std::uint64_t c = 0; c < columns; ++c) {
      if (c > 0) text += ',';
      if (c % 5 == 4) {
        fmt::format_to(std::back_inserter(text), "{}", next(state) % 100'000);
      } else {
        const double radius = std::sqrt(-2 * std::log(uniform(state)));
        fmt::format_to(std::back_inserter(text), "{:.6f}",
                       shift + radius * std::cos(6.283185307179586 * uniform(state)));
      }
    }
    text += '\n';
    if (text.size() < (1U << 20U) && r + 1 < rows) continue;
    file << text;
    text.clear();
  }
  file.flush();
  if (!file) throw Error(ErrorKind::io, fmt::format("cannot write '{}'", path));
}

void read(const std::string& path, unsigned threads) {
  drift::ReadOptions options;
  options.threads = threads;
  testing::NoProgress silent;
  const auto begin = std::chrono::steady_clock::now();
  const drift::DataSet data = drift::read_data_set({path}, options, silent);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  const auto bytes = static_cast<double>(std::filesystem::file_size(path));
  fmt::print("{{\"seconds\": {:.3f}, \"megabytes_per_second\": {:.0f}, \"rows\": {}}}\n",
             taken.count(), bytes / taken.count() / 1e6, data.rows());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    if (what == "make" && argc == 6) {
      make(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10),
           std::strtod(argv[5], nullptr));
      return 0;
    }
    if (what == "read" && argc == 4) {
      read(argv[2], static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
      return 0;
    }
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  fmt::print(stderr, "usage: see the head of bench/table.cpp\n");
  return 2;
}
