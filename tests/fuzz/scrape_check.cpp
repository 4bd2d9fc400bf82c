#include "fuzz/scrape_check.hpp"

#include "mlopsctl/base/text.hpp"

#include "fuzz/require.hpp"
#include "tracking/scrape.hpp"

#include <fmt/core.h>

#include <string>

namespace mlopsctl::fuzz {
namespace {

std::string scrape(const ScrapeOptions& options, std::string_view output, std::size_t piece) {
  Scraper scraper(options);
  std::string log;
  const Scraper::Sink sink = [&](int stream, const std::string& key, std::int64_t step,
                                 double value) {
    log += fmt::format("{} {} {} {}\n", stream, key, step, number_text(value));
  };
  for (std::size_t begin = 0; begin < output.size(); begin += piece) {
    scraper.feed(1, output.substr(begin, piece), sink);
  }
  scraper.finish(sink);
  return log;
}

}  // namespace

void check_scrape(std::string_view output) {
  if (output.size() > 4096) output = output.substr(0, 4096);
  for (const char* pattern : {"", "step (?<step>\\d+).*?loss[ =](?<loss>\\S+)"}) {
    const ScrapeOptions options{.enabled = true, .pattern = pattern};
    const std::string whole = scrape(options, output, output.size() + 1);
    for (const std::size_t piece : {1U, 13U}) {
      require(scrape(options, output, piece) == whole, "a cut changes what is scraped");
    }
  }
}

}  // namespace mlopsctl::fuzz
