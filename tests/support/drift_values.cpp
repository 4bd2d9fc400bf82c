#include "support/drift_values.hpp"

#include "mlopsctl/drift/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <vector>

namespace {

using namespace mlopsctl::drift;
using Json = nlohmann::json;

double number(const Json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}
Json spelled(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::vector<double> sample(const Json& values) {
  std::vector<double> result;
  if (values.is_object()) {
    for (std::size_t i = 0; i < values.at("values").size(); ++i) {
      result.insert(result.end(), values.at("counts")[i], number(values.at("values")[i]));
    }
    return result;
  }
  for (const Json& value : values) {
    if (const double one = number(value); std::isfinite(one)) result.push_back(one);
  }
  std::ranges::sort(result);
  return result;
}
std::vector<std::int64_t> integers(const Json& values) {
  auto result = values.get<std::vector<std::int64_t>>();
  std::ranges::sort(result);
  return result;
}
std::vector<std::uint64_t> counts(const Json& values) {
  return values.get<std::vector<std::uint64_t>>();
}

KsMethod method(const Json& request) {
  const std::string name = request.value("method", "auto");
  return name == "exact"   ? KsMethod::exact
         : name == "asymp" ? KsMethod::asymptotic
                           : KsMethod::automatic;
}
Alternative alternative(const Json& request) {
  const std::string name = request.value("alternative", "two-sided");
  return name == "less"      ? Alternative::less
         : name == "greater" ? Alternative::greater
                             : Alternative::two_sided;
}

Json ks(const Json& request) {
  const Json& a = request.at("reference");
  const Json& b = request.at("current");
  const KsValue value =
      request.value("integers", false)
          ? ks_two_sample(integers(a), integers(b), method(request), alternative(request))
          : ks_two_sample(sample(a), sample(b), method(request), alternative(request));
  return {{"statistic", spelled(value.statistic)},
          {"p", spelled(value.p)},
          {"sign", value.sign},
          {"location", spelled(value.location)}};
}

Json spelled(const TestValue& value) {
  return {{"statistic", spelled(value.statistic)}, {"p", spelled(value.p)}};
}

using OfSamples = std::function<Json(std::span<const double>, std::span<const double>)>;
auto of_samples(OfSamples function) {
  return [function](const Json& request) {
    return function(sample(request.at("reference")), sample(request.at("current")));
  };
}
using OfCounts =
    std::function<Json(std::span<const std::uint64_t>, std::span<const std::uint64_t>)>;
auto of_counts(OfCounts function) {
  return [function](const Json& request) {
    return function(counts(request.at("reference")), counts(request.at("current")));
  };
}
Json distance(double value) { return {{"statistic", spelled(value)}}; }

Json mann_whitney_of(const Json& request) {
  return spelled(mann_whitney(sample(request.at("reference")), sample(request.at("current")),
                              alternative(request)));
}

Json spec_psi(const Json& request) {
  const auto a = sample(request.at("reference"));
  const auto b = sample(request.at("current"));
  if (a.empty() || b.empty()) return {{"statistic", "NaN"}};
  const auto edges =
      equal_width_edges(std::min(a.front(), b.front()), std::max(a.back(), b.back()), 10);
  return {{"statistic", spelled(psi(histogram(a, edges), histogram(b, edges)))}};
}

// Both sides on the equal-width bins of Sturges' rule, as Evidently has it.
Json sturges_jensen_shannon(const Json& request) {
  const auto a = sample(request.at("reference"));
  const auto b = sample(request.at("current"));
  const double low = std::min(a.front(), b.front());
  const double high = std::max(a.back(), b.back());
  const auto edges = equal_width_edges(low, high, sturges_bins(a.size() + b.size(), high - low));
  return {{"statistic",
           spelled(jensen_shannon(histogram(a, edges), histogram(b, edges), std::numbers::e))}};
}

using Function = std::function<Json(const Json&)>;
const std::map<std::string, Function> functions{
    {"ks", ks},
    {"ks_p",
     [](const Json& r) -> Json {
       const KsPValues p(r.at("n1"), r.at("n2"), method(r));
       return {{"p", spelled(p(number(r.at("d"))).p)}};
     }},
    {"kstwo_sf",
     [](const Json& r) -> Json {
       return {{"p", spelled(kstwo_sf(number(r.at("x")), r.at("n")))}};
     }},
    {"psi", spec_psi},
    {"sturges_jensen_shannon", sturges_jensen_shannon},
    {"wasserstein", of_samples([](auto a, auto b) { return distance(wasserstein(a, b)); })},
    {"energy", of_samples([](auto a, auto b) { return distance(energy_distance(a, b)); })},
    {"cramer_von_mises",
     of_samples([](auto a, auto b) { return spelled(cramer_von_mises(a, b)); })},
    {"anderson_darling",
     of_samples([](auto a, auto b) { return spelled(anderson_darling(a, b)); })},
    {"mann_whitney", mann_whitney_of},
    {"student", of_samples([](auto a, auto b) { return spelled(students_t(a, b, true)); })},
    {"welch", of_samples([](auto a, auto b) { return spelled(students_t(a, b, false)); })},
    {"epps_singleton", of_samples([](auto a, auto b) -> Json {
       const auto value = epps_singleton(a, b);
       return value ? spelled(*value) : Json{{"statistic", "NaN"}, {"p", "NaN"}};
     })},
    {"jensen_shannon",
     of_counts([](auto a, auto b) { return distance(jensen_shannon(a, b, std::numbers::e)); })},
    {"jensen_shannon2",
     of_counts([](auto a, auto b) { return distance(jensen_shannon(a, b, 2)); })},
    {"kullback_leibler",
     of_counts([](auto a, auto b) { return distance(kullback_leibler(a, b)); })},
    {"hellinger", of_counts([](auto a, auto b) { return distance(hellinger(a, b)); })},
    {"total_variation", of_counts([](auto a, auto b) { return distance(total_variation(a, b)); })},
    {"l_infinity", of_counts([](auto a, auto b) { return distance(l_infinity(a, b)); })},
    {"chi_square", of_counts([](auto a, auto b) { return spelled(chi_square_homogeneity(a, b)); })},
    {"goodness_of_fit",
     of_counts([](auto a, auto b) { return spelled(chi_square_goodness_of_fit(a, b)); })},
    {"g_test", of_counts([](auto a, auto b) { return spelled(g_test(a, b)); })},
    {"fisher",
     of_counts([](auto a, auto b) { return spelled(fisher_exact(a[0], a[1], b[0], b[1])); })},
    {"two_proportions",
     of_counts([](auto a, auto b) { return spelled(two_proportions(a[0], a[1], b[0], b[1])); })},
    {"wilson",
     [](const Json& r) -> Json {
       const Interval interval =
           wilson_interval(r.at("hits"), r.at("n"), number(r.at("confidence")));
       return {{"low", interval.low}, {"high", interval.high}};
     }},
    {"equal_width",
     [](const Json& r) -> Json {
       const auto values = sample(r.at("values"));
       const auto edges = equal_width_edges(values.front(), values.back(), r.at("bins"));
       return {{"edges", edges}, {"counts", histogram(values, edges)}};
     }},
    {"quantile_edges",
     [](const Json& r) -> Json {
       return {{"edges", quantile_edges(sample(r.at("values")), r.at("bins"))}};
     }},
    {"bins",
     [](const Json& r) -> Json {
       const auto values = sample(r.at("values"));
       return {{"sturges", sturges_bins(values.size(), values.back() - values.front())},
               {"doane", doane_bins(values)}};
     }},
    {"rejected",
     [](const Json& r) -> Json {
       const std::string name = r.at("correction");
       const auto correction = name == "none"         ? Correction::none
                               : name == "bonferroni" ? Correction::bonferroni
                                                      : Correction::benjamini_hochberg;
       std::vector<double> p;
       for (const Json& one : r.at("p")) p.push_back(number(one));
       return {{"rejected", rejected(p, number(r.at("alpha")), correction)}};
     }},
};

}  // namespace

Json drift_value(const Json& request) { return functions.at(request.at("function"))(request); }
