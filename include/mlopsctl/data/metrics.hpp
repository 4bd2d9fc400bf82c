// Metrics and parameters of a repository: read at a revision, compared between two.
#pragma once

#include "mlopsctl/data/revision.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

// One file and what is in it.
struct ValueFile {
  std::string path;   // relative to the root
  YamlValue values;   // a map, or a single value
  std::string error;  // why it could not be read; then there are no values
};

// Files that stages and dvc.yaml declare as metrics, or the named ones. Only numbers, texts and
// booleans are kept, as in DVC. A declared file that does not exist is an error of its own.
std::vector<ValueFile> read_metrics(RevisionFiles& files, std::span<const std::string> targets);

// Parameters: of stages, of `params` in dvc.yaml files, params.yaml, and values that templates use;
// deps_only: only what stages depend on.
std::vector<ValueFile> read_parameters(RevisionFiles& files, std::span<const std::string> targets,
                                       bool deps_only);

struct FlatValue {
  std::string key;  // "eval.acc"; empty for a file that holds a single value
  YamlValue value;
};
// Nested maps with dots between their keys, in the order of the file; empty maps are left out.
std::vector<FlatValue> flat_values(const YamlValue& values);

struct ValueChange {
  std::string path;
  std::string key;
  std::optional<YamlValue> before, after;  // nothing: it is not there
  std::optional<YamlValue> difference;     // after − before of numbers
};
// Sorted by path and key. all: also what is the same.
std::vector<ValueChange> compare_values(const std::vector<ValueFile>& before,
                                        const std::vector<ValueFile>& after, bool all);

// The texts of DVC's own --json. `seen` turns a path into what the user sees.
using SeenPath = std::function<std::string(const std::string& path)>;
struct RevisionValues {
  std::string revision;  // "" for the working tree alone
  std::vector<ValueFile> files;
};
std::string dvc_show_json(std::span<const RevisionValues> revisions, const SeenPath& seen);
std::string dvc_diff_json(std::span<const ValueChange> changes, const SeenPath& seen);

}  // namespace mlopsctl::data
