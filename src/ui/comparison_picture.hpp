// The picture of one feature for a comparison page: thinned, packed, as JSON.
#pragma once

#include "mlopsctl/ui/comparison_page.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mlopsctl {

// Numbers distinct texts in the order in which they come.
class InternedTexts {
 public:
  std::size_t index(const std::string& text) {
    auto [place, is_new] = indices_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }
  std::string json_array() const;  // the texts are JSON already

 private:
  std::map<std::string, std::size_t> indices_;
  std::vector<std::string> texts_;
};

// What the slices of time of many features have in common.
struct SharedSlices {
  InternedTexts times, rows;
};

// At most `points` steps of the functions and slices of time each.
std::string picture_json(const ComparedFeature& feature, std::size_t points, SharedSlices& shared);
// Bytes of picture_json, roughly.
std::size_t picture_size(const ComparedFeature& feature, std::size_t points);

// At most `most` steps that follow both curves best: evenly spread along their length, ends kept.
std::vector<ComparedStep> thinned(const std::vector<ComparedStep>& steps, std::size_t most);
// At most `most` slices: neighbours are merged, the mean weighted by rows.
std::vector<ComparedSlice> merged(const std::vector<ComparedSlice>& slices, std::size_t most);

}  // namespace mlopsctl
