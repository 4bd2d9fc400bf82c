#include "ui/comparison_data.hpp"

#include "ui/comparison_picture.hpp"
#include "ui/page_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

namespace {

std::string_view tone_name(Tone tone) {
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

std::string_view severity_name(Severity severity) {
  return severity == Severity::bad ? "bad" : severity == Severity::warning ? "warning" : "note";
}

std::string optional_json(const std::optional<double>& value) {
  return value ? json_short_number(*value) : "null";
}

class Writer {
 public:
  explicit Writer(const ComparisonPage& page) : page_(page) {}

  std::string tests_json(const std::vector<ComparedTest>& tests) {
    std::string text;
    for (const auto& test : tests) {
      const auto known = tests_.index(fmt::format("[{},{},{:d}]", json_string(test.name),
                                                  json_short_number(test.threshold), test.below));
      text += fmt::format("{}[{},{},{},{:d},{:d}]", text.empty() ? "" : ",", known,
                          json_short_number(test.statistic), optional_json(test.p), test.bad,
                          test.decides);
    }
    return "[" + text + "]";
  }

  std::string row(const ComparedFeature& feature) {
    std::string warnings;
    for (const auto& warning : feature.warnings) {
      warnings += (warnings.empty() ? "" : ",") + json_string(warning);
    }
    return fmt::format("{},{},{},{},{},{},{},{},{},[{}]", json_string(feature.name),
                       kinds_.index(json_string(feature.kind)),
                       verdicts_.index(fmt::format(R"([{},"{}"])", json_string(feature.verdict),
                                                   tone_name(feature.tone))),
                       json_short_number(feature.psi), json_short_number(feature.effect),
                       feature.direction, tests_json(feature.tests), side_json(feature.reference),
                       side_json(feature.current), warnings);
  }

  std::string document(std::size_t budget) {
    std::vector<std::string> rows;
    std::size_t used = 4096;
    for (const auto& feature : page_.features) {
      rows.push_back(row(feature));
      used += rows.back().size() + 8;
    }
    std::string remarks;
    for (const auto& remark : page_.remarks) {
      remarks += fmt::format(R"({}["{}",{},{},{}])", remarks.empty() ? "" : ",\n",
                             severity_name(remark.severity), json_string(remark.kind),
                             json_string(remark.feature), json_string(remark.message));
    }
    used += remarks.size();
    const auto [points, pictures] = fit(budget > used ? budget - used : 0);
    SharedSlices shared;
    std::string features;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      features += fmt::format("{}[{},{}]", i > 0 ? ",\n" : "", rows[i],
                              i < pictures ? picture_json(page_.features[i], points, shared) : "0");
    }
    std::string tallies;
    for (const auto& tally : page_.tallies) {
      tallies += fmt::format("{}[{},{},{},{},{}]", tallies.empty() ? "" : ",",
                             json_string(tally.test), tally.tested, tally.bad, tally.bad_corrected,
                             optional_json(tally.expected_by_chance));
    }
    const std::string whole = tests_json(page_.whole_tests);
    return fmt::format(
        R"({{"kinds":{},"verdicts":{},"tests":{},"times":{},"slice_rows":{},"pictures":{},)"
        R"("share":[{},{},{}],"whole":{},"tallies":[{}],"remarks":[{}],"features":[)"
        "\n{}\n]}}",
        kinds_.json_array(), verdicts_.json_array(), tests_.json_array(), shared.times.json_array(),
        shared.rows.json_array(), pictures, page_.bad_features, page_.tested_features,
        json_short_number(page_.bad_share_limit), whole, tallies, remarks, features);
  }

 private:
  static std::string side_json(const ComparedSide& side) {
    return fmt::format("[{},{},{},{},{},{}]", side.rows, side.missing, optional_json(side.mean),
                       optional_json(side.deviation), optional_json(side.min),
                       optional_json(side.max));
  }

  // How many points a picture has, and how many features get one.
  std::pair<std::size_t, std::size_t> fit(std::size_t bytes) const {
    constexpr std::array<std::size_t, 6> levels{240, 128, 96, 64, 48, 32};
    for (const auto points : levels) {
      std::size_t size = 0;
      for (const auto& feature : page_.features) size += picture_size(feature, points);
      if (size <= bytes) return {points, page_.features.size()};
    }
    std::size_t count = 0;
    for (std::size_t size = 0; count < page_.features.size(); ++count) {
      size += picture_size(page_.features[count], levels.back());
      if (size > bytes && count >= least_pictures) break;
    }
    return {levels.back(), count};
  }

  static constexpr std::size_t least_pictures = 50;

  const ComparisonPage& page_;
  InternedTexts kinds_, verdicts_, tests_;
};

}  // namespace

std::string comparison_page_data(const ComparisonPage& page, std::size_t budget) {
  return Writer(page).document(budget);
}

}  // namespace mlopsctl
