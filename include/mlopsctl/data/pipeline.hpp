// Pipelines: the stages of dvc.yaml files with everything in them resolved, and how they depend on
// each other.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

class Repository;

// Parameters of one file that a stage depends on.
struct ParamsDep {
  std::string file;               // as spelled, relative to the stage's folder
  std::vector<std::string> keys;  // key paths, "train.lr"; empty: every key at the top
};

enum class OutRole { plain, metric, plot };

struct StageOut {
  std::string path;  // as spelled
  OutRole role = OutRole::plain;
  bool cache = true;
  bool persist = false;
  bool push = true;
  std::string remote;
  YamlValue options;  // the map behind the path in dvc.yaml, null if there is none
};

// A value that an expression took from a file.
struct UsedValue {
  std::string file;  // relative to the root
  std::string key;
  YamlValue value;
};

struct Stage {
  std::string file;   // dvc.yaml or .dvc, relative to the root
  std::string name;   // empty for a .dvc file
  std::string group;  // of a stage that foreach or matrix made
  std::string wdir;   // folder that its paths are relative to, relative to the root; "" is the root
  YamlValue cmd;      // text, or a list of texts; null for data
  std::vector<std::string> deps;  // as spelled
  std::vector<ParamsDep> params;
  std::vector<StageOut> outs;  // plain ones, metrics and plots
  bool frozen = false;
  bool always_changed = false;
  bool import = false;  // a .dvc with a source
  std::string desc;
  std::size_t line = 0;    // of its definition
  bool templated = false;  // its definition has expressions, foreach or matrix
  std::vector<UsedValue> used;

  // "train", "sub/dvc.yaml:train", "data.dvc": how DVC names it in the folder `base`, which is
  // relative to the root.
  std::string address(const std::string& base = {}) const;
  // A path as spelled by this stage, relative to the root and normalised.
  std::string path_of(std::string_view spelled) const;
  bool callback() const { return deps.empty() && outs.empty() && params.empty() && !cmd.is_null(); }
  // One shell command each: the items of a list, the lines of a text.
  std::vector<std::string> commands() const;
};

// Top-level entries of one dvc.yaml that reports read. Paths are relative to the root.
struct ReportSources {
  std::vector<std::string> metrics;
  std::vector<std::string> params;
  struct Plot {
    std::string file;      // the dvc.yaml
    std::string id;        // a path or a free name
    YamlValue definition;  // map or null
  };
  std::vector<Plot> plots;
};

// Reads one file of the repository or of a commit, by its path relative to the root; nothing if it
// does not exist.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

struct PipelineFile {
  std::string file;
  std::vector<Stage> stages;  // in the order of the file, generated ones in their place
  ReportSources reports;
};

// Options from .dvc/config that templates look at.
struct TemplateSettings {
  bool boolean_optional = false;  // parsing.bool
  bool append = false;            // parsing.list
};

// Reads dvc.yaml and what its vars name. Throws Error{config} "'dvc.yaml' line 3: …".
PipelineFile load_pipeline_file(const std::string& file, std::string_view text,
                                const FileReader& read, const TemplateSettings& settings);

// A file of parameters or metrics by its ending: .json, .toml, .py, else YAML. Throws Error{config}
// "'params.toml' line 3: …". A file that is empty is an empty map.
YamlValue parse_values(const std::string& path, std::string_view text);

// The value at a key path; a dot separates keys and list indexes. Null pointer if it is not there.
const YamlValue* value_at(const YamlValue& root, std::string_view key_path);

// What a stage's parameters are now: key path → value, in the order of `keys`, or of the file for a
// whole file. Keys that are missing are left out.
YamlValue read_params(const ParamsDep& dep, const YamlValue& file);

// Every stage of the working tree.
class Pipelines {
 public:
  // Reads all dvc.yaml and .dvc files, checks for outputs that are declared twice, that lie inside
  // each other, and for cycles. Throws Error{config}.
  static Pipelines load(Repository& repository);
  // The same for stages that were read elsewhere.
  explicit Pipelines(std::vector<Stage> stages, std::vector<ReportSources> reports = {});

  const std::vector<Stage>& stages() const { return stages_; }
  const std::vector<ReportSources>& reports() const { return reports_; }
  // Indexes of the stages whose outputs stage `index` reads, ascending; the other way around.
  const std::vector<std::size_t>& producers(std::size_t index) const { return producers_[index]; }
  const std::vector<std::size_t>& consumers(std::size_t index) const { return consumers_[index]; }

  // Stages that a target means: an address, a stage name of the dvc.yaml in `base`, a group, a
  // dvc.yaml, a .dvc file, an output. base: relative to the root. Throws Error{not_found} with the
  // nearest name. glob: targets are patterns for names.
  std::vector<std::size_t> select(const std::string& target, const std::string& base,
                                  bool glob = false) const;
  // Names for the shell: addresses as seen from `base`.
  std::vector<std::string> names(const std::string& base) const;

 private:
  void connect();
  void check() const;

  std::vector<Stage> stages_;
  std::vector<ReportSources> reports_;
  std::vector<std::vector<std::size_t>> producers_, consumers_;
};

}  // namespace mlopsctl::data
