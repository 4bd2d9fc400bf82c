// Tests of whole matrices (embeddings), beside maximum mean discrepancy, which is arithmetic and
// lives in compute/.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/compute/matrix.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// Distance between the two vectors of column means. cosine is 1 - cos; 0 if both are zero, 1 if one
// is. Components with a NaN on either side are left out; NaN
// if none is left.
enum class MeanMetric { euclidean, cosine, cityblock, chebyshev };
std::string_view to_string(MeanMetric metric);
double mean_distance(std::span<const double> reference, std::span<const double> current,
                     MeanMetric metric);

// Euclidean distances between the means of both sides after their rows were dealt out anew,
// ascending: what chance does, since sampling alone moves the means of d components by about
// √(d(1/n + 1/m)) deviations. Of at most `max_rows` rows of each side, scaled to all of them; rows
// with a value that is not finite are left out. Empty with fewer than 2 rows left on a side.
struct MeanDistanceOptions {
  std::uint64_t seed = 42;
  std::size_t permutations = 500;
  std::uint64_t max_rows = 2048;
};
std::vector<double> mean_distance_null(const Matrix& reference, const Matrix& current,
                                       const MeanDistanceOptions& options);

// Which share of the components have moved: those with a distance of at least `threshold`. The
// usual distance is the Wasserstein distance over the reference's deviation, at 0.1, and the share
// counts as drift above 0.2. A NaN is a component that could not be compared; it is not counted at
// all.
double share_of_components(std::span<const double> distances, double threshold);
// wasserstein / max(deviation of the reference (ddof 0), 0.001). Both sorted ascending, finite.
double normed_wasserstein(std::span<const double> reference, std::span<const double> current);

// Can a linear classifier tell the two sides apart? Half of the rows, at most `max_rows` of each
// side, train a logistic regression on standardised columns; the ROC AUC is that of the other half.
// 0.5 says no, 1 says always; 0.55 is the usual threshold. Rows with a value that is not finite are
// left out; with fewer than 4 rows left on a side the AUC is NaN. The same input and options give
// the same number. Both matrices have the same number of columns, else Error{bug}.
struct DomainClassifierOptions {
  std::uint64_t seed = 42;
  std::uint64_t max_rows = 10000;  // of each side, drawn by the seed
  std::size_t epochs = 20;
  double l2 = 1e-4;  // weight decay
};
struct DomainClassifierResult {
  double auc = 0;
  // How surprising the AUC is if both sides are one: the one-sided p of the Mann–Whitney test of
  // the test half's scores, which is what an AUC is.
  double p = 1;
  std::uint64_t train_rows = 0, test_rows = 0;
};
DomainClassifierResult domain_classifier(const Matrix& reference, const Matrix& current,
                                         const DomainClassifierOptions& options,
                                         Progress& progress);

}  // namespace mlopsctl::drift
