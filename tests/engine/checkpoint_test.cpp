// What a model's folder may hold, and what is refused.
#include "mlopsctl/engine/checkpoint.hpp"

#include "../bench/random_checkpoint.hpp"
#include "engine/known_digests.hpp"
#include "engine/model_config.hpp"
#include "engine/tiny_models.hpp"
#include "engine/weight_files.hpp"
#include "engine/weight_values.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Json = nlohmann::json;

namespace {

std::string config_of(const std::string& name) {
  for (const TinyModel& model : tiny_models()) {
    if (model.name == name) return model.config;
  }
  return {};
}

ModelConfig parsed(const std::string& name, const Json& changes = Json::object()) {
  Json config = Json::parse(config_of(name));
  config.update(changes);
  return engine::parse_model_config(config.dump());
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void spill(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The header and the values of a safetensors file.
struct Pieces {
  Json header;
  std::string values;
};
Pieces pieces_of(const std::filesystem::path& path) {
  const std::string bytes = slurp(path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return {Json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
}
void write_pieces(const std::filesystem::path& path, const Pieces& pieces) {
  const std::string header = pieces.header.dump();
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  spill(path, bytes + header + pieces.values);
}

// The file cut in two, with an index.
void shard(const std::filesystem::path& folder) {
  const Pieces whole = pieces_of(folder / "model.safetensors");
  Pieces parts[2];
  Json map = Json::object();
  std::size_t i = 0;
  for (const auto& [name, tensor] : whole.header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t part = i++ % 2;
    const std::size_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    Json moved = tensor;
    const std::size_t at = parts[part].values.size();
    moved["data_offsets"] = {at, at + end - begin};
    parts[part].header[name] = moved;
    parts[part].values += whole.values.substr(begin, end - begin);
    map[name] = part == 0 ? "a.safetensors" : "b.safetensors";
  }
  write_pieces(folder / "a.safetensors", parts[0]);
  write_pieces(folder / "b.safetensors", parts[1]);
  spill(folder / "model.safetensors.index.json", Json{{"weight_map", map}}.dump());
  std::filesystem::remove(folder / "model.safetensors");
}

std::vector<float> values(const Checkpoint& checkpoint, const std::string& name) {
  const auto shape = checkpoint.shape(name);
  std::vector<float> all(shape.rows * shape.columns);
  checkpoint.read(name, 0, shape.rows, all.data());
  return all;
}

}  // namespace

TEST_CASE("config.json of every family is understood, with transformers' defaults") {
  const ModelConfig gpt2 = parsed("gpt2");
  CHECK(gpt2.inner == 160);
  CHECK(gpt2.head_size == 10);
  CHECK(gpt2.tied_head);
  CHECK(gpt2.mlp_bias);
  CHECK(gpt2.norm_epsilon == 1e-5);
  const ModelConfig llama = parsed("llama3");
  CHECK(llama.kv_heads == 2);
  CHECK(llama.head_size == 12);
  CHECK_FALSE(llama.tied_head);
  CHECK(llama.rope_scaling.kind == RopeScaling::Kind::llama3);
  CHECK(llama.rope_scaling.original_positions == 64);
  CHECK(parsed("llama_biased").rope_scaling.factor == 4);
  CHECK(parsed("llama_biased").output_bias);
  CHECK(parsed("mistral").sliding_window == 11);
  CHECK(parsed("mistral", {{"sliding_window", nullptr}}).sliding_window == 0);
  CHECK(parsed("qwen2").qkv_bias);
  CHECK_FALSE(parsed("qwen2").output_bias);
  CHECK(parsed("qwen2").rope_theta == 1e6);
  CHECK(parsed("qwen3").qk_norm);
}

TEST_CASE("generation_config.json says first what ends a generation") {
  const std::string config = R"({"model_type":"llama","num_hidden_layers":1,"hidden_size":8,
    "num_attention_heads":1,"intermediate_size":8,"vocab_size":9,"eos_token_id":2,"bos_token_id":1})";
  CHECK(engine::parse_model_config(config).eos == std::vector<std::int32_t>{2});
  const ModelConfig both =
      engine::parse_model_config(config, R"({"eos_token_id":[3,4],"bos_token_id":null})");
  CHECK(both.eos == std::vector<std::int32_t>{3, 4});
  CHECK(both.bos == 1);
}

TEST_CASE("what the engine does not know is refused by its name") {
  const auto refused = [](const std::string& base, const Json& changes, const std::string& text) {
    CAPTURE(text);
    CHECK_ERROR(parsed(base, changes), ErrorKind::usage, text);
  };
  refused("llama3", {{"model_type", "gemma2"}}, "gemma2");
  refused("llama3", {{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}}}}, "yarn");
  refused("llama3", {{"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}}}, "dynamic");
  refused("llama3", {{"partial_rotary_factor", 0.5}}, "rotating a part");
  refused("llama3", {{"hidden_act", "gelu"}}, "gelu");
  refused("llama3", {{"quantization_config", {{"quant_method", "gptq"}}}}, "gptq");
  refused("llama3", {{"architectures", {"LlamaForSequenceClassification"}}}, "Classification");
  refused("gpt2", {{"activation_function", "relu"}}, "relu");
  refused("gpt2", {{"scale_attn_by_inverse_layer_idx", true}}, "inverse_layer_idx");
  refused("qwen2", {{"use_sliding_window", true}}, "use_sliding_window");
}

TEST_CASE("a config.json that contradicts itself is corrupt") {
  const auto corrupt = [](const std::string& base, const Json& changes, const std::string& text) {
    CAPTURE(text);
    CHECK_ERROR(parsed(base, changes), ErrorKind::corrupt, text);
  };
  corrupt("gpt2", {{"n_head", 7}}, "n_head");
  corrupt("gpt2", {{"n_layer", -1}}, "n_layer");
  corrupt("llama3", {{"num_key_value_heads", 4}}, "num_key_value_heads");
  corrupt("llama3", {{"head_dim", 13}}, "head_dim");
  corrupt("llama3", {{"rms_norm_eps", "small"}}, "rms_norm_eps");
  corrupt("llama3", {{"vocab_size", 1e9}}, "vocab_size");
  corrupt("llama3", {{"rope_scaling", {{"type", "linear"}, {"factor", 0}}}}, "factor");
  CHECK_ERROR(engine::parse_model_config("[]"), ErrorKind::corrupt, "JSON");
  CHECK_ERROR(engine::parse_model_config("{}"), ErrorKind::corrupt, "model_type");
}

TEST_CASE("GPT-2's joined (in, out) matrices are read as q, k and v of (out, in)") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("gpt2"), NumberType::f32, 1);
  const auto checkpoint = Checkpoint::open(folder.path());
  const Pieces file = pieces_of(folder / "model.safetensors");
  const std::size_t begin = file.header["transformer.h.1.attn.c_attn.weight"]["data_offsets"][0];
  const auto stored = [&](std::size_t in, std::size_t out) {
    float value = 0;
    std::memcpy(&value, file.values.data() + begin + 4 * (in * 120 + out), 4);
    return value;
  };
  const std::vector<float> k = values(*checkpoint, "layer.1.k");
  CHECK(k.size() == 1600);
  CHECK(k[3 * 40 + 5] == stored(5, 43));
  CHECK(values(*checkpoint, "layer.1.v.bias").size() == 40);
  const auto view = checkpoint->stored("layer.1.v");
  REQUIRE(view);
  CHECK(view->transposed);
  CHECK(view->first_column == 80);
  CHECK(view->columns == 40);
  CHECK(values(*checkpoint, "head") == values(*checkpoint, "embedding"));
  CHECK_FALSE(checkpoint->has("layer.0.gate"));
}

TEST_CASE("parameters are counted once, as the number in a model's name is") {
  CHECK(to_string(ModelFamily::qwen3) == "qwen3");
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of_shape("gpt2-124m"), NumberType::bf16, 1);
  const auto checkpoint = Checkpoint::open(folder.path());
  CHECK(checkpoint->parameters() == 124439808);
  CHECK(checkpoint->stored_type() == NumberType::bf16);
}

