#include "drift/table_read.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/ordered_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace mlopsctl::drift {

namespace {

// Large enough that its 50 columns are worth their allocations, small enough for the caches' sake.
constexpr std::size_t chunk_size = std::size_t{4} << 20U;

}  // namespace

unsigned thread_count(const ReadOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::unique_ptr<TextTable> open_table(const Input& input, TextSource& source,
                                      const ReadOptions& options) {
  if (input.format == Format::jsonl) return open_json_lines(input, source);
  return open_csv(input, source, options);
}

void check_same_columns(const Input& input, const std::vector<std::string>& names,
                        const std::vector<std::string>& known, const ColumnChoices& choices) {
  if (known.empty()) return;
  const auto has = [](const std::vector<std::string>& all, const std::string& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  std::string differences;
  for (const std::string& name : known) {
    if (!has(names, name)) differences += fmt::format(" it lacks {};", quote(name));
  }
  for (const std::string& name : names) {
    if (choices.wanted(name) && !has(known, name)) {
      differences += fmt::format(" it has {} besides;", quote(name));
    }
  }
  if (differences.empty()) return;
  differences.pop_back();
  throw Error(
      ErrorKind::usage,
      fmt::format("{} has other columns than the files before it:{}", input.name, differences),
      "leave out columns with --ignore, or check the files apart");
}

void throw_problem(const Input& input, const TextSource& source, const TextChunk& chunk,
                   const TableProblem& problem) {
  throw Error(ErrorKind::corrupt,
              fmt::format("line {} of {}: {}", source.line_of(chunk, problem.offset), input.name,
                          problem.message),
              problem.hint.empty()
                  ? "say what the column is with --kind or --schema, or what stands "
                    "for a missing value with --missing"
                  : problem.hint);
}

void read_text_table(const Input& input, const ReadOptions& options, ColumnChoices& choices,
                     TableAssembly& assembly, Progress& progress, std::vector<std::string>& notes) {
  TextSource source = open_text(input);
  const std::shared_ptr<TextTable> table = open_table(input, source, options);
  for (std::string& note : table->take_notes()) notes.push_back(std::move(note));
  if (!table->names().empty()) {
    check_same_columns(input, table->names(), assembly.names(), choices);
    choices.check_named(table->names(), input.name);
    for (const std::string& name : table->names()) {
      if (choices.wanted(name)) assembly.know(name);
    }
  }
  progress.start(fmt::format("reading {}", input.name), source.size(), "bytes");
  const bool large = source.size() == 0 || source.size() > chunk_size;
  work_in_order(
      large ? thread_count(options) : 1, [&] { return source.next(table->cut(), chunk_size); },
      [&](const TextChunk& chunk) {
        TablePart part = table->parse(chunk, choices);
        for (const auto& [name, column] : part.columns) choices.learn(name, column.kind);
        return part;
      },
      [&](const TextChunk& chunk, TablePart part) {
        if (part.problem) throw_problem(input, source, chunk, *part.problem);
        progress.advance(chunk.text.size());
        source.used(chunk);
        assembly.add(std::move(part), chunk, [table, chunk](const std::string& name) {
          return table->parse_as_text(chunk, name);
        });
      });
  progress.finish();
}

}  // namespace mlopsctl::drift
