// How a run was scraped is kept in its tags, so that reap can go on in the same way.
#pragma once

#include "mlopsctl/tracking/exec.hpp"

#include <vector>

namespace mlopsctl {

std::vector<KeyValue> scrape_tags(const ScrapeOptions& options);  // none if it is off
ScrapeOptions scrape_options(const std::vector<KeyValue>& tags);

}  // namespace mlopsctl