TEST_CASE("shards, and names without the model's prefix, are the same model") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("qwen3"), NumberType::f16, 2);
  const std::vector<float> whole = values(*Checkpoint::open(folder.path()), "layer.1.down");
  Pieces bare = pieces_of(folder / "model.safetensors");
  Json header = Json::object();
  for (const auto& [name, tensor] : bare.header.items())
    header[name.starts_with("model.") ? name.substr(6) : name] = tensor;
  bare.header = header;
  write_pieces(folder / "model.safetensors", bare);
  CHECK(values(*Checkpoint::open(folder.path()), "layer.1.down") == whole);
  shard(folder.path());
  CHECK(values(*Checkpoint::open(folder.path()), "layer.1.down") == whole);
}

TEST_CASE("an index that lies is refused") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("qwen3"), NumberType::f16, 2);
  shard(folder.path());
  const std::filesystem::path index = folder / "model.safetensors.index.json";
  const Json right = Json::parse(slurp(index));
  const auto refused = [&](const auto& change, ErrorKind kind, const std::string& text) {
    Json wrong = right;
    change(wrong);
    spill(index, wrong.dump());
    CHECK_ERROR(Checkpoint::open(folder.path()), kind, text);
  };
  refused([](Json& j) { j["weight_map"]["model.extra"] = "a.safetensors"; }, ErrorKind::corrupt,
          "model.extra");
  refused([](Json& j) { j["weight_map"]["x"] = "../a.safetensors"; }, ErrorKind::corrupt,
          "not in the folder");
  refused([](Json& j) { j["weight_map"]["x"] = "/etc/passwd"; }, ErrorKind::corrupt,
          "not in the folder");
  refused([](Json& j) { j["weight_map"]["x"] = "c.safetensors"; }, ErrorKind::not_found,
          "c.safetensors");
  refused([](Json& j) { j["weight_map"] = 3; }, ErrorKind::corrupt, "weight_map");
  spill(index, R"({"weight_map":{"a":"a.safetensors","a":"b.safetensors"}})");
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::corrupt, "twice");
  Pieces other = pieces_of(folder / "b.safetensors");
  const Pieces first = pieces_of(folder / "a.safetensors");
  const std::string name = first.header.items().begin().key();
  Json again = first.header[name];
  const std::size_t at = other.values.size();
  const std::size_t size =
      again["data_offsets"][1].get<std::size_t>() - again["data_offsets"][0].get<std::size_t>();
  again["data_offsets"] = {at, at + size};
  other.header[name] = again;
  other.values += std::string(size, '\0');
  write_pieces(folder / "b.safetensors", other);
  spill(index, right.dump());
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::corrupt, "is in");
}

