#include "mlopsctl/engine/checkpoint.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "engine/adapter.hpp"
#include "engine/known_digests.hpp"
#include "engine/model_config.hpp"
#include "engine/tensor_names.hpp"
#include "engine/weight_files.hpp"
#include "engine/weight_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace mlopsctl {

namespace {

using engine::Adapter;
using engine::TensorChange;
using engine::TensorPlace;
using engine::WeightFiles;

bool is_supported(NumberType type) {
  return type == NumberType::f32 || type == NumberType::f16 || type == NumberType::bf16;
}

// A tensor, or the part of one, that a place names.
struct Stored {
  TensorPlace place;
  TensorView view;
};

// Values [first, first + count) of the row-major `view`.
void widen_at(const TensorView& view, std::uint64_t first, std::uint64_t count, float* out) {
  engine::widen(view.type, view.data + first * size_of(view.type), count, out);
}

// Rows [begin, end) as (out, in), of a tensor of which the place's outputs begin at `first`.
void read_rows(const TensorPlace& place, const TensorView& view, std::uint64_t first,
               std::uint64_t begin, std::uint64_t end, float* out) {
  if (!place.transposed) {
    widen_at(view, (first + begin) * place.columns, (end - begin) * place.columns, out);
    return;
  }
  std::vector<float> piece(end - begin);
  for (std::uint64_t c = 0; c < place.columns; ++c) {
    widen_at(view, c * place.stored_rows + first + begin, piece.size(), piece.data());
    for (std::uint64_t r = 0; r < piece.size(); ++r) out[r * place.columns + c] = piece[r];
  }
}

void add_product(const TensorChange& change, std::uint64_t columns, std::uint64_t begin,
                 std::uint64_t end, float* out) {
  for (std::uint64_t r = begin; r < end; ++r) {
    float* row = out + (r - begin) * columns;
    for (std::size_t k = 0; k < change.rank; ++k) {
      const float left = change.left[r * change.rank + k];
      const float* right = change.right.data() + k * columns;
      for (std::uint64_t c = 0; c < columns; ++c) row[c] += left * right[c];
    }
  }
}

class FolderCheckpoint final : public Checkpoint {
 public:
  FolderCheckpoint(const fs::path& folder, const std::optional<fs::path>& adapter)
      : text_(read_file(folder / "config.json")) {
    engine::refuse_lfs_pointer(text_, folder / "config.json");
    std::optional<std::string> generation;
    if (fs::exists(folder / "generation_config.json"))
      generation = read_file(folder / "generation_config.json");
    config_ = engine::parse_model_config(text_, generation);
    weights_ = WeightFiles::open_model(folder);
    const std::vector<TensorPlace> places = engine::tensor_places(config_);
    for (const TensorPlace& place : places) add(place);
    count_parameters();
    if (adapter) apply(*adapter, places);
  }

  const ModelConfig& config() const override { return config_; }
  bool has(const std::string& name) const override {
    return tensors_.contains(name) || (name == "head" && config_.tied_head);
  }
  Shape shape(const std::string& name) const override {
    const TensorPlace& place = find(name).place;
    return {place.rows, place.columns};
  }

  std::optional<NamedTensor> stored(const std::string& name) const override {
    const Stored& tensor = find(name);
    if (adapter_ && adapter_->changes(tensor.place.name)) return std::nullopt;
    const bool part = tensor.place.stored_rows != tensor.place.rows;
    return NamedTensor{.view = tensor.view,
                       .transposed = tensor.place.transposed,
                       .first_column = tensor.place.first,
                       .columns = part ? tensor.place.rows : 0};
  }

  void read(const std::string& name, std::uint64_t begin, std::uint64_t end,
            float* out) const override {
    const Stored& tensor = find(name);
    const TensorPlace& place = tensor.place;
    if (begin > end || end > place.rows)
      throw Error(ErrorKind::bug, fmt::format("rows {} to {} of {}", begin, end, quote(name)));
    if (begin == end) return;
    const TensorChange* change = adapter_ ? adapter_->find(place.name) : nullptr;
    if (change != nullptr && change->replacement) {
      read_rows(place, *change->replacement, change->first, begin, end, out);
    } else {
      read_rows(place, tensor.view, place.first, begin, end, out);
    }
    if (change == nullptr || change->rank == 0) return;
    add_product(*change, place.columns, begin, end, out);
    if (!engine::all_finite(out, (end - begin) * place.columns))
      throw Error(ErrorKind::corrupt,
                  fmt::format("merging the adapter into {} gives NaN or infinity", quote(name)),
                  "train the adapter again, or give the model that it was trained on");
  }

