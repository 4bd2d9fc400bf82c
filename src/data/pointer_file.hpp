// Writing .dvc files.
#pragma once

#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/dvc_file.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <string>

namespace mlopsctl::data {

// Hash fields only; the path is for the writer to know.
OutEntry entry_of(const PathDigest& digest);

// Whether a record says the same about content as what is there.
bool same_content(const OutEntry& recorded, const PathDigest& now);

// Writes the .dvc (relative to the root) of one output: a new file, or an edit of the one that is
// there, which keeps its path, comments and everything else. False if nothing changed.
bool write_pointer(Repository& repository, const std::string& file, OutEntry& entry,
                   const Annotations& annotations);

}  // namespace mlopsctl::data
