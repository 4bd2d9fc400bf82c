// What is the CUDA engine's own, beside what contract_test and golden_test ask of every engine:
// half precision, heads that tensor cores take, long sequences, more requests than fit. Where there
// is no GPU, this says so and passes.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/engine/engine.hpp"

#include "../bench/random_checkpoint.hpp"
#include "engine/tiny_models.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <random>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Json = nlohmann::json;

namespace {

std::unique_ptr<Engine> gpu_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                   std::optional<NumberType> type, bool deterministic = false,
                                   std::size_t batch_tokens = 0) {
  try {
    return make_cuda_engine(
        std::move(checkpoint),
        {.type = type, .deterministic = deterministic, .max_batch_tokens = batch_tokens});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    MESSAGE("the CUDA engine is skipped: ", std::string(error.what()));
    return nullptr;
  }
}

double worst(const std::vector<float>& mine, const std::vector<double>& theirs) {
  REQUIRE(mine.size() == theirs.size());
  double most = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (!std::isfinite(mine[i])) return INFINITY;
    most = std::max(most, std::abs(static_cast<double>(mine[i]) - theirs[i]));
  }
  return most;
}

double worst(const std::vector<float>& a, const std::vector<float>& b) {
  return worst(a, std::vector<double>(b.begin(), b.end()));
}

std::vector<std::int32_t> random_tokens(std::mt19937& random, std::size_t count,
                                        std::uint32_t vocabulary) {
  std::vector<std::int32_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random() % vocabulary);
  return tokens;
}

std::vector<ScoreRequest> requests_of(const std::vector<std::vector<std::int32_t>>& sequences) {
  std::vector<ScoreRequest> requests;
  for (const auto& tokens : sequences) requests.push_back({.tokens = tokens});
  return requests;
}

struct Shape {
  const char* name;
  std::string config;
};

// Heads for which attention runs on tensor cores, several of them to a key, a window, a bias.
std::vector<Shape> wide_shapes() {
  const auto llama = [](int head, int window) {
    return Json{{"model_type", window != 0 ? "mistral" : "llama"},
                {"num_hidden_layers", 2},
                {"hidden_size", 192},
                {"num_attention_heads", 6},
                {"num_key_value_heads", 2},
                {"head_dim", head},
                {"intermediate_size", 320},
                {"vocab_size", 1003},
                {"max_position_embeddings", 2048},
                {"sliding_window", window},
                {"rope_theta", 10000.0}}
        .dump();
  };
  return {{"head 64", llama(64, 0)},
          {"head 128", llama(128, 0)},
          {"head 64, window", llama(64, 150)},
          {"head 128, window", llama(128, 70)},
          {"gpt2",
           R"({"model_type":"gpt2","n_layer":3,"n_embd":768,"n_head":12,"n_positions":1024,
               "vocab_size":2011})"}};
}

std::shared_ptr<const Checkpoint> random_checkpoint(const TemporaryFolder& folder,
                                                    const std::string& config, NumberType type) {
  make_random_checkpoint(folder.path(), config, type, 7);
  return Checkpoint::open(folder.path());
}

std::vector<std::vector<std::int32_t>> mixed_sequences(std::uint32_t vocabulary,
                                                       std::size_t longest) {
  std::mt19937 random(3);
  std::vector<std::vector<std::int32_t>> sequences;
  for (const std::size_t length : {longest, std::size_t{2}, longest / 3, std::size_t{65},
                                   std::size_t{64}, longest / 2 + 1, std::size_t{9}})
    sequences.push_back(random_tokens(random, std::min(length, longest), vocabulary));
  return sequences;
}

}  // namespace

TEST_CASE("on a GPU, every family and head size in half precision is near float32") {
  NoProgress quiet;
  std::vector<Shape> shapes = wide_shapes();
  for (const TinyModel& tiny : tiny_models()) shapes.push_back({tiny.name, tiny.config});
  for (const Shape& shape : shapes) {
    const std::string name = shape.name;
    CAPTURE(name);
    const TemporaryFolder folder;
    const auto checkpoint = random_checkpoint(folder, shape.config, NumberType::f16);
    const auto exact = gpu_engine(checkpoint, NumberType::f32);
    if (!exact) return;
    const std::size_t longest = std::min<std::size_t>(checkpoint->config().max_positions, 700);
    const auto requests = requests_of(mixed_sequences(checkpoint->config().vocabulary, longest));
    const auto wanted = exact->score(requests, quiet);
    for (const NumberType type : {NumberType::f16, NumberType::bf16}) {
      const std::string held(to_string(type));
      CAPTURE(held);
      const auto engine = gpu_engine(checkpoint, type);
      const auto scored = engine->score(requests, quiet);
      double most = 0, sum = 0;
      std::size_t count = 0;
      for (std::size_t i = 0; i < requests.size(); ++i) {
        REQUIRE(scored[i].log_probabilities.size() == wanted[i].log_probabilities.size());
        CHECK(scored[i].finite);
        for (std::size_t j = 0; j < wanted[i].log_probabilities.size(); ++j) {
          const double away = std::abs(static_cast<double>(scored[i].log_probabilities[j]) -
                                       static_cast<double>(wanted[i].log_probabilities[j]));
          most = std::max(most, away);
          sum += away;
          ++count;
        }
      }
      const double scale = type == NumberType::bf16 ? 8 : 1;
      CHECK(sum / static_cast<double>(count) < 0.02 * scale);
      CHECK(most < 0.12 * scale);
    }
  }
}