  std::uint64_t parameters() const override { return parameters_; }
  NumberType stored_type() const override { return stored_type_; }
  std::string fingerprint() const override {
    const std::lock_guard lock(mutex_);
    if (fingerprint_.empty()) fingerprint_ = engine::known_digest_of(text_, weights_.files());
    return fingerprint_;
  }
  std::string adapter_fingerprint() const override {
    return adapter_ ? adapter_->fingerprint() : std::string();
  }
  std::string adapter_base() const override {
    return adapter_ ? adapter_->config().base : std::string();
  }

 private:
  const Stored& find(const std::string& name) const {
    auto found = tensors_.find(name);
    if (found == tensors_.end() && name == "head" && config_.tied_head)
      found = tensors_.find("embedding");
    if (found == tensors_.end())
      throw Error(ErrorKind::bug, fmt::format("the model has no tensor {}", quote(name)));
    return found->second;
  }

  void add(const TensorPlace& place) {
    const std::string_view prefix = engine::stored_prefix(config_);
    const TensorView* view = weights_.find(place.stored);
    if (view == nullptr && place.stored.starts_with(prefix))
      view = weights_.find(place.stored.substr(prefix.size()));
    if (view == nullptr)
      throw Error(
          ErrorKind::corrupt,
          fmt::format("{} has no tensor {}", quoted_path(weights_.folder()), quote(place.stored)),
          "config.json tells of another model than the weights: copy both again");
    std::vector<std::uint64_t> shape{place.stored_rows};
    if (place.matrix) shape.push_back(place.columns);
    if (place.transposed) std::swap(shape[0], shape[1]);
    if (view->shape != shape)
      throw Error(ErrorKind::corrupt,
                  fmt::format("tensor {} is [{}], config.json tells of [{}]", quote(place.stored),
                              fmt::join(view->shape, ", "), fmt::join(shape, ", ")),
                  "config.json tells of another model than the weights: copy both again");
    if (!is_supported(view->type))
      throw Error(
          ErrorKind::usage,
          fmt::format("tensor {} is stored as {}", quote(place.stored), to_string(view->type)),
          "supported are float32, float16 and bfloat16");
    tensors_.emplace(place.name, Stored{place, *view});
  }

  void count_parameters() {
    std::map<NumberType, std::uint64_t> of_type;
    for (const auto& [name, tensor] : tensors_)
      of_type[tensor.view.type] += tensor.place.rows * tensor.place.columns;
    for (const auto& [type, count] : of_type) {
      parameters_ += count;
      if (count > of_type[stored_type_]) stored_type_ = type;
    }
  }

  void apply(const fs::path& folder, const std::vector<TensorPlace>& places) {
    std::vector<TensorPlace> all = places;
    if (config_.tied_head) {
      // An adapter changes the two sides of a tied head by themselves.
      TensorPlace head = find("head").place;
      head.name = "head";
      head.stored = "lm_head.weight";
      head.embedding = false;
      all.push_back(head);
    }
    adapter_ = Adapter::open(folder, all, engine::stored_prefix(config_));
    const bool head = adapter_->changes("head"), embedding = adapter_->changes("embedding");
    if (!config_.tied_head || (!head && !embedding)) return;
    if (adapter_->config().tie_saved && !head) return;
    tensors_.emplace("head", Stored{all.back(), find("embedding").view});
    config_.tied_head = false;
  }

  std::string text_;
  ModelConfig config_;
  WeightFiles weights_;
  std::map<std::string, Stored> tensors_;
  std::optional<Adapter> adapter_;
  std::uint64_t parameters_ = 0;
  NumberType stored_type_ = NumberType::f32;
  mutable std::mutex mutex_;
  mutable std::string fingerprint_;
};

}  // namespace

std::shared_ptr<const Checkpoint> Checkpoint::open(const fs::path& folder,
                                                   const std::optional<fs::path>& adapter) {
  return std::make_shared<FolderCheckpoint>(folder, adapter);
}

}  // namespace mlopsctl
