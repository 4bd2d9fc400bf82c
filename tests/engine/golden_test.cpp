// Every engine against transformers and peft in float32 (tests/golden/engine).
#include "engine/engines.hpp"
#include "support/locations.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Json = nlohmann::json;

namespace {

constexpr double tolerance = 1e-4;

const std::filesystem::path& folder() {
  static const auto path = std::filesystem::path(source_folder()) / "tests" / "golden" / "engine";
  return path;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (std::filesystem::exists(entry.path() / "golden.json"))
      all.push_back(entry.path().filename());
  }
  std::sort(all.begin(), all.end());
  return all;
}

Json golden(const std::string& name) {
  std::ifstream file(folder() / name / "golden.json");
  return Json::parse(file);
}

std::shared_ptr<const Checkpoint> checkpoint_of(const std::string& name, const Json& values) {
  const auto base = std::filesystem::path(values["base"].get<std::string>());
  if (base == name) return Checkpoint::open(folder() / name);
  if (!std::filesystem::exists(folder() / name / "adapter_config.json"))
    return Checkpoint::open(folder() / base);  // the example's model
  return Checkpoint::open(folder() / base, folder() / name);
}

double furthest(const std::vector<float>& found, const Json& expected) {
  REQUIRE(found.size() == expected.size());
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(found[i]) - expected[i].get<double>()));
  return most;
}

void check_logits(Engine& engine, const Json& sequence) {
  const auto tokens = sequence["tokens"].get<std::vector<std::int32_t>>();
  const std::vector<float> logits = engine.logits(tokens);
  const std::size_t vocabulary = engine.config().vocabulary;
  double most = 0;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const Json& row = sequence["logits"][t];
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t column =
          sequence["columns"].is_null() ? i : sequence["columns"][i].get<std::size_t>();
      most = std::max(most, std::abs(static_cast<double>(logits[t * vocabulary + column]) -
                                     row[i].get<double>()));
    }
    double sum = 0;
    const float* begin = logits.data() + t * vocabulary;
    for (std::size_t i = 0; i < vocabulary; ++i) sum += std::exp(static_cast<double>(begin[i]));
    CHECK(std::log(sum) == doctest::Approx(sequence["log_sum_exp"][t].get<double>()).epsilon(1e-5));
    CHECK(std::max_element(begin, begin + vocabulary) - begin ==
          sequence["argmax"][t].get<std::ptrdiff_t>());
  }
  CHECK(most < tolerance);
}

void check_scores(Engine& engine, const Json& sequence) {
  NoProgress progress;
  const ScoreRequest request{.tokens = sequence["tokens"].get<std::vector<std::int32_t>>()};
  if (request.tokens.size() < 2) return;
  const ScoreResult result = engine.score(std::span(&request, 1), progress).front();
  CHECK(result.finite);
  CHECK(furthest(result.log_probabilities, sequence["log_probabilities"]) < tolerance);
  for (std::size_t i = 0; i < result.argmax.size(); ++i)
    CHECK(result.argmax[i] == sequence["argmax"][i]);
}

void check_embeddings(Engine& engine, const Json& sequence) {
  NoProgress progress;
  const auto tokens = sequence["tokens"].get<std::vector<std::int32_t>>();
  const std::vector<std::vector<std::int32_t>> sequences{tokens};
  CHECK(furthest(engine.embed(sequences, Pooling::mean, progress).front(), sequence["mean"]) <
        tolerance);
  CHECK(furthest(engine.embed(sequences, Pooling::last, progress).front(), sequence["last"]) <
        tolerance);
}

}  // namespace

TEST_CASE("logits, scores, embeddings and greedy tokens are transformers'") {
  REQUIRE(names().size() >= 15);
  for (const std::string& name : names()) {
    CAPTURE(name);
    const Json values = golden(name);
    for (const auto& engine : engines(checkpoint_of(name, values))) {
      CAPTURE(engine->name());
      for (const Json& sequence : values["sequences"]) {
        check_logits(*engine, sequence);
        check_scores(*engine, sequence);
        check_embeddings(*engine, sequence);
      }
      for (const Json& continuation : values["greedy"]) {
        const auto expected = continuation["tokens"].get<std::vector<std::int32_t>>();
        const GenerateRequest request{
            .prompt = continuation["prompt"].get<std::vector<std::int32_t>>(),
            .max_new = expected.size()};
        CHECK(engine->generate(std::span(&request, 1), {}).front().tokens == expected);
      }
    }
  }
}
