// Random numbers, shots and bootstraps are those of Python.
#include "eval/python_random.hpp"

#include "eval/aggregate.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <span>

using mlopsctl::eval::PythonRandom;
using Indices = std::vector<std::size_t>;

TEST_CASE("random.Random of CPython 3.11 draws the same") {
  PythonRandom random(1234);
  CHECK(random.sample(100, 5) == Indices{99, 56, 14, 0, 11});
  CHECK(random.sample(100, 5) == Indices{74, 4, 85, 88, 10});
  CHECK(random.real() == 0.09842204873622151);
  CHECK(random.sample(10, 3) == Indices{5, 3, 0});
  PythonRandom choices(1234);
  Indices chosen;
  for (int i = 0; i < 5; ++i) chosen.push_back(choices.choice(1000));
  CHECK(chosen == Indices{966, 440, 7, 910, 939});
  PythonRandom wide(5'000'000'000);
  CHECK(wide.real() == 0.08666010167354754);
  CHECK(wide.sample(1000, 8) == Indices{621, 885, 15, 491, 777, 318, 472, 439});
}

TEST_CASE("bootstrap_stderr of lm-evaluation-harness 0.4.13 comes out the same") {
  // lm_eval.api.metrics.bootstrap_stderr(perplexity, [-1.5, -0.25, -3.0, -0.5, -2.0], iters=2000)
  const std::vector<double> values{-1.5, -0.25, -3.0, -0.5, -2.0};
  const double error =
      mlopsctl::eval::bootstrap_error(5, 2000, [&](std::span<const std::uint32_t> which) {
        double sum = 0;
        for (const std::uint32_t i : which) sum += values[i];
        return std::exp(-sum / static_cast<double>(which.size()));
      });
  CHECK(error == doctest::Approx(2.3076341236185947).epsilon(1e-12));
}
