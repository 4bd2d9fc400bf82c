// Profiles: parts merge to what one pass counts, bit by bit; checks against them say how exact they
// are; damaged files are refused.
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"

#include "support/data_sets.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

Profile profiled(const DataSet& data, const ProfileOptions& options = {}) {
  Profile profile(options);
  profile.add(data);
  return profile;
}

// Everything but the moments, which agree to rounding only.
nlohmann::json counts_of(const Profile& profile) {
  auto json = nlohmann::json::parse(profile.to_json());
  for (auto& column : json["columns"]) {
    column.erase("mean");
    column.erase("squares");
  }
  json.erase("source");
  return json;
}

DataSet rows_of(const DataSet& data, std::size_t first, std::size_t last) {
  DataSet part = data;
  for (auto& column : part.columns) {
    if (auto* reals = std::get_if<std::vector<double>>(&column.values)) {
      *reals = {reals->begin() + static_cast<std::ptrdiff_t>(first),
                reals->begin() + static_cast<std::ptrdiff_t>(last)};
    } else if (auto* labels = std::get_if<Categories>(&column.values)) {
      labels->codes = {labels->codes.begin() + static_cast<std::ptrdiff_t>(first),
                       labels->codes.begin() + static_cast<std::ptrdiff_t>(last)};
    }
  }
  return part;
}

DataSet awkward() {
  auto values = normal(6000, 1);
  values[7] = 1e300;
  values[8] = -1e-300;
  values[9] = std::nan("");
  values[10] = INFINITY;
  std::vector<double> narrow;
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow.push_back(1.7e9 + static_cast<double>(i % 300));
    labels.push_back("label " + std::to_string(i % 2500));
  }
  return table({real("x", values), real("narrow", narrow), category("label", labels)});
}

}  // namespace

TEST_CASE("parts profiled apart and merged in any order have the counts of one pass, exactly") {
  const DataSet data = awkward();
  const nlohmann::json whole = counts_of(profiled(data));
  const std::vector<std::size_t> cuts{0, 1, 50, 2000, 2001, 6000};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    Profile merged;
    for (const auto i : order) merged.merge(profiled(rows_of(data, cuts[i], cuts[i + 1])));
    CHECK(counts_of(merged) == whole);
  } while (std::ranges::next_permutation(order).found && order[0] < 2);
  // Pairs of pairs: merging is associative.
  Profile left = profiled(rows_of(data, 0, 3000)), right = profiled(rows_of(data, 3000, 5000));
  right.merge(profiled(rows_of(data, 5000, 6000)));
  left.merge(right);
  CHECK(counts_of(left) == whole);
}

TEST_CASE("means and deviations of merged parts agree to rounding") {
  const DataSet data = table({real("x", normal(5000, 3, 1000))});
  Profile merged = profiled(rows_of(data, 0, 17));
  merged.merge(profiled(rows_of(data, 17, 5000)));
  const auto one = profiled(data).columns()[0], two = merged.columns()[0];
  CHECK(two.mean == doctest::Approx(one.mean).epsilon(1e-13));
  CHECK(two.deviation == doctest::Approx(one.deviation).epsilon(1e-12));
  CHECK(two.min == one.min);
  CHECK(one.mean == doctest::Approx(1000).epsilon(1e-3));
}

