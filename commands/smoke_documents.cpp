#include "commands/smoke_documents.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/markdown.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::commands {

namespace {

using Ordered = nlohmann::ordered_json;

std::string result_word(const SmokeResult& result) { return result.passed ? "passed" : "failed"; }

std::string markdown(const SmokeRun& run) {
  std::vector<std::vector<std::string>> rows;
  for (const SmokeResult& result : run.results) {
    rows.push_back({markdown_code(result.name), result.passed ? "passed" : "**failed**",
                    std::to_string(result.status), human_duration(result.took),
                    markdown_text(result.text)});
  }
  const std::vector<MarkdownColumn> columns{
      {"Check"}, {"Result"}, {"Status", true}, {"Took", true}, {"What"}};
  const bool passed = all_passed(run.results);
  return fmt::format("## {} Smoke checks {}\n\n{}\n\n{}\n",
                     passed ? "\xe2\x9c\x85" : "\xf0\x9f\x94\xb4", passed ? "passed" : "failed",
                     markdown_text(smoke_headline(run)), markdown_table(columns, rows));
}

JUnitSuite junit(const SmokeRun& run) {
  JUnitSuite suite{.name = "smoke", .started = run.at, .properties = {{"target", run.target}}};
  for (const SmokeResult& result : run.results) {
    suite.cases.push_back(smoke_case(result));
    suite.seconds += static_cast<double>(result.took.count()) / 1000;
  }
  return suite;
}

Message message(const SmokeRun& run, const std::string& link) {
  Message message{.title = fmt::format("Smoke checks failed: {}", run.target),
                  .text = smoke_headline(run),
                  .link = link};
  for (const SmokeResult& result : run.results) {
    if (!result.passed) message.lines.push_back(fmt::format("{}: {}", result.name, result.text));
  }
  return message;
}

std::string webhook_json(const SmokeRun& run, const std::string& link) {
  Ordered checks = Ordered::array();
  for (const SmokeResult& result : run.results) {
    checks.push_back({{"name", result.name},
                      {"passed", result.passed},
                      {"status", result.status},
                      {"took_ms", result.took.count()},
                      {"url", result.url},
                      {"text", result.text}});
  }
  const Ordered json{
      {"schema", "mlopsctl.smoke.message/1"}, {"target", run.target},
      {"passed", all_passed(run.results)},    {"checked_at", to_rfc3339(run.at)},
      {"checks", std::move(checks)},          {"report", link.empty() ? Ordered() : Ordered(link)}};
  return json.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

}  // namespace

std::string smoke_headline(const SmokeRun& run) {
  if (!all_passed(run.results)) {
    return fmt::format("{} ({})", describe_failures(run.results), run.target);
  }
  return run.results.size() == 1 ? fmt::format("1 check of {}", run.target)
                                 : fmt::format("{} checks of {}", run.results.size(), run.target);
}

JUnitCase smoke_case(const SmokeResult& result) {
  return {.class_name = "smoke",
          .name = result.name,
          .outcome = result.passed ? JUnitOutcome::passed : JUnitOutcome::failed,
          .message = result.passed ? "" : result.text,
          .details = fmt::format("{} {} in {}, attempt {}", result.url, result_word(result),
                                 human_duration(result.took), result.attempts)};
}

CheckDocuments smoke_documents(const SmokeRun& run) {
  return {.name = run.target,
          .answered = true,
          .junit = [&run] { return junit(run); },
          .markdown = [&run] { return markdown(run); },
          .message = [&run](const std::string& link) { return message(run, link); },
          .webhook_json = [&run](const std::string& link) { return webhook_json(run, link); }};
}

}  // namespace mlopsctl::commands