TEST_CASE("on a GPU, a request has the same scores alone and in any batch") {
  NoProgress quiet;
  for (const Shape& shape : wide_shapes()) {
    const std::string name = shape.name;
    CAPTURE(name);
    const TemporaryFolder folder;
    const auto checkpoint = random_checkpoint(folder, shape.config, NumberType::bf16);
    const auto requests = requests_of(mixed_sequences(checkpoint->config().vocabulary, 900));
    for (const bool deterministic : {false, true}) {
      const auto engine = gpu_engine(checkpoint, {}, deterministic);
      if (!engine) return;
      const auto small = gpu_engine(checkpoint, {}, deterministic, 100);
      const auto together = engine->score(requests, quiet);
      const auto apart = small->score(requests, quiet);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto alone = engine->score(std::span(requests).subspan(i, 1), quiet).at(0);
        if (deterministic) {
          CHECK(alone.log_probabilities == together[i].log_probabilities);
          CHECK(apart[i].log_probabilities == together[i].log_probabilities);
        } else {
          CHECK(worst(alone.log_probabilities, together[i].log_probabilities) < 1);
        }
      }
    }
  }
}

TEST_CASE("on a GPU, greedy generation gives the tokens and log-probabilities that scoring gives") {
  NoProgress quiet;
  std::vector<Shape> shapes = wide_shapes();
  for (const TinyModel& tiny : tiny_models()) shapes.push_back({tiny.name, tiny.config});
  for (const Shape& shape : shapes) {
    const std::string name = shape.name;
    CAPTURE(name);
    const TemporaryFolder folder;
    const auto checkpoint = random_checkpoint(folder, shape.config, NumberType::f32);
    const auto engine = gpu_engine(checkpoint, {});
    if (!engine) return;
    const std::uint32_t vocabulary = checkpoint->config().vocabulary;
    const std::size_t most = checkpoint->config().max_positions;
    std::mt19937 random(11);
    std::vector<GenerateRequest> requests;
    for (std::size_t i = 0; i < 11; ++i) {
      const std::size_t prompt = 1 + (i * 37) % (most / 3);
      requests.push_back({.prompt = random_tokens(random, prompt, vocabulary),
                          .max_new = i == 4 ? 10 * most : 3 + (i * 83) % 300});
    }
    const auto generated = engine->generate(requests, {});
    std::vector<ScoreRequest> scores;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const std::size_t room = most + 1 - requests[i].prompt.size();
      REQUIRE(generated[i].tokens.size() == std::min(requests[i].max_new, room));
      CHECK(generated[i].finite);
      scores.push_back({.tokens = requests[i].prompt, .first = requests[i].prompt.size()});
      scores.back().tokens.insert(scores.back().tokens.end(), generated[i].tokens.begin(),
                                  generated[i].tokens.end());
    }
    const auto scored = engine->score(scores, quiet);
    std::size_t different = 0, count = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      CHECK(worst(generated[i].log_probabilities, scored[i].log_probabilities) < 2e-3);
      for (std::size_t j = 0; j < generated[i].tokens.size(); ++j, ++count)
        different += generated[i].tokens[j] != scored[i].argmax[j] ? 1U : 0U;
    }
    CHECK(different * 500 <= count);  // near ties
  }
}

TEST_CASE("on a GPU, --deterministic generates the same alone, in a batch and with more than fit") {
  for (const char* which : {"head 128", "gpt2"}) {
    std::string config;
    for (const Shape& shape : wide_shapes()) {
      if (shape.name == std::string(which)) config = shape.config;
    }
    CAPTURE(which);
    const TemporaryFolder folder;
    const auto checkpoint = random_checkpoint(folder, config, NumberType::bf16);
    const auto engine = gpu_engine(checkpoint, {}, true);
    if (!engine) return;
    std::mt19937 random(5);
    std::vector<GenerateRequest> requests;
    for (std::size_t i = 0; i < 150; ++i)
      requests.push_back({.prompt = random_tokens(random, 1 + i % 90, 1003),
                          .max_new = 1 + (i * 7) % 60,
                          .temperature = i % 3 == 0 ? 0.9 : 0,
                          .top_k = i % 2 == 0 ? 40U : 0U,
                          .top_p = i % 4 == 0 ? 0.8 : 1,
                          .seed = i});
    const auto together = engine->generate(requests, {});
    for (std::size_t i = 0; i < requests.size(); i += 7) {
      const auto alone = engine->generate(std::span(requests).subspan(i, 1), {}).at(0);
      CHECK(alone.tokens == together[i].tokens);
      CHECK(alone.log_probabilities == together[i].log_probabilities);
    }
  }
}
