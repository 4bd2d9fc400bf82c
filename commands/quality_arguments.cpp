#include "commands/quality_arguments.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/json_document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

void set_limit(quality::RuleSet& rules, const std::string& indicator, const std::string& text) {
  const auto rate = parse_number(text);
  if (!rate || !(*rate >= 0 && *rate <= 1)) {
    throw Error(ErrorKind::usage,
                fmt::format("the limit of {} needs a share from 0 to 1, not {}", quote(indicator),
                            quote(text)),
                "0.05 allows five of a hundred responses");
  }
  if (const std::string problem = quality::rate_problem(rules, indicator); !problem.empty()) {
    throw Error(ErrorKind::usage, problem, "'mlopsctl quality rules' shows all rules");
  }
  const auto known = std::ranges::find(rules.limits, indicator, &quality::RateLimit::indicator);
  if (known != rules.limits.end()) {
    known->most = *rate;
  } else {
    rules.limits.push_back({indicator, *rate});
  }
}

std::optional<double> share_option(const Arguments& arguments, const char* name) {
  const auto share = arguments.number(name);
  if (share && !(*share >= 0 && *share <= 1)) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a share from 0 to 1", name));
  }
  return share;
}

}  // namespace

std::vector<OptionSpec> quality_log_options() {
  return {
      {.name = "field",
       .value = "PATH",
       .help = "Where a line has the response, such as answer, choices[0].message.content or "
               "messages[role=assistant].content",
       .default_text = "found"},
      {.name = "prompt-field",
       .value = "PATH",
       .help = "Where it has the prompt",
       .default_text = "found"},
      {.name = "id-field",
       .value = "PATH",
       .help = "Where it has a name for the response",
       .default_text = "found"},
      {.name = "time-field",
       .value = "PATH",
       .help = "Where it has the time",
       .default_text = "found"},
      {.name = "finish-field",
       .value = "PATH",
       .help = "Where it says why the response ended",
       .default_text = "found"},
      {.name = "fs-config",
       .value = "OPTION=VALUE",
       .help = "For s3:// logs, an option of remotes, such as endpointurl",
       .repeatable = true},
      {.name = "window", .value = "AGE", .help = "Only responses that are not older, such as 24h"},
      {.name = "worst",
       .value = "N",
       .help = "Responses that are listed, the worst first",
       .default_text = "10"},
      {.name = "show",
       .value = "INDICATOR",
       .help = "List responses that have this flag, instead of any"}};
}

std::vector<OptionSpec> quality_rule_options() {
  return {
      {.name = "rules",
       .value = "FILE",
       .help = "Rules in YAML or JSON; what the file leaves out is as 'quality rules' prints it",
       .complete = Complete::file},
      {.name = "max",
       .value = "INDICATOR=RATE",
       .help = "Share of the responses that may have this flag",
       .repeatable = true},
      {.name = "max-low-score",
       .value = "RATE",
       .help = "Share of the responses that may score below the alert, as --max low_score=RATE",
       .default_text = "0.05"},
      {.name = "min-responses",
       .value = "N",
       .help = "Responses that a verdict needs",
       .default_text = "30"},
      {.name = "confidence",
       .value = "P",
       .help = "Of Wilson's intervals, by whose lower bound rates are judged",
       .default_text = "0.95"},
      {.name = "min-rise",
       .value = "SHARE",
       .help = "Least rise of a rate against the reference that counts",
       .default_text = "0.01"},
      {.name = "max-malformed",
       .value = "RATE",
       .help = "Share of the lines that may be no JSON before 0 becomes 5",
       .default_text = "0"},
      {.name = "expect-json", .help = "Every response is to be JSON"},
      {.name = "language",
       .value = "CODE",
       .help = "Expected language, such as en; others are flagged",
       .repeatable = true}};
}

quality::RuleSet quality_rules_of(const Arguments& arguments) {
  const auto file = arguments.text("rules");
  quality::RuleSet rules = file ? quality::read_rules(*file) : quality::default_rules();
  if (arguments.flag("expect-json")) rules.json.expected = quality::JsonExpected::always;
  if (const auto& languages = arguments.list("language"); !languages.empty()) {
    rules.language.expected = languages;
  }
  for (const auto& text : arguments.list("max")) {
    const KeyValue pair = parse_key_value(text);
    set_limit(rules, pair.key, pair.value);
  }
  if (const auto rate = arguments.text("max-low-score")) set_limit(rules, "low_score", *rate);
  if (const auto confidence = arguments.number("confidence")) {
    if (!(*confidence > 0 && *confidence < 1)) {
      throw Error(ErrorKind::usage, "--confidence needs a number between 0 and 1, such as 0.95");
    }
    rules.judging.confidence = *confidence;
  }
  if (const auto least = arguments.integer("min-responses")) {
    if (*least < 1) throw Error(ErrorKind::usage, "--min-responses needs a number from 1");
    rules.judging.least_responses = static_cast<std::uint64_t>(*least);
  }
  if (const auto rise = share_option(arguments, "min-rise")) rules.judging.least_rise = *rise;
  share_option(arguments, "max-malformed");
  return rules;
}

quality::LogOptions quality_log_options_of(const Arguments& arguments,
                                           const quality::RuleSet& rules, Timestamp now) {
  quality::LogOptions options{.fields = {.response = arguments.text_or("field", ""),
                                         .prompt = arguments.text_or("prompt-field", ""),
                                         .id = arguments.text_or("id-field", ""),
                                         .time = arguments.text_or("time-field", ""),
                                         .finish_reason = arguments.text_or("finish-field", "")},
                              .show = arguments.text_or("show", "")};
  for (const std::string& path : {options.fields.response, options.fields.prompt, options.fields.id,
                                  options.fields.time, options.fields.finish_reason}) {
    if (!path.empty()) JsonPath::parse(path);
  }
  if (const auto window = arguments.text("window")) {
    options.from = now - parse_duration(*window);
    options.to = now;
  }
  if (const auto worst = arguments.integer("worst")) {
    if (*worst < 0 || *worst > 100'000) {
      throw Error(ErrorKind::usage, "--worst needs a number from 0 to 100000");
    }
    options.worst = static_cast<std::size_t>(*worst);
  }
  if (!options.show.empty()) {
    const std::string problem = quality::rate_problem(rules, options.show);
    if (!problem.empty()) throw Error(ErrorKind::usage, "--show: " + problem);
  }
  return options;
}

}  // namespace mlopsctl::commands
