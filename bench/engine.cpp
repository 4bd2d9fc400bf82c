// bench_engine make SHAPE TYPE FOLDER                 random weights: gpt2-124m, llama-3-8b, …
// bench_engine score DEVICE FOLDER DOCUMENTS LENGTH REPEAT [BATCH_TOKENS]
// bench_engine decode DEVICE FOLDER BATCH PROMPT NEW REPEAT
//
// DEVICE: cpu, cuda, or with a type as --dtype, cpu:bfloat16. Documents and prompts are random
// tokens. One JSON line a repetition; "load_s" is from the start of main to an engine that is
// ready, "first_s" to the first score or token.
#include "mlopsctl/engine/engine.hpp"

#include "mlopsctl/base/error.hpp"

#include "../tests/support/no_progress.hpp"
#include "random_checkpoint.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

using namespace mlopsctl;

namespace {

using Clock = std::chrono::steady_clock;
const Clock::time_point process_start = Clock::now();

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

NumberType type_of(const std::string& name) {
  for (const NumberType type : {NumberType::f32, NumberType::f16, NumberType::bf16}) {
    if (name == to_string(type)) return type;
  }
  throw Error(ErrorKind::usage, "the type is none of float32, float16, bfloat16");
}

std::vector<std::int32_t> random_tokens(std::mt19937& random, std::size_t count,
                                        std::uint32_t vocabulary) {
  std::vector<std::int32_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random() % vocabulary);
  return tokens;
}

std::unique_ptr<Engine> opened(const std::string& device, const std::string& folder,
                               std::size_t batch_tokens) {
  const std::size_t colon = device.find(':');
  EngineOptions options{.device = device.substr(0, colon), .max_batch_tokens = batch_tokens};
  if (colon != std::string::npos) options.type = type_of(device.substr(colon + 1));
  const auto checkpoint = Checkpoint::open(folder);
  return options.device == "cuda" ? make_cuda_engine(checkpoint, options)
                                  : make_engine(checkpoint, options);
}

void score(const std::vector<std::string>& a) {
  const std::size_t documents = std::stoul(a[2]), length = std::stoul(a[3]);
  const auto engine = opened(a[0], a[1], a.size() > 5 ? std::stoul(a[5]) : 0);
  const double load = since(process_start);
  std::mt19937 random(1);
  std::vector<ScoreRequest> requests(documents);
  for (auto& request : requests)
    request.tokens = random_tokens(random, length, engine->config().vocabulary);
  testing::NoProgress quiet;
  engine->score(std::span(requests).first(1), quiet);
  const double first = since(process_start);
  for (std::size_t i = 0; i < std::stoul(a[4]); ++i) {
    const auto start = Clock::now();
    const auto results = engine->score(requests, quiet);
    const double seconds = since(start);
    double sum = 0;
    for (const float value : results.back().log_probabilities) sum += static_cast<double>(value);
    fmt::print(
        R"({{"what":"score","engine":"{}","documents":{},"length":{},"load_s":{:.3f},"first_s":{:.3f},"s":{:.4f},"tokens_per_s":{:.0f},"sum":{:.3f}}})"
        "\n",
        engine->name(), documents, length, load, first, seconds,
        static_cast<double>(documents * (length - 1)) / seconds, sum);
  }
}

void decode(const std::vector<std::string>& a) {
  const std::size_t batch = std::stoul(a[2]), prompt = std::stoul(a[3]), count = std::stoul(a[4]);
  const auto engine = opened(a[0], a[1], 0);
  const double load = since(process_start);
  std::mt19937 random(1);
  std::vector<GenerateRequest> requests(batch);
  for (auto& request : requests) {
    request.prompt = random_tokens(random, prompt, engine->config().vocabulary);
    request.max_new = count;
  }
  for (std::size_t i = 0; i < std::stoul(a[5]) + 1; ++i) {
    Clock::time_point first = Clock::now();
    std::size_t told = 0, made = 0;
    const auto start = Clock::now();
    const auto results = engine->generate(requests, [&](std::size_t, std::int32_t) {
      if (++told == batch) first = Clock::now();
      return true;
    });
    const double all = since(start), later = since(first);
    for (const auto& result : results) made += result.tokens.size();
    if (i == 0) continue;  // captures the graphs
    fmt::print(
        R"({{"what":"decode","engine":"{}","batch":{},"prompt":{},"new":{},"load_s":{:.3f},"s":{:.4f},"first_tokens_ms":{:.3f},"tokens_per_s":{:.1f}}})"
        "\n",
        engine->name(), batch, prompt, made, load, all, (all - later) * 1e3,
        static_cast<double>(made - batch) / later);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> all(argv + 1, argv + argc);
  const std::vector<std::string> rest(all.begin() + (all.empty() ? 0 : 1), all.end());
  try {
    if (!all.empty() && all[0] == "make" && rest.size() == 3)
      make_random_checkpoint(rest[2], config_of_shape(rest[0]), type_of(rest[1]), 1);
    else if (!all.empty() && all[0] == "score" && rest.size() >= 5)
      score(rest);
    else if (!all.empty() && all[0] == "decode" && rest.size() == 6)
      decode(rest);
    else
      throw Error(ErrorKind::usage, "make SHAPE TYPE FOLDER | score … | decode …: see engine.cpp");
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return static_cast<int>(exit_code(error.kind()));
  }
  return 0;
}
