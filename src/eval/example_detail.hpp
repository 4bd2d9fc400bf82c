// The detail of a record, JSON text: {"doc", "target", "arguments", "resps", "filtered"} in the
// shape of lm-evaluation-harness' samples, so that they can be exported.
#pragma once

#include "eval/prompts.hpp"

#include <span>
#include <string>
#include <vector>

namespace mlopsctl::eval {

std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      std::span<const LikelihoodResult> results);
std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      const RollingResult& result);
std::string detail_of(const YamlValue& row, const ExampleRequests& example,
                      const std::vector<std::string>& answers,
                      const std::vector<std::string>& filtered,
                      const std::vector<std::string>& filters);

}  // namespace mlopsctl::eval
