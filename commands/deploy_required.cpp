#include "commands/deploy_required.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

struct Kind {
  const char* option;
  const char* word;     // "evaluation"
  const char* tag;      // whose value is the name
  const char* verdict;  // the tag with the verdict
  const char* filter;   // beside the name
  std::vector<std::string> good;
  const char* command;  // that makes one
  const char* subject;  // the parameter with what was looked at
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{{"require-eval",
                                      "evaluation",
                                      "gate.check",
                                      "gate.verdict",
                                      " AND tags.`gate.kind` = 'eval'",
                                      {"pass", "warning"},
                                      "eval check",
                                      "subject"},
                                     {"require-drift-free",
                                      "drift check",
                                      "drift.check",
                                      "drift.verdict",
                                      "",
                                      {"ok"},
                                      "drift check",
                                      "current"}};
  return all;
}

std::string value_of(const std::vector<KeyValue>& pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::key);
  return found == pairs.end() ? std::string() : found->value;
}

std::string quoted_for_filter(const std::string& name) {
  std::string quoted;
  for (const char c : name) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted;
}

RequiredCheck last_check(Context& context, const Kind& kind, const std::string& name) {
  RequiredCheck check{.kind = kind.word, .name = name};
  const auto home = context.home();
  std::vector<Run> runs;
  if (home && fs::exists(*home / "runs.db")) {
    runs = context.runs(StoreAccess::read)
               .search({.filter = fmt::format("tags.`{}` = '{}'{}", kind.tag,
                                              quoted_for_filter(name), kind.filter),
                        .limit = 1})
               .runs;
  }
  if (runs.empty()) {
    check.text = fmt::format("there is no {} {} in the run store: 'mlopsctl {}' records one",
                             kind.word, quote(name), kind.command);
    return check;
  }
  const Run& run = runs.front();
  const std::string verdict = value_of(run.tags, kind.verdict);
  check.run_id = run.id;
  check.subject = value_of(run.params, kind.subject);
  const bool good = std::ranges::find(kind.good, verdict) != kind.good.end();
  // Too few rows, not comparable: nothing was found out.
  const bool bad = verdict == "fail" || verdict == "drift";
  check.answer = good  ? RequiredCheck::Answer::passed
                 : bad ? RequiredCheck::Answer::bad
                       : RequiredCheck::Answer::none;
  check.text = fmt::format("the last {} {} {}: {}, {} (run {})", kind.word, quote(name),
                           good  ? "passed"
                           : bad ? "did not pass"
                                 : "has no answer",
                           verdict, human_age(run.start, context.now()), run.id.substr(0, 8));
  const std::string note = value_of(run.tags, tag_names::note);
  if (!good && !note.empty()) check.text += ": " + note;
  return check;
}

}  // namespace

std::vector<OptionSpec> required_check_options() {
  return {{.name = "require-eval",
           .value = "NAME",
           .help = "Ship only if the last 'eval check' of this name passed; the run store here is "
                   "asked",
           .repeatable = true,
           .complete = Complete::baseline},
          {.name = "require-drift-free",
           .value = "NAME",
           .help = "Ship only if the last 'drift check' of this name found no drift",
           .repeatable = true}};
}

std::vector<RequiredCheck> required_checks(Context& context, const Arguments& arguments) {
  std::vector<RequiredCheck> checks;
  for (const Kind& kind : kinds()) {
    for (const auto& name : arguments.list(kind.option)) {
      checks.push_back(last_check(context, kind, name));
    }
  }
  return checks;
}

ExitCode code_of(const std::vector<RequiredCheck>& checks) {
  const auto any = [&](RequiredCheck::Answer answer) {
    return std::ranges::find(checks, answer, &RequiredCheck::answer) != checks.end();
  };
  if (any(RequiredCheck::Answer::bad)) return ExitCode::bad_answer;
  return any(RequiredCheck::Answer::none) ? ExitCode::no_answer : ExitCode::done;
}

}  // namespace mlopsctl::commands
