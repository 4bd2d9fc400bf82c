#include "mlopsctl/drift/matrix_tests.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace mlopsctl;
using namespace mlopsctl::drift;

namespace {

struct Silent : Progress {
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view) override {}
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

// Normal values; the first column is moved.
Matrix normal_matrix(std::size_t rows, std::size_t columns, double shift, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  const auto values = std::make_shared<std::vector<float>>(rows * columns);
  for (std::size_t i = 0; i < values->size(); ++i) {
    (*values)[i] = normal(random) + (i % columns == 0 ? static_cast<float>(shift) : 0.0F);
  }
  return {{MatrixPart{.data = reinterpret_cast<const std::byte*>(values->data()),
                      .type = NumberType::f32,
                      .rows = rows,
                      .columns = columns,
                      .row_stride = static_cast<std::int64_t>(columns * sizeof(float)),
                      .column_stride = sizeof(float),
                      .owner = values}}};
}

}  // namespace

TEST_CASE("a classifier cannot tell two draws of one distribution apart") {
  Silent progress;
  const auto result =
      domain_classifier(normal_matrix(800, 12, 0, 1), normal_matrix(900, 12, 0, 2), {}, progress);
  CHECK(result.auc > 0.44);
  CHECK(result.auc < 0.55);
  CHECK(result.p > 0.01);
  CHECK(result.train_rows == 850);
  CHECK(result.test_rows == 850);
}

TEST_CASE("a classifier finds a moved column, the more the further") {
  Silent progress;
  const Matrix reference = normal_matrix(800, 12, 0, 1);
  const double near =
      domain_classifier(reference, normal_matrix(800, 12, 0.5, 2), {}, progress).auc;
  const auto far = domain_classifier(reference, normal_matrix(800, 12, 2, 2), {}, progress);
  CHECK(near > 0.58);
  CHECK(near < 0.7);
  CHECK(far.auc > 0.9);  // two normals two deviations apart: 0.921
  CHECK(far.auc < 0.95);
  CHECK(far.p < 1e-9);
}

TEST_CASE("the classifier gives the same number for the same seed, and takes at most max_rows") {
  Silent progress;
  const Matrix reference = normal_matrix(500, 3, 0, 1);
  const Matrix current = normal_matrix(500, 3, 0.3, 2);
  const auto first = domain_classifier(reference, current, {.max_rows = 100}, progress);
  const auto second = domain_classifier(reference, current, {.max_rows = 100}, progress);
  const auto other = domain_classifier(reference, current, {.seed = 7, .max_rows = 100}, progress);
  CHECK(first.auc == second.auc);
  CHECK(first.auc != other.auc);
  CHECK(first.train_rows + first.test_rows == 200);
}

TEST_CASE("rows that are not finite are left out, and too few rows are no answer") {
  Silent progress;
  Matrix holes = normal_matrix(6, 2, 0, 1);
  auto* values = const_cast<float*>(reinterpret_cast<const float*>(holes.parts[0].data));
  for (int row = 0; row < 3; ++row) values[2 * row] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(domain_classifier(holes, normal_matrix(50, 2, 0, 2), {}, progress).auc));
  CHECK(std::isnan(domain_classifier({}, {}, {}, progress).auc));
  const auto constant = normal_matrix(40, 1, 0, 1);
  auto* same = const_cast<float*>(reinterpret_cast<const float*>(constant.parts[0].data));
  std::fill(same, same + 40, 3.0F);
  CHECK(domain_classifier(constant, constant, {}, progress).auc == 0.5);
}

TEST_CASE("distances between means") {
  const std::vector<double> a{0, 3, 1};
  const std::vector<double> b{4, 3, 4};
  CHECK(mean_distance(a, b, MeanMetric::euclidean) == 5);
  CHECK(mean_distance(a, b, MeanMetric::cityblock) == 7);
  CHECK(mean_distance(a, b, MeanMetric::chebyshev) == 4);
  CHECK(mean_distance(std::vector{1.0, 0.0}, std::vector{0.0, 2.0}, MeanMetric::cosine) == 1);
  CHECK(mean_distance(std::vector{1.0, 1.0}, std::vector{2.0, 2.0}, MeanMetric::cosine) ==
        doctest::Approx(0));
  CHECK(mean_distance(std::vector{0.0}, std::vector{0.0}, MeanMetric::cosine) == 0);
  const double nan = std::nan("");
  CHECK(mean_distance(std::vector{nan, 1.0}, std::vector{5.0, 3.0}, MeanMetric::euclidean) == 2);
  CHECK(std::isnan(mean_distance(std::vector{nan}, std::vector{5.0}, MeanMetric::euclidean)));
}

TEST_CASE(
    "the share of components counts those at the threshold, and leaves out those without a value") {
  CHECK(share_of_components(std::vector{0.1, 0.05, std::nan(""), 0.3, 0.0}, 0.1) == 0.5);
  CHECK(std::isnan(share_of_components({}, 0.1)));
  CHECK(normed_wasserstein(std::vector{0.0, 2.0}, std::vector{1.0, 3.0}) == 1);
  CHECK(normed_wasserstein(std::vector{1.0, 1.0}, std::vector{2.0, 2.0}) == doctest::Approx(1000));
}
