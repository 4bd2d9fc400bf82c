// drift profile and drift profile merge.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

Cell number(double value) { return value == value ? Cell(Value(value)) : Cell(); }

OptionSpec output_option() {
  return {.name = "output",
          .value = "FILE",
          .help = "Where to; - is standard output",
          .letter = 'o',
          .complete = Complete::file};
}

Report written(Context& context, const Arguments& arguments, const std::string& schema,
               const drift::Profile& profile) {
  const auto output = arguments.text("output");
  if (!output) {
    throw Error(ErrorKind::usage, "where should the profile go?", "name a file with -o FILE");
  }
  const std::string text = profile.to_json();
  Report report(schema);
  if (*output == "-") {
    return report.document([text](const ByteSink& write) { write(text); });
  }
  if (!context.globals().dry_run) write_file_atomically(*output, text);
  report.field("file", "wrote", Cell(*output));
  report.field("size", "size", Cell(Value(Bytes{text.size()})));
  report.field("rows", "rows", count_cell(profile.rows()));
  report.field("features", "features", count_cell(profile.features()));
  Table table{.key = "columns"};
  table.columns = {{.key = "name", .header = "COLUMN", .shrink = true},
                   {.key = "kind", .header = "KIND"},
                   {.key = "missing", .header = "MISSING", .right = true},
                   {.key = "distinct", .header = "KEPT", .right = true},
                   {.key = "exact", .header = "EXACT"},
                   {.key = "min", .header = "MIN", .right = true},
                   {.key = "mean", .header = "MEAN", .right = true},
                   {.key = "deviation", .header = "DEVIATION", .right = true},
                   {.key = "max", .header = "MAX", .right = true}};
  if (!profile.is_matrix() || context.globals().json) {  // hundreds of components say little
    for (const auto& column : profile.columns()) {
      table.add({Cell(column.name), Cell(to_string(column.kind)), count_cell(column.missing),
                 count_cell(column.distinct), Cell(Value(column.exact)), number(column.min),
                 number(column.mean), number(column.deviation), number(column.max)});
    }
    report.table(std::move(table));
  }
  return report;
}

Report profile(Context& context, const Arguments& arguments) {
  drift::ProfileOptions options;
  if (const auto buckets = arguments.integer("buckets")) {
    if (*buckets < 16 || *buckets > 65536) {
      throw Error(ErrorKind::usage, "--buckets needs a number from 16 to 65536");
    }
    options.buckets = static_cast<std::size_t>(*buckets);
  }
  const drift::Profile made = drift::profile_of(
      arguments.positionals(), drift_read_options(context, arguments), options, context.progress());
  return written(context, arguments, "drift.profile/1", made);
}

Report merge(Context& context, const Arguments& arguments) {
  std::optional<drift::Profile> merged;
  for (const auto& file : arguments.positionals()) {
    drift::Profile part = drift::Profile::parse(read_input(file), file);
    if (merged) {
      merged->merge(part);
    } else {
      merged = std::move(part);
    }
  }
  return written(context, arguments, "drift.profile.merge/1", *merged);
}

}  // namespace

CommandSpec drift_profile() {
  CommandSpec spec{
      .path = "drift profile",
      .summary = "Keep what a later drift check needs of a reference, without its rows",
      .description =
          "One pass with flat memory makes a small JSON file: per column counts, moments, missing "
          "values, and a histogram of at most --buckets buckets whose width adapts to the data. "
          "Columns with fewer distinct values are kept exactly. 'drift check' takes the file for "
          "its reference; where buckets leave the KS statistic open it says how much.\n\n"
          "Profiles of parts merge exactly: 'drift profile merge' gives the same counts as one "
          "pass "
          "over everything, in whatever order and on however many machines the parts were read.",
      .examples = {{"mlopsctl drift profile train.parquet -o train.profile", "Of a table"},
                   {"mlopsctl drift profile 'shard-*.npy' -o train.profile", "Of many files"},
                   {"mlopsctl drift check train.profile today.csv", "And use it"}},
      .options = drift_input_options(),
      .positionals = {{.name = "DATA",
                       .help = "Files, globs in quotes, URLs (s3://, https://), or - for standard "
                               "input",
                       .many = true,
                       .complete = Complete::file}},
      .run = profile};
  spec.options.insert(spec.options.begin(), output_option());
  spec.options.insert(spec.options.begin() + 1,
                      {.name = "buckets",
                       .value = "N",
                       .help = "Buckets of a column of numbers at most; more are finer",
                       .default_text = "1024"});
  return spec;
}

CommandSpec drift_profile_merge() {
  return {
      .path = "drift profile merge",
      .summary = "Add up profiles of parts",
      .description =
          "The profiles need the same columns. Counts are added exactly, at the "
          "coarsest resolution among them.",
      .examples = {{"mlopsctl drift profile merge monday.profile tuesday.profile -o week.profile",
                    "Two days in one"}},
      .options = {output_option()},
      .positionals = {{.name = "PROFILE",
                       .help = "Files that 'drift profile' wrote",
                       .many = true,
                       .complete = Complete::file}},
      .run = merge};
}

}  // namespace mlopsctl::commands
