#include "eval/class_counts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlopsctl::eval {

namespace {

double share(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

}  // namespace

ClassNumbers::ClassNumbers(std::span<const ClassPair> pairs) {
  for (const ClassPair& pair : pairs) {
    labels_.push_back(pair.gold);
    labels_.push_back(pair.predicted);
  }
  std::ranges::sort(labels_);
  labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
  const auto number = [&](std::int64_t label) {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(labels_, label) - labels_.begin());
  };
  for (const ClassPair& pair : pairs) {
    gold_.push_back(number(pair.gold));
    predicted_.push_back(number(pair.predicted));
  }
}

ClassCounts ClassNumbers::count(std::span<const std::uint32_t> which) const {
  ClassCounts counts(labels_.size());
  for (const std::uint32_t i : which) counts.add(gold_[i], predicted_[i]);
  return counts;
}

std::uint64_t ClassCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t ClassCounts::correct() const {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += at(c, c);
  return sum;
}

std::uint64_t ClassCounts::of_gold(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t p = 0; p < classes_; ++p) sum += at(c, p);
  return sum;
}

std::uint64_t ClassCounts::of_predicted(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t g = 0; g < classes_; ++g) sum += at(g, c);
  return sum;
}

double ClassCounts::precision(std::size_t c) const { return share(at(c, c), of_predicted(c)); }
double ClassCounts::recall(std::size_t c) const { return share(at(c, c), of_gold(c)); }
double ClassCounts::f1(std::size_t c) const {
  return share(2 * at(c, c), of_gold(c) + of_predicted(c));
}

double ClassCounts::macro_f1() const {
  double sum = 0;
  std::uint64_t present = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    if (of_gold(c) + of_predicted(c) == 0) continue;
    sum += f1(c);
    ++present;
  }
  return present == 0 ? 0 : sum / static_cast<double>(present);
}

// scikit-learn's matthews_corrcoef: of any number of classes (Gorodkin 2004).
double ClassCounts::mcc() const {
  const auto n = static_cast<double>(total());
  double both = 0, golds = 0, predictions = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    const auto gold = static_cast<double>(of_gold(c)),
               predicted = static_cast<double>(of_predicted(c));
    both += gold * predicted;
    golds += gold * gold;
    predictions += predicted * predicted;
  }
  const double covariance = static_cast<double>(correct()) * n - both;
  const double scale = (n * n - predictions) * (n * n - golds);
  return scale == 0 ? 0 : covariance / std::sqrt(scale);
}

double ClassCounts::task_f1(const ClassNumbers& numbers) const {
  const auto& labels = numbers.labels();
  if (labels.empty() || labels.front() < 0 || labels.back() > 1) return macro_f1();
  const auto one = std::ranges::find(labels, 1);
  return one == labels.end() ? 0 : f1(static_cast<std::size_t>(one - labels.begin()));
}

}  // namespace mlopsctl::eval
