#include "commands/drift_arguments.hpp"

#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/remote_inputs.hpp"

#include <fmt/format.h>

#include <fstream>

namespace mlopsctl::commands {

namespace {

std::vector<std::string> names_of(std::span<const drift::NamedText> texts) {
  std::vector<std::string> names;
  for (const auto& text : texts) names.emplace_back(text.name);
  return names;
}

std::uint64_t count_option(const Arguments& arguments, std::string_view name, std::uint64_t usual) {
  const auto given = arguments.integer(name);
  if (given && *given < 1) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a number from 1", name));
  }
  return given ? static_cast<std::uint64_t>(*given) : usual;
}

std::optional<drift::Correction> correction_of(const Arguments& arguments) {
  const auto text = arguments.text("correction");
  if (!text) return std::nullopt;
  return *text == "bh"           ? drift::Correction::benjamini_hochberg
         : *text == "bonferroni" ? drift::Correction::bonferroni
                                 : drift::Correction::none;
}

}  // namespace

std::vector<OptionSpec> drift_input_options() {
  return {{.name = "format",
           .value = "FORMAT",
           .help = "How the files are written",
           .choices = {"csv", "tsv", "jsonl", "npy", "npz", "safetensors", "parquet"},
           .default_text = "by name, then by content"},
          {.name = "array", .value = "NAME", .help = "Which array of an .npz or .safetensors"},
          {.name = "schema",
           .value = "FILE",
           .help = "YAML with 'columns: {name: KIND}'; kinds are real, integer, boolean, category, "
                   "time, text, ignore",
           .complete = Complete::file},
          {.name = "kind",
           .value = "COLUMN=KIND",
           .help = "Kind of one column, before what --schema says",
           .repeatable = true},
          {.name = "column",
           .value = "NAME",
           .help = "Read this column, and no others but those named so",
           .repeatable = true},
          {.name = "ignore", .value = "NAME", .help = "Leave this column out", .repeatable = true},
          {.name = "missing",
           .value = "TEXT",
           .help = "A value that means missing, beside the usual ones",
           .repeatable = true},
          {.name = "fs-config",
           .value = "OPTION=VALUE",
           .help = "For s3:// inputs, an option of remotes, such as endpointurl",
           .repeatable = true},
          {.name = "time-column",
           .value = "NAME",
           .help = "Column that says when a row was made: it is no feature, and windows go by it"}};
}

std::vector<OptionSpec> drift_feature_options() {
  return {
      {.name = "preset",
       .value = "PRESET",
       .help = "Which tests decide, and how",
       .choices = names_of(drift::presets()),
       .default_text = "spec for matrices, balanced for tables"},
      {.name = "test",
       .value = "TEST",
       .help = "Test of features, instead of the preset's; any of them may decide",
       .repeatable = true,
       .choices = names_of(drift::feature_tests())},
      {.name = "threshold",
       .value = "TEST=VALUE",
       .help = "From where on a test means drift: p below it, or a distance of at least it",
       .repeatable = true},
      {.name = "alpha", .value = "P", .help = "Threshold of all p-values", .default_text = "0.05"},
      {.name = "correction",
       .value = "HOW",
       .help = "For many features: none, Bonferroni, or Benjamini-Hochberg",
       .choices = {"none", "bonferroni", "bh"},
       .default_text = "the preset's"},
      {.name = "min-effect",
       .value = "SHARE",
       .help = "Share of the data that must have moved for drift, whatever p is",
       .default_text = "0.1 with balanced, else none"},
      {.name = "share",
       .value = "SHARE",
       .help = "Share of the features that must have drifted for drift of the data",
       .default_text = "one feature; 0.5 with evidently"},
      {.name = "findings",
       .value = "AS",
       .help = "What changes of missing values, categories, columns and ranges are",
       .choices = {"drift", "remark"},
       .default_text = "drift with balanced, else remark"},
      {.name = "missing-change",
       .value = "SHARE",
       .help = "Change of the share of missing values from which it is a finding",
       .default_text = "0.05"},
      {.name = "chunks",
       .value = "N",
       .help = "Parts of the reference that nannyml's thresholds come from",
       .default_text = "10"},
      {.name = "seed", .value = "N", .help = "Of permutations and samples", .default_text = "42"}};
}

