// The maximum mean discrepancy of every backend against the double sum of the definition.
#include "support/backends.hpp"
#include "support/matrices.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

using Rows = std::vector<std::vector<double>>;

Rows normal_rows(std::size_t rows, std::size_t columns, double shift, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Rows all(rows, std::vector<double>(columns));
  for (auto& row : all) {
    for (double& value : row) value = 3 + normal(random) + shift;
  }
  return all;
}

Matrix stored_rows(const Rows& rows) {
  return matrix_of<double>(NumberType::f64, rows.size(), rows.front().size(),
                           [&](std::uint64_t r, std::uint64_t c) { return rows[r][c]; });
}

double unbiased_mmd(const Rows& a, const Rows& b, double bandwidth) {
  const auto kernel = [&](const std::vector<double>& x, const std::vector<double>& y) {
    double square = 0;
    for (std::size_t c = 0; c < x.size(); ++c) square += (x[c] - y[c]) * (x[c] - y[c]);
    return std::exp(-square / (2 * bandwidth * bandwidth));
  };
  const auto within = [&](const Rows& rows) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < rows.size(); ++j) sum += i == j ? 0 : kernel(rows[i], rows[j]);
    }
    const auto n = static_cast<double>(rows.size());
    return sum / (n * (n - 1));
  };
  double across = 0;
  for (const auto& x : a) {
    for (const auto& y : b) across += kernel(x, y);
  }
  return within(a) + within(b) -
         2 * across / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

}  // namespace

TEST_CASE("MMD is the unbiased sum over the Gaussian kernel") {
  const Rows a = normal_rows(310, 7, 0, 1), b = normal_rows(277, 7, 0.2, 2);
  for (const auto& backend : backends()) {
    CAPTURE(backend->name());
    NoProgress progress;
    const MmdResult got = backend->mmd(stored_rows(a), stored_rows(b),
                                       {.permutations = 50, .seed = 1, .bandwidth = 2}, progress);
    CHECK(std::abs(got.statistic - unbiased_mmd(a, b, 2)) < 1e-12);
    CHECK(got.bandwidth == 2);
  }
}

TEST_CASE("a shift is found, equal distributions are not told apart, and all backends agree") {
  const Rows a = normal_rows(300, 20, 0, 1), same = normal_rows(300, 20, 0, 2),
             shifted = normal_rows(200, 20, 0.4, 3);
  std::vector<MmdResult> results;
  for (const auto& backend : backends()) {
    CAPTURE(backend->name());
    NoProgress progress;
    const MmdOptions options{.permutations = 199, .seed = 42, .bandwidth = 0};
    const MmdResult quiet = backend->mmd(stored_rows(a), stored_rows(same), options, progress);
    const MmdResult loud = backend->mmd(stored_rows(a), stored_rows(shifted), options, progress);
    CHECK(quiet.p > 0.05);
    CHECK(loud.p == doctest::Approx(1.0 / 200));
    CHECK(loud.bandwidth > 3);
    CHECK(loud.bandwidth < 9);  // distances of 20 standard normals: about sqrt(40)
    results.push_back(quiet);
    CHECK(quiet.p == results.front().p);
    CHECK(quiet.bandwidth == results.front().bandwidth);
    CHECK(std::abs(quiet.statistic - results.front().statistic) < 1e-12);
  }
}

TEST_CASE("rows with a missing value are left out of MMD, too few rows have no verdict") {
  Rows a = normal_rows(60, 4, 0, 5);
  const Rows b = normal_rows(50, 4, 0, 6);
  for (const auto& backend : backends()) {
    NoProgress progress;
    const MmdOptions options{.permutations = 20, .seed = 3, .bandwidth = 1.5};
    Rows with_gap = a;
    with_gap.insert(with_gap.begin() + 10, std::vector<double>{1, NAN, 2, 3});
    with_gap.push_back({INFINITY, 0, 0, 0});
    const MmdResult clean = backend->mmd(stored_rows(a), stored_rows(b), options, progress);
    const MmdResult gap = backend->mmd(stored_rows(with_gap), stored_rows(b), options, progress);
    CHECK(gap.statistic == clean.statistic);
    CHECK(gap.p == clean.p);
    CHECK(backend->mmd(stored_rows({a.front()}), stored_rows(b), options, progress).p == 1);
  }
}

TEST_CASE("the number of threads does not change a bit of MMD") {
  const Rows a = normal_rows(700, 5, 0, 8), b = normal_rows(600, 5, 0.05, 9);
  NoProgress progress;
  const MmdOptions options{.permutations = 30, .seed = 4, .bandwidth = 0};
  const MmdResult one = make_cpu_backend(1)->mmd(stored_rows(a), stored_rows(b), options, progress);
  const MmdResult three =
      make_cpu_backend(3)->mmd(stored_rows(a), stored_rows(b), options, progress);
  CHECK(one.statistic == three.statistic);
  CHECK(one.p == three.p);
}
