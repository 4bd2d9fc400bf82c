// The pictures of a gate's page, as SVG elements.
#pragma once

#include "mlopsctl/ui/gate_page.hpp"

#include <string>

namespace mlopsctl {

// The change with its interval around zero, on a scale from -most to most.
std::string interval_picture(const PageRule& rule, double most);
// One bar: right on both sides, lost, won, wrong on both.
std::string pairs_picture(const PagePairs& pairs);
// Both distribution functions with their medians.
std::string samples_picture(const PageSamples& samples);

}  // namespace mlopsctl
