// The data of a comparison page as JSON that is safe inside a <script> element.
#pragma once

#include "mlopsctl/ui/comparison_page.hpp"

#include <cstddef>
#include <string>

namespace mlopsctl {

// {"kinds": [text…], "verdicts": [[text, tone]…], "tests": [[name, threshold, below]…],
//  "times": [[milliseconds since 1970…]…], "slice_rows": [[rows…]…], "pictures": features with a
//  picture, "share": [bad, tested, limit], "whole": [test…],
//  "tallies": [[name, tested, bad, bad after correction, expected or null]…], "features":
//  [feature…], "remarks": [[severity, kind, feature, message]…]}
//
// A feature is [name, kind, verdict, psi, effect, direction, [test…], reference side, current side,
// [warning…], picture], kind and verdict as indices, no picture as 0.
// A test is [index into tests, statistic, p or null, bad, decides].
// A side is [rows, missing, mean, deviation, min, max].
// A picture is [histogram, functions, time]:
//   histogram  [edges, labels or 0, reference counts, current counts]; two edges: equal bins
//   between functions  [least x, largest x, packed x, packed reference, packed current, distance,
//   its place] time       [[reference, index into times, index into slice_rows, least, largest,
//   packed means]…]
// "Packed" are base64 digits, the most significant first: three a number for x and two for all
// else, a fraction of the range between least and largest (of 0 to 1 for the functions). Everything
// but rows and counts has six significant digits: exact numbers are in the JSON report.
std::string comparison_page_data(const ComparisonPage& page, std::size_t budget);

}  // namespace mlopsctl
