#include "engine/weight_files.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/safetensors.hpp"

#include "engine/json_fields.hpp"

#include <fmt/format.h>

#include <limits>
#include <set>

namespace mlopsctl {

std::uint64_t TensorView::count() const {
  std::uint64_t product = 1;
  for (const std::uint64_t length : shape) product *= length;  // checked when the file was read
  return product;
}

namespace engine {

namespace {

constexpr const char* single_file = "model.safetensors";
constexpr const char* index_file = "model.safetensors.index.json";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Pickles run code when they are read.
void refuse_pickles(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    const bool pickle = name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth") ||
                        name.ends_with(".ckpt") || name.ends_with(".pkl");
    if (pickle && name != "training_args.bin" && name != "tokenizer.bin")
      throw Error(ErrorKind::usage,
                  fmt::format("{} is a pickle, which can run any code when it is read",
                              quoted_path(entry.path())),
                  "load it once where you trust it and write safetensors: transformers' "
                  "save_pretrained() does");
  }
}

[[noreturn]] void bad_index(const std::string& what) {
  throw Error(ErrorKind::corrupt, fmt::format("{}: {}", index_file, what),
              "copy the file again from where the model came");
}

bool is_name_in_folder(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

// A name twice in the map may hide a tensor of another file.
class RepeatedKeys {
 public:
  void see(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start && depth <= 1) seen_.clear();
    if (event == Json::parse_event_t::key && depth == 2 &&
        !seen_.insert(parsed.get_ref<const std::string&>()).second)
      bad_index(fmt::format("it names {} twice", quote(parsed.get_ref<const std::string&>())));
  }

 private:
  std::set<std::string> seen_;
};

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view text) {
  RepeatedKeys keys;
  const Json object = Json::parse(
      text.begin(), text.end(),
      [&](int depth, Json::parse_event_t event, const Json& parsed) {
        if (depth > 16) bad_index("it is nested too deep");
        keys.see(depth, event, parsed);
        return true;
      },
      false);
  const auto map = object.is_object() ? object.find("weight_map") : object.end();
  if (!object.is_object() || map == object.end() || !map->is_object())
    bad_index("it has no 'weight_map'");
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) bad_index(fmt::format("{} has no file", quote(name)));
    const auto& path = file.get_ref<const std::string&>();
    if (!is_name_in_folder(path))
      bad_index(fmt::format("the file {} of {} is not in the folder", quote(path), quote(name)));
    files.emplace(name, path);
  }
  if (files.empty()) bad_index("it names no tensor");
  return files;
}

void refuse_lfs_pointer(std::string_view bytes, const fs::path& file) {
  if (bytes.starts_with("version https://git-lfs.github.com/spec/"))
    throw Error(ErrorKind::corrupt,
                fmt::format("{} is a pointer of git-LFS, not the weights", quoted_path(file)),
                "fetch them: git lfs pull");
}

void WeightFiles::add(const std::string& name) {
  const fs::path path = folder_ / name;
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  refuse_lfs_pointer(file->bytes(), path);
  SafetensorsHeader header;
  try {
    header = parse_safetensors(file->bytes(), file->bytes().size());
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", quoted_path(path), error.what()), error.hint());
  }
  for (ArrayLayout& layout : header.tensors) {
    if (layout.swapped)
      throw Error(ErrorKind::usage, "weights cannot be read on a big-endian machine");
    TensorView view{
        .type = layout.type,
        .shape = std::move(layout.shape),
        .data = reinterpret_cast<const std::byte*>(file->bytes().data()) + layout.offset};
    if (!tensors_.emplace(layout.name, std::move(view)).second)
      throw Error(ErrorKind::corrupt,
                  fmt::format("tensor {} is in {} and in {}", quote(layout.name),
                              quoted_path(folder_ / file_of_[layout.name]), quoted_path(path)),
                  "copy the files again from where the model came");
    file_of_[layout.name] = name;
  }
  for (const std::string& tensor : header.left_out) file_of_[tensor] = name;
  files_.push_back(file);
}

void WeightFiles::check_index(const std::map<std::string, std::string>& index) const {
  for (const auto& [tensor, file] : index) {
    const auto found = file_of_.find(tensor);
    if (found == file_of_.end() || found->second != file)
      throw Error(ErrorKind::corrupt,
                  fmt::format("tensor {} is not in {}, where {} has it", quote(tensor),
                              quoted_path(folder_ / file), index_file),
                  "copy the files again from where the model came");
  }
}

WeightFiles WeightFiles::open_model(const fs::path& folder) {
  WeightFiles weights;
  weights.folder_ = folder;
  if (is_there(folder / single_file)) {
    weights.add(single_file);
    return weights;
  }
  if (!is_there(folder / index_file)) {
    refuse_pickles(folder);
    throw Error(ErrorKind::not_found, fmt::format("{} has no {}", quoted_path(folder), single_file),
                "give the folder of a model in Hugging Face's layout");
  }
  const std::string text = read_file(folder / index_file);
  refuse_lfs_pointer(text, folder / index_file);
  const std::map<std::string, std::string> index = parse_shard_index(text);
  std::set<std::string> names;
  for (const auto& [tensor, file] : index) names.insert(file);
  for (const std::string& name : names) weights.add(name);
  weights.check_index(index);
  return weights;
}

WeightFiles WeightFiles::open_single(const fs::path& folder, const std::string& what) {
  WeightFiles weights;
  weights.folder_ = folder;
  const std::string name = what + ".safetensors";
  if (!is_there(folder / name)) {
    refuse_pickles(folder);
    throw Error(ErrorKind::not_found, fmt::format("{} has no {}", quoted_path(folder), name));
  }
  weights.add(name);
  return weights;
}

const TensorView* WeightFiles::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace engine

}  // namespace mlopsctl
