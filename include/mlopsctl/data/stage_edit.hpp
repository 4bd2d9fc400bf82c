// Writing stages into dvc.yaml. Comments, order and other stages stay as they are.
#pragma once

#include "mlopsctl/data/pipeline.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::data {

struct NewStage {
  std::string name;  // letters, digits, - and _
  std::string cmd;
  std::string wdir;  // relative to the dvc.yaml; empty: its folder
  std::string desc;
  std::vector<std::string> deps;
  std::vector<std::string> params;  // "lr,train.epochs", "other.yaml:key", "other.yaml:"
  std::vector<StageOut> outs;
  bool always_changed = false;
};

struct StageEdit {
  std::string file;  // dvc.yaml or .dvc that was written, relative to the root
  std::vector<std::string> changed_files;  // with .gitignore files
  bool created = false;                    // the dvc.yaml is new
};

// Adds a stage to the dvc.yaml in `base`; replace: an existing one of that name is overwritten key
// by key. Nothing is written if the result would be no valid pipeline. Throws Error{usage} for a
// name DVC refuses, Error{conflict} if the stage exists, Error{config} for what Pipelines refuses.
StageEdit add_stage(Repository& repository, const std::string& base, const NewStage& stage,
                    bool replace);

// Sets or removes `frozen: true` of a stage or of an imported .dvc file. Throws Error{conflict} for
// stages that foreach or matrix made.
StageEdit set_frozen(Repository& repository, const Stage& stage, bool frozen);

}  // namespace mlopsctl::data
