#include "deploy/canary/query_template.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <vector>

namespace mlopsctl {
namespace {

std::map<std::string, std::string> names_of(const AnalysisSubject& subject,
                                            const std::string& interval,
                                            const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string> names{
      {"namespace", subject.name_space}, {"target", subject.target}, {"service", subject.service},
      {"ingress", subject.ingress},      {"route", subject.route},   {"interval", interval}};
  for (const auto& [name, value] : variables) names.emplace("variables." + name, value);
  return names;
}

Error unknown(const std::string& name, const std::map<std::string, std::string>& names) {
  std::vector<std::string> known;
  for (const auto& [key, value] : names) known.push_back(key);
  const auto near = closest(name, known);
  return {
      ErrorKind::config, fmt::format("the query of a metric has an unknown {{{{ {} }}}}", name),
      near ? fmt::format("did you mean {{{{ {} }}}}?", *near) : "there are: " + join(known, ", ")};
}

}  // namespace

std::string fill_query(std::string_view query, const AnalysisSubject& subject,
                       const std::string& interval,
                       const std::map<std::string, std::string>& variables) {
  const auto names = names_of(subject, interval, variables);
  std::string filled;
  while (true) {
    const auto open = query.find("{{");
    filled += query.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const auto close = query.find("}}", open + 2);
    if (close == std::string_view::npos) {
      throw Error(ErrorKind::config, "the query of a metric has a {{ without }}");
    }
    const std::string name(trim(query.substr(open + 2, close - open - 2)));
    const auto found = names.find(name);
    if (found == names.end()) throw unknown(name, names);
    filled += found->second;
    query.remove_prefix(close + 2);
  }
}

std::string promql_duration(Milliseconds time) {
  const auto ms = time.count();
  if (ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  if (ms % 1'000 == 0) return fmt::format("{}s", ms / 1'000);
  return fmt::format("{}ms", ms);
}

}  // namespace mlopsctl
