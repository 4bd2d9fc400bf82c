// Which class was right and which was predicted: counts, and scores by scikit-learn's definitions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mlopsctl::eval {

struct ClassPair {
  std::int64_t gold = 0, predicted = 0;
};

class ClassCounts;

// Classes of some pairs, numbered by their order.
class ClassNumbers {
 public:
  explicit ClassNumbers(std::span<const ClassPair> pairs);
  ClassCounts count(std::span<const std::uint32_t> which) const;  // of the pairs
  const std::vector<std::int64_t>& labels() const { return labels_; }

 private:
  std::vector<std::int64_t> labels_;  // ascending
  std::vector<std::uint32_t> gold_, predicted_;
};

class ClassCounts {
 public:
  explicit ClassCounts(std::size_t classes) : classes_(classes), counts_(classes * classes) {}
  void add(std::size_t gold, std::size_t predicted) { ++counts_[gold * classes_ + predicted]; }

  std::size_t classes() const { return classes_; }
  std::uint64_t at(std::size_t gold, std::size_t predicted) const {
    return counts_[gold * classes_ + predicted];
  }
  std::uint64_t total() const;
  std::uint64_t correct() const;
  std::uint64_t of_gold(std::size_t c) const;  // support
  std::uint64_t of_predicted(std::size_t c) const;
  double precision(std::size_t c) const;  // 0 where nothing was predicted, as zero_division=0
  double recall(std::size_t c) const;
  double f1(std::size_t c) const;
  double macro_f1() const;  // over the classes that are gold or predicted somewhere
  double mcc() const;       // 0 where it is not defined
  // f1_score(golds, preds): of class 1 where there are no classes but 0 and 1; of more, macro.
  double task_f1(const ClassNumbers& numbers) const;

 private:
  std::size_t classes_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace mlopsctl::eval
