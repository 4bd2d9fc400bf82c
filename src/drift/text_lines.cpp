#include "mlopsctl/drift/text_lines.hpp"

#include "drift/inputs.hpp"
#include "drift/ordered_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t chunk_size = std::size_t{4} << 20U;

std::optional<std::size_t> end_of_line(std::string_view text, std::size_t target) {
  const std::size_t end = text.find('\n', target > 0 ? target - 1 : 0);
  if (end == text.npos) return std::nullopt;
  return end + 1;
}

// What messages name in quotes, without them: of a copy its URL.
std::string name_without_quotes(const Input& input) {
  const std::string& name = input.name;
  const bool quoted = name.size() >= 2 && name.front() == '\'' && name.back() == '\'';
  return quoted ? name.substr(1, name.size() - 2) : input.path;
}

}  // namespace

std::vector<std::string> read_lines(const std::vector<std::string>& inputs,
                                    const LineReading& reading, Progress& progress) {
  constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
  const unsigned threads =
      reading.threads > 0 ? reading.threads : std::max(1U, std::thread::hardware_concurrency());
  const std::vector<Input> resolved =
      resolve_inputs(inputs, {.format = "jsonl", .fetch = reading.fetch});
  std::vector<std::string> files;
  for (const Input& input : resolved) {
    const std::string path = name_without_quotes(input);
    files.push_back(path);
    TextSource source = open_text(input);
    if (source.head().starts_with(utf8_mark)) source.skip(utf8_mark.size());
    reading.open(input.name, source.head());
    progress.start(fmt::format("reading {}", input.name), source.size(), "bytes");
    const bool large = source.size() == 0 || source.size() > chunk_size;
    work_in_order(
        large ? threads : 1, [&] { return source.next(end_of_line, chunk_size); },
        [&](const TextChunk& chunk) {
          return reading.work({path, chunk.text});
        },
        [&](const TextChunk& chunk, const std::shared_ptr<void>& result) {
          reading.take({path, chunk.text}, result);
          progress.advance(chunk.text.size());
          source.used(chunk);
        });
    progress.finish();
  }
  return files;
}

}  // namespace mlopsctl::drift