TEST_CASE("a profile survives its file, and its size does not depend on the rows") {
  const Profile before = profiled(awkward());
  const Profile after = Profile::parse(before.to_json(), "p");
  CHECK(after.to_json() == before.to_json());
  CHECK(Profile::is_profile(before.to_json().substr(0, 64)));
  CHECK(profiled(table({real("x", normal(100'000, 5))})).to_json().size() < 40'000);
}

TEST_CASE("damaged profiles are refused") {
  const std::string good =
      profiled(table({real("x", normal(50, 1)), category("c", std::vector<std::string>(50, "a"))}))
          .to_json();
  CHECK_ERROR(Profile::parse("{}", "p.profile"), ErrorKind::corrupt, "p.profile");
  CHECK_ERROR(Profile::parse(good.substr(0, good.size() / 2), "p"), ErrorKind::corrupt, "profile");
  const auto changed = [&](const auto& change) {
    auto json = nlohmann::json::parse(good);
    change(json);
    return json.dump();
  };
  const std::vector<std::string> damaged{
      changed([](auto& j) { j["schema"] = "mlopsctl.drift.profile/9"; }),
      changed([](auto& j) { j["bucket_limit"] = 0; }),
      changed([](auto& j) { j["bucket_limit"] = 1ULL << 60; }),
      changed([](auto& j) { j["columns"] = 3; }),
      changed([](auto& j) { j["columns"][0]["kind"] = "colour"; }),
      changed([](auto& j) { j["columns"][0]["dropped_bits"] = 64; }),
      changed([](auto& j) { j["columns"][0]["finite"] = 49; }),
      changed([](auto& j) { j["columns"][0]["buckets"][1] = 0; }),
      changed([](auto& j) { j["columns"][0]["buckets"][0] = -1; }),
      changed([](auto& j) { j["columns"][0]["buckets"][3] = UINT64_MAX; }),
      changed([](auto& j) { j["columns"][1]["labels"]["a"] = 51; }),
      changed([](auto& j) { j["columns"][1]["hash_zeros"] = -1; })};
  for (const auto& text : damaged) {
    CAPTURE(text.substr(0, 200));
    CHECK_ERROR(Profile::parse(text, "p"), ErrorKind::corrupt, "p");
  }
}

TEST_CASE("profiles of other columns do not merge, integers and reals do") {
  Profile x = profiled(table({real("x", {1, 2.5})}));
  CHECK_ERROR(x.merge(profiled(table({real("y", {1})}))), ErrorKind::conflict, "columns");
  x.merge(profiled(table({integer("x", {3})})));
  CHECK(x.rows() == 3);
  CHECK(x.columns()[0].kind == ColumnKind::real);
  CHECK_ERROR(x.add(matrix(1, 1, 1)), ErrorKind::corrupt, "columns");
}

TEST_CASE("against a profile, few distinct values are exact and many come with their range") {
  Silent silent;
  const auto backend = make_cpu_backend(1);
  const DataSet a = table({real("x", normal(3000, 1)), real("step", {}), category("c", {})});
  std::vector<double> steps, moved;
  std::vector<std::string> labels, others;
  for (int i = 0; i < 3000; ++i) {
    steps.push_back(i % 100);
    moved.push_back(i % 70);
    labels.emplace_back(i % 3 == 0 ? "a" : "b");
    others.emplace_back(i % 2 == 0 ? "a" : "b");
  }
  const DataSet reference = table({a.columns[0], real("step", steps), category("c", labels)});
  const DataSet current =
      table({real("x", normal(3000, 2, 0.3)), real("step", moved), category("c", others)});
  const AnalysisOptions options{.preset = "spec"};
  const DriftResult exact = analyse(reference, current, options, *backend, silent);
  const DriftResult from_profile = analyse(profiled(reference), profiled(current), options);
  CHECK(from_profile.verdict == exact.verdict);
  for (const auto& feature : from_profile.features) {
    CAPTURE(feature.name);
    const auto same = std::ranges::find(exact.features, feature.name, &FeatureResult::name);
    REQUIRE(same != exact.features.end());
    if (feature.name == "x") {
      CHECK(feature.effect_size <= same->effect_size);
      CHECK(feature.effect_size == doctest::Approx(same->effect_size).epsilon(0.05));
      CHECK(feature.psi == doctest::Approx(same->psi).epsilon(0.1));
      CHECK(std::ranges::any_of(feature.warnings, [](const std::string& warning) {
        return warning.find("KS between") != std::string::npos;
      }));
    } else {
      CHECK(feature.effect_size == doctest::Approx(same->effect_size).epsilon(1e-12));
      CHECK(feature.psi == doctest::Approx(same->psi).epsilon(1e-12));
    }
  }
}

TEST_CASE("matrices are profiled as the table of their columns is") {
  const DataSet data = matrix(5000, 20, 9);
  const auto from_matrix = counts_of(profiled(data)),
             from_table = counts_of(profiled(as_table(data)));
  CHECK(from_matrix["columns"] == from_table["columns"]);
  const AnalysisOptions cramer{.tests = {"cramer-von-mises"}};
  CHECK_ERROR(analyse(profiled(data), profiled(data), cramer), ErrorKind::usage, "rows");
  CHECK_ERROR(analyse(profiled(data), profiled(matrix(10, 3, 1)), {}), ErrorKind::usage,
              "features");
}
