// Averaged stochastic gradient descent on the logistic loss (Polyak and Juditsky 1992): one pass
// after the other over the training half in random order, the mean of the weights of the later half
// of the passes is the classifier. Everything random comes from one seeded generator with sequences
// that the C++ standard fixes.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/drift/matrix_tests.hpp"
#include "mlopsctl/drift/statistics.hpp"

#include "drift/drawn_rows.hpp"
#include "drift/moments.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace mlopsctl::drift {

namespace {

struct Example {
  std::span<float> features;
  bool current;
};

// Mean 0 and deviation 1 on the training half, for both halves; a constant column becomes 0.
void standardise(const std::vector<Example>& train, const std::vector<Example>& test,
                 std::size_t columns) {
  const double n = static_cast<double>(train.size());
  for (std::size_t c = 0; c < columns; ++c) {
    Sum total;
    for (const Example& one : train) total.add(static_cast<double>(one.features[c]));
    const double mean = total.value() / n;
    Sum squares;
    for (const Example& one : train) {
      const double difference = static_cast<double>(one.features[c]) - mean;
      squares.add(difference * difference);
    }
    const double deviation = std::sqrt(squares.value() / n);
    const double scale = deviation > 0 && std::isfinite(1 / deviation) ? 1 / deviation : 0;
    for (const auto* half : {&train, &test}) {
      for (const Example& one : *half) {
        one.features[c] = static_cast<float>((static_cast<double>(one.features[c]) - mean) * scale);
      }
    }
  }
}

double product(std::span<const double> weights, std::span<const float> features) {
  double sums[4] = {};  // four chains of additions, so that they overlap
  std::size_t i = 0;
  for (; i + 4 <= features.size(); i += 4) {
    for (std::size_t k = 0; k < 4; ++k) {
      sums[k] += weights[i + k] * static_cast<double>(features[i + k]);
    }
  }
  for (; i < features.size(); ++i) sums[0] += weights[i] * static_cast<double>(features[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

struct Classifier {
  std::vector<double> weights;
  double bias = 0;

  double score(std::span<const float> features) const { return product(weights, features) + bias; }
};

Classifier trained(std::vector<Example>& examples, std::size_t columns,
                   const DomainClassifierOptions& options, std::mt19937_64& random,
                   Progress& progress) {
  Classifier now{std::vector<double>(columns, 0.0)};
  Classifier mean = now;
  double averaged = 0;
  // Standardised features have a squared norm of about the number of columns; the loss bends by a
  // quarter of that at most.
  const double first_step = 2 / (static_cast<double>(columns) + 1);
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    shuffle(examples, random);
    const double step = first_step / (1 + static_cast<double>(epoch) / 4);
    for (const Example& one : examples) {
      const double error = (one.current ? 1.0 : 0.0) - 1 / (1 + std::exp(-now.score(one.features)));
      const double kept = 1 - step * options.l2;
      for (std::size_t i = 0; i < columns; ++i) {
        now.weights[i] =
            now.weights[i] * kept + step * error * static_cast<double>(one.features[i]);
      }
      now.bias += step * error;
    }
    if (epoch >= options.epochs / 2) {
      ++averaged;
      for (std::size_t i = 0; i < columns; ++i) {
        mean.weights[i] += (now.weights[i] - mean.weights[i]) / averaged;
      }
      mean.bias += (now.bias - mean.bias) / averaged;
    }
    progress.advance(1);
  }
  return mean;
}

}  // namespace

DomainClassifierResult domain_classifier(const Matrix& reference, const Matrix& current,
                                         const DomainClassifierOptions& options,
                                         Progress& progress) {
  if (reference.columns() != current.columns()) {
    throw Error(ErrorKind::bug, "the two matrices have different numbers of columns");
  }
  std::mt19937_64 random(options.seed);
  Rows sides[2] = {drawn(reference, options.max_rows, random),
                   drawn(current, options.max_rows, random)};
  if (std::min(sides[0].size(), sides[1].size()) < 4) return {.auc = nan, .p = nan};

  const std::size_t columns = reference.columns();
  std::vector<Example> train;
  std::vector<Example> test;
  for (const bool is_current : {false, true}) {
    Rows& rows = sides[is_current ? 1 : 0];
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    shuffle(order, random);
    for (std::size_t i = 0; i < order.size(); ++i) {
      auto& half = i < order.size() / 2 ? train : test;
      half.push_back({std::span(rows.values).subspan(order[i] * columns, columns), is_current});
    }
  }
  standardise(train, test, columns);
  progress.start("domain classifier", options.epochs, "passes");
  const Classifier classifier = trained(train, columns, options, random, progress);
  progress.finish();

  std::vector<double> scores[2];
  for (const Example& one : test) {
    scores[one.current ? 1 : 0].push_back(classifier.score(one.features));
  }
  for (auto& side : scores) std::ranges::sort(side);
  const TestValue u = mann_whitney(scores[1], scores[0], Alternative::greater);
  return {.auc = u.statistic /
                 (static_cast<double>(scores[0].size()) * static_cast<double>(scores[1].size())),
          .p = u.p,
          .train_rows = train.size(),
          .test_rows = test.size()};
}

}  // namespace mlopsctl::drift
