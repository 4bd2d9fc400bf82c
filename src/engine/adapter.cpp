#include "engine/adapter.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "engine/known_digests.hpp"
#include "engine/weight_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::engine {

namespace {

constexpr std::string_view key_prefix = "base_model.model.";

[[noreturn]] void mismatch(const std::string& what) {
  throw Error(ErrorKind::corrupt, fmt::format("the adapter does not fit the model: {}", what),
              "give the model that the adapter was trained on");
}

std::string without(std::string text, std::string_view part) {
  const std::size_t at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

bool is_float(NumberType type) {
  return type == NumberType::f32 || type == NumberType::f16 || type == NumberType::bf16;
}

std::vector<float> values_of(const TensorView& view, const std::string& key) {
  if (!is_float(view.type))
    mismatch(fmt::format("{} is stored as {}", quote(key), to_string(view.type)));
  std::vector<float> values(view.count());
  if (!values.empty()) widen(view.type, view.data, values.size(), values.data());
  if (!all_finite(values.data(), values.size()))
    mismatch(fmt::format("{} holds NaN or infinity", quote(key)));
  return values;
}

class Reader {
 public:
  Reader(const AdapterConfig& config, const WeightFiles& weights,
         const std::vector<TensorPlace>& places, std::string_view prefix)
      : config_(config), weights_(weights), prefix_(prefix) {
    for (const TensorPlace& place : places) by_stored_[place.stored].push_back(&place);
  }

  std::map<std::string, TensorChange> read() {
    for (const auto& [key, view] : weights_.all()) {
      if (!key.starts_with(key_prefix))
        mismatch(fmt::format("its weight {} does not begin with '{}'", quote(key), key_prefix));
      read_key(key, key.substr(key_prefix.size()), view);
    }
    if (changes_.empty()) mismatch("it has no weights");
    check_targets();
    return std::move(changes_);
  }

 private:
  void read_key(const std::string& key, const std::string& name, const TensorView& view) {
    for (const bool embedding : {false, true}) {
      const std::string_view part = embedding ? ".lora_embedding_A" : ".lora_A.weight";
      const std::string_view other = embedding ? ".lora_embedding_B" : ".lora_B.weight";
      if (name.ends_with(other)) {
        const std::string first = key.substr(0, key.size() - other.size()) + std::string(part);
        if (weights_.find(first) == nullptr) mismatch(fmt::format("it lacks {}", quote(first)));
        return;  // read with its A
      }
      if (name.ends_with(part)) {
        const std::string second = key.substr(0, key.size() - part.size()) + std::string(other);
        const TensorView* b = weights_.find(second);
        if (b == nullptr) mismatch(fmt::format("it lacks {}", quote(second)));
        read_factors(key, name.substr(0, name.size() - part.size()), view, *b, embedding);
        return;
      }
    }
    read_replacement(key, without(without(name, ".base_layer"), ".modules_to_save"), view);
  }

  // Tensors that a stored name belongs to, with or without the prefix of the whole model.
  const std::vector<const TensorPlace*>* find(const std::string& stored) const {
    auto found = by_stored_.find(stored);
    if (found == by_stored_.end()) found = by_stored_.find(std::string(prefix_) + stored);
    return found == by_stored_.end() ? nullptr : &found->second;
  }

  void read_factors(const std::string& key, const std::string& module, const TensorView& a,
                    const TensorView& b, bool embedding) {
    const auto* places = find(module + ".weight");
    if (places == nullptr || !places->front()->matrix || places->front()->embedding != embedding)
      mismatch(fmt::format("{} belongs to no module of the model", quote(key)));
    if (!config_.targets_module(module))
      mismatch(fmt::format("{} is not among its 'target_modules'", quote(module)));
    targeted_.insert(module);
    const auto rank = static_cast<std::uint64_t>(config_.rank_of(module));
    const TensorPlace& first = *places->front();
    // A embeds [rank, rows] and B gives [columns, rank] where the module is an embedding.
    const std::uint64_t inputs = embedding ? first.rows : first.columns;
    const std::uint64_t outputs = embedding ? first.columns : first.stored_rows;
    if (a.shape != std::vector<std::uint64_t>{rank, inputs} ||
        b.shape != std::vector<std::uint64_t>{outputs, rank})
      mismatch(fmt::format("{} does not have the shape of rank {} for a module from {} to {}",
                           quote(key), rank, inputs, outputs));
    const std::vector<float> in = values_of(a, key), out = values_of(b, key);
    const auto scale = static_cast<float>(config_.scale_of(module));
    for (const TensorPlace* place : *places) set_factors(*place, rank, in, out, scale, embedding);
  }

  void set_factors(const TensorPlace& place, std::size_t rank, const std::vector<float>& in,
                   const std::vector<float>& out, float scale, bool embedding) {
    TensorChange& change = changes_[place.name];
    change.rank = rank;
    change.left.resize(place.rows * rank);
    change.right.resize(rank * place.columns);
    for (std::size_t r = 0; r < place.rows; ++r) {
      for (std::size_t k = 0; k < rank; ++k)
        change.left[r * rank + k] =
            scale * (embedding ? in[k * place.rows + r] : out[(place.first + r) * rank + k]);
    }
    for (std::size_t k = 0; k < rank; ++k) {
      for (std::size_t c = 0; c < place.columns; ++c)
        change.right[k * place.columns + c] =
            embedding ? out[c * rank + k] : in[k * place.columns + c];
    }
  }

  bool may_replace(const std::string& stored, const TensorPlace& place) const {
    const std::size_t dot = stored.rfind('.');
    const std::string module = stored.substr(0, dot);
    if (stored.ends_with(".bias") && config_.biases) return true;
    // peft keeps embeddings whose vocabulary was resized without naming them.
    if (place.name == "embedding" || place.name == "head") return true;
    return std::any_of(config_.saved.begin(), config_.saved.end(),
                       [&](const std::string& saved) { return module.ends_with(saved); });
  }

  void read_replacement(const std::string& key, const std::string& stored, const TensorView& view) {
    const auto* places = find(stored);
    if (places == nullptr || !may_replace(stored, *places->front()))
      mismatch(fmt::format("{} belongs to no module of the model that it may change", quote(key)));
    const TensorPlace& first = *places->front();
    std::vector<std::uint64_t> shape{first.stored_rows};
    if (first.matrix) shape.push_back(first.columns);
    if (first.transposed) std::swap(shape[0], shape[1]);
    if (view.shape != shape)
      mismatch(fmt::format("{} has another shape than the model's", quote(key)));
    values_of(view, key);
    for (const TensorPlace* place : *places) {
      changes_[place->name].replacement = view;
      changes_[place->name].first = place->first;
    }
  }

  // What the configuration promises is there.
  void check_targets() const {
    for (const std::string& target : config_.targets) {
      if (std::none_of(targeted_.begin(), targeted_.end(), [&](const std::string& module) {
            return module == target || module.ends_with("." + target);
          }))
        mismatch(fmt::format("it has no weights for its target {}", quote(target)));
    }
  }

  const AdapterConfig& config_;
  const WeightFiles& weights_;
  std::string_view prefix_;
  std::map<std::string, std::vector<const TensorPlace*>> by_stored_;
  std::set<std::string> targeted_;
  std::map<std::string, TensorChange> changes_;
};

}  // namespace

Adapter Adapter::open(const fs::path& folder, const std::vector<TensorPlace>& places,
                      std::string_view prefix) {
  Adapter adapter;
  adapter.text_ = read_file(folder / "adapter_config.json");
  refuse_lfs_pointer(adapter.text_, folder / "adapter_config.json");
  adapter.config_ = parse_adapter_config(adapter.text_);
  adapter.weights_ = WeightFiles::open_single(folder, "adapter_model");
  adapter.changes_ = Reader(adapter.config_, adapter.weights_, places, prefix).read();
  return adapter;
}

const TensorChange* Adapter::find(const std::string& name) const {
  const auto found = changes_.find(name);
  return found == changes_.end() ? nullptr : &found->second;
}

std::string Adapter::fingerprint() const { return known_digest_of(text_, weights_.files()); }

}  // namespace mlopsctl::engine
