// What the templates of pages have in common.
#pragma once

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/comparison_page.hpp"

#include <kainjow/mustache.hpp>

#include <string_view>
#include <vector>

namespace mlopsctl {

// The class of a tone in the style sheet.
inline std::string_view tone_class(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "good";
    case Tone::warning:
      return "warning";
    case Tone::bad:
      return "bad";
    case Tone::unknown:
      break;
  }
  return "unknown";
}

inline kainjow::mustache::data facts_of(const std::vector<PageFact>& facts) {
  kainjow::mustache::data list{kainjow::mustache::data::type::list};
  for (const auto& fact : facts) {
    kainjow::mustache::data entry;
    entry.set("label", printable(fact.label));
    entry.set("text", printable(fact.text));
    list.push_back(entry);
  }
  return list;
}

}  // namespace mlopsctl
