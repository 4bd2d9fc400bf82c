// How fast texts become tokens, and tokens texts; bench/tokenizer.sh sets it beside the tokenizers
// library.
//
//   bench_tokenizer FOLDER TEXT-FILE [SECONDS]
//
// Encodes the lines of the file, each by itself, as an evaluation does, and the whole file at once,
// in one thread, again and again for that long, and prints the fastest round of each.
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

using namespace mlopsctl;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

template <typename Work>
double fastest(double limit, const Work& work) {
  double best = 1e9;
  const auto begin = Clock::now();
  do {
    const auto round = Clock::now();
    work();
    best = std::min(best, seconds_since(round));
  } while (seconds_since(begin) < limit);
  return best;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

void report(const char* what, std::size_t bytes, std::size_t tokens, double seconds) {
  fmt::print("{}\t{}\t{:.6f}\t{:.2f}\n", what, tokens, seconds,
             static_cast<double>(bytes) / seconds / 1e6);
}

int measure(const char* folder, const char* file, double limit) {
  const double loading = fastest(0, [&] { Tokenizer::load(folder); });
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const std::string text = read_file(file);
  const auto lines = lines_of(text);
  fmt::print("load\t{}\t{:.6f}\t\n", tokenizer.size(), loading);
  std::size_t tokens = 0;
  const double by_line = fastest(limit, [&] {
    tokens = 0;
    for (const std::string_view line : lines) tokens += tokenizer.encode(line, false).size();
  });
  report("lines", text.size(), tokens, by_line);
  std::vector<TokenId> ids;
  const double whole = fastest(limit, [&] { ids = tokenizer.encode(text, false); });
  report("whole", text.size(), ids.size(), whole);
  const double decoding = fastest(limit, [&] { tokenizer.decode(ids, false); });
  report("decode", text.size(), ids.size(), decoding);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  double limit = 3;
  if (argc == 4) {
    const std::string_view given(argv[3]);
    std::from_chars(given.data(), given.data() + given.size(), limit);
  }
  if (argc < 3 || argc > 4) {
    std::fputs("usage: bench_tokenizer FOLDER TEXT-FILE [SECONDS]\n", stderr);
    return 2;
  }
  try {
    return measure(argv[1], argv[2], limit);
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
