#include "tracking/scrape_tags.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {
constexpr std::string_view pattern_tag = "mlopsctl.scrape.pattern";  // "" for the built-in rules
constexpr std::string_view every_tag = "mlopsctl.scrape.every";
}  // namespace

std::vector<KeyValue> scrape_tags(const ScrapeOptions& options) {
  if (!options.enabled) return {};
  return {{std::string{pattern_tag}, options.pattern},
          {std::string{every_tag}, fmt::format("{}", options.every)}};
}

ScrapeOptions scrape_options(const std::vector<KeyValue>& tags) {
  ScrapeOptions options;
  for (const auto& tag : tags) {
    if (tag.key == pattern_tag) {
      options.enabled = true;
      options.pattern = tag.value;
    }
    if (tag.key == every_tag) options.every = parse_integer(tag.value).value_or(1);
  }
  return options;
}

}  // namespace mlopsctl
