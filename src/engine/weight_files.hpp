// The safetensors files of a folder, mapped, and where each tensor lies in them (eval.md §2.1).
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"
#include "mlopsctl/platform/mapped_file.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::engine {

// 'weight_map' of model.safetensors.index.json: tensor → file. Throws Error{corrupt} for a file
// that is no name within the folder, and for tensors named twice.
std::map<std::string, std::string> parse_shard_index(std::string_view text);

class WeightFiles {
 public:
  // model.safetensors, or the files that its index names. Throws Error{usage} where there are
  // pickles only.
  static WeightFiles open_model(const fs::path& folder);
  // One file. `what` is missing if it is not there, e.g. "adapter_model".
  static WeightFiles open_single(const fs::path& folder, const std::string& what);

  // Null if there is none.
  const TensorView* find(const std::string& name) const;
  const std::map<std::string, TensorView>& all() const { return tensors_; }
  // In the order of their names.
  const std::vector<std::shared_ptr<const MappedFile>>& files() const { return files_; }

  // "The file 'x' of tensor …": for messages.
  const fs::path& folder() const { return folder_; }

 private:
  void add(const std::string& name);  // a file of the folder
  void check_index(const std::map<std::string, std::string>& index) const;

  fs::path folder_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> file_of_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
};

// "git-LFS pointer" and the like are no weights. Throws Error{corrupt} naming the file.
void refuse_lfs_pointer(std::string_view bytes, const fs::path& file);

// One digest over names, sizes and bytes; large files are read by all cores.
std::string digest_of(std::string_view config,
                      const std::vector<std::shared_ptr<const MappedFile>>& files);

}  // namespace mlopsctl::engine
