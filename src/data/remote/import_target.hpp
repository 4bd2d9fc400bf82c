// What an import is about to make, checked before anything is fetched.
#pragma once

#include "mlopsctl/data/import.hpp"

#include <string>

namespace mlopsctl::data {

// The folder that a .dvc and its dependencies are relative to, relative to the root.
std::string stage_folder(const std::string& file);

// Where the output goes, relative to the root. Throws Error{usage} for a URL without a name.
std::string output_of(Repository& repository, const ImportOptions& options);

// The source as deps have it: a path inside the repository, or one that was typed as relative, is
// relative to the folder of the .dvc.
std::string dep_path(Repository& repository, const ImportOptions& options, const std::string& file);

// Throws Error{conflict} for an output that is tracked, ignored or there, unless force says
// otherwise or, for what is there, may_exist.
void check_output(Repository& repository, const std::string& path, const ImportOptions& options,
                  bool may_exist);

// Throws Error{usage} for options that git must not see.
void refuse_secrets(const RemoteOptions& fs_config);

}  // namespace mlopsctl::data