std::vector<OptionSpec> drift_rule_options() {
  std::vector<OptionSpec> options = drift_feature_options();
  const std::vector<OptionSpec> more{
      {.name = "whole-test",
       .value = "TEST",
       .help = "Test of whole matrices, beside those of features",
       .repeatable = true,
       .choices = names_of(drift::data_set_tests())},
      {.name = "min-rows",
       .value = "N",
       .help = "Values that each side of a feature needs for a verdict",
       .default_text = "30"}};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

drift::ReadOptions drift_read_options(Context& context, const Arguments& arguments) {
  const auto remote = std::make_shared<RemoteInputs>(remote_options(arguments), context.progress());
  drift::ReadOptions options{.format = arguments.text_or("format", ""),
                             .array = arguments.text_or("array", ""),
                             .schema_file = arguments.text_or("schema", "")};
  for (const auto& text : arguments.list("kind")) {
    const KeyValue pair = parse_key_value(text);
    options.kinds.emplace_back(pair.key, pair.value);
  }
  options.only = arguments.list("column");
  options.ignore = arguments.list("ignore");
  for (const auto& text : arguments.list("missing")) options.missing.push_back(text);
  options.time_column = arguments.text_or("time-column", "");
  options.fetch = [remote](const std::string& url) { return remote->fetch(url); };
  return options;
}

drift::AnalysisOptions drift_feature_analysis(const Arguments& arguments) {
  drift::AnalysisOptions options{.preset = arguments.text_or("preset", ""),
                                 .tests = arguments.list("test"),
                                 .alpha = arguments.number("alpha"),
                                 .correction = correction_of(arguments),
                                 .min_effect = arguments.number("min-effect"),
                                 .share = arguments.number("share"),
                                 .chunks = count_option(arguments, "chunks", 10)};
  for (const auto& text : arguments.list("threshold")) {
    const KeyValue pair = parse_key_value(text);
    const auto value = parse_number(pair.value);
    if (!value) {
      throw Error(ErrorKind::usage, fmt::format("the threshold of {} needs a number, not {}",
                                                quote(pair.key), quote(pair.value)));
    }
    options.thresholds.emplace_back(pair.key, *value);
  }
  if (const auto findings = arguments.text("findings")) {
    options.findings_are_drift = *findings == "drift";
  }
  if (const auto change = arguments.number("missing-change")) options.missing_change = *change;
  if (const auto seed = arguments.integer("seed")) {
    options.seed = static_cast<std::uint64_t>(*seed);
  }
  return options;
}

drift::AnalysisOptions drift_analysis_options(const Arguments& arguments) {
  drift::AnalysisOptions options = drift_feature_analysis(arguments);
  options.data_set_tests = arguments.list("whole-test");
  options.min_rows = count_option(arguments, "min-rows", 30);
  options.time_column = arguments.text_or("time-column", "");
  return options;
}

std::optional<drift::Profile> profile_in(const std::string& input,
                                         const drift::ReadOptions& options) {
  std::string file = input;
  if (drift::is_remote(input)) {
    const auto copies = options.fetch(input);
    if (copies.size() != 1) return std::nullopt;
    file = copies.front().path;
  }
  std::error_code failed;
  if (file == "-" || !fs::is_regular_file(file, failed)) return std::nullopt;
  std::string beginning(64, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(stream.gcount()));
  if (!drift::Profile::is_profile(beginning)) return std::nullopt;
  return drift::Profile::parse(read_file(file), mask_secrets(input));
}

std::string name_of_input(const std::string& input) {
  if (input == "-") return "drift";
  const bool query = drift::is_remote(input) && !input.starts_with("s3://");
  const std::string path = query ? input.substr(0, input.find_first_of("?#")) : input;
  std::string name = fs::path(path).stem().string();
  for (char& c : name) {
    if (c == '*' || c == '?' || c == '[' || c == ']') c = '_';
  }
  return name.empty() ? "drift" : name;
}

}  // namespace mlopsctl::commands