TEST_CASE("pickles, LFS pointers, integer weights and another model's weights are refused") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("qwen3"), NumberType::f32, 2);
  const std::filesystem::path file = folder / "model.safetensors";
  const Pieces right = pieces_of(file);
  Pieces wrong = right;
  wrong.header["model.norm.weight"]["dtype"] = "I32";
  write_pieces(file, wrong);
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::usage, "int32");
  wrong = right;
  wrong.header["model.norm.weight"]["shape"] = {2, 16};
  write_pieces(file, wrong);
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::corrupt, "model.norm.weight");
  spill(folder / "config.json", config_of("llama3"));
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::corrupt, "another model");
  spill(file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::corrupt, "git lfs pull");
  std::filesystem::remove(file);
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::not_found, "model.safetensors");
  spill(folder / "pytorch_model.bin", "PK");
  CHECK_ERROR(Checkpoint::open(folder.path()), ErrorKind::usage, "pickle");
  CHECK_ERROR(Checkpoint::open(folder / "nowhere"), ErrorKind::not_found, "nowhere");
}

TEST_CASE("a fingerprint changes with one bit of the weights or the configuration") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("qwen3"), NumberType::f32, 2);
  const std::string before = Checkpoint::open(folder.path())->fingerprint();
  CHECK(before.size() == 64);
  CHECK(Checkpoint::open(folder.path())->fingerprint() == before);
  std::string bytes = slurp(folder / "model.safetensors");
  bytes.back() ^= 1;
  spill(folder / "model.safetensors", bytes);
  const std::string other = Checkpoint::open(folder.path())->fingerprint();
  CHECK(other != before);
  spill(folder / "config.json", config_of("qwen3") + " ");
  CHECK(Checkpoint::open(folder.path())->fingerprint() != other);
}

TEST_CASE("a digest is remembered for the very same files, and for no others") {
  const TemporaryFolder folder;
  make_random_checkpoint(folder.path(), config_of("qwen3"), NumberType::f32, 2);
  const std::filesystem::path weights = folder / "model.safetensors", known = folder / "known";
  const engine::KnownDigests digests(known, 0);
  const auto digest = [&] { return digests.digest("c", {MappedFile::open(weights)}); };
  const auto fresh = [&] { return engine::digest_of("c", {MappedFile::open(weights)}); };
  // Another digest in the place of the one that was kept shows whether it is believed.
  const std::string mark(64, 'a');
  const auto believed = [&] {
    std::string line = slurp(known);
    line.replace(65, 64, mark);
    spill(known, line);
    std::filesystem::permissions(known, std::filesystem::perms(0600));
    return digest() == mark;
  };
  // What was written just now may change once more within a tick of the clock.
  CHECK(digest() == fresh());
  CHECK_FALSE(std::filesystem::exists(known));
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  CHECK(digest() == fresh());
  CHECK(std::filesystem::file_size(known) == 130);
  CHECK(believed());
  CHECK(digests.digest("d", {MappedFile::open(weights)}) != mark);
  // Others may write into it.
  std::filesystem::permissions(known, std::filesystem::perms(0666));
  CHECK(digest() == fresh());
  CHECK(engine::KnownDigests("/proc/none/known", 0).digest("c", {MappedFile::open(weights)}) ==
        fresh());
  // The same size and time, other bytes.
  CHECK(believed());
  const auto time = std::filesystem::last_write_time(weights);
  std::string bytes = slurp(weights);
  bytes.back() ^= 1;
  spill(weights, bytes);
  std::filesystem::last_write_time(weights, time);
  CHECK(digest() == fresh());
  // A file in which something else is.
  spill(known, std::string(200, 'x') + "\n" + mark);
  CHECK(digest() == fresh());
}

TEST_CASE("16-bit numbers are widened exactly and rounded to nearest, ties to even") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    for (const NumberType type : {NumberType::f16, NumberType::bf16}) {
      float value = 0;
      std::byte stored[2], again[2];
      std::memcpy(stored, &half, 2);
      engine::widen(type, stored, 1, &value);
      engine::narrow(type, &value, 1, again);
      if (std::isnan(value)) continue;
      REQUIRE(std::memcmp(stored, again, 2) == 0);
    }
  }
  const auto rounded = [](NumberType type, float value) {
    std::byte bytes[2];
    engine::narrow(type, &value, 1, bytes);
    engine::widen(type, bytes, 1, &value);
    return value;
  };
  CHECK(rounded(NumberType::f16, 1 + 0x1p-11F) == 1);
  CHECK(rounded(NumberType::f16, 1 + 0x3p-11F) == 1 + 0x1p-9F);
  CHECK(rounded(NumberType::f16, 65519) == 65504);
  CHECK(std::isinf(rounded(NumberType::f16, 65520)));
  CHECK(rounded(NumberType::f16, 0x1p-25F) == 0);
  CHECK(rounded(NumberType::f16, 0x1.8p-25F) == 0x1p-24F);
  CHECK(rounded(NumberType::bf16, 1 + 0x1p-8F) == 1);
  CHECK(rounded(NumberType::bf16, 1 + 0x3p-8F) == 1 + 0x1p-6F);
  CHECK(std::isnan(rounded(NumberType::bf16, std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(rounded(NumberType::f16, std::numeric_limits<float>::quiet_NaN())));
}
