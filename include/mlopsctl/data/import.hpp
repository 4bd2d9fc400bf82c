// Data from elsewhere under version control: imported from a URL with a note of what it was there,
// renewed when that changes, or sent to the remote without passing through the working tree.
#pragma once

#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

enum class ImportMode {
  download,     // into working tree and cache
  look,         // --no-download: only note what is there
  write,        // --no-exec: not even look
  send_remote,  // --to-remote: from there to the remote, nothing stays here
};

struct ImportOptions {
  std::string url;     // a path is relative to `base`
  std::string output;  // relative to `base`; empty: the last name of the URL
  fs::path base;
  ImportMode mode = ImportMode::download;
  bool force = false;       // replace what is there
  std::string remote;       // for send_remote; empty: core.remote
  RemoteOptions fs_config;  // options of the place, kept in the .dvc; no secrets
  std::size_t jobs = 0;     // files at once; 0: a usual number
  Annotations annotations;
};

// Makes an output with its .dvc of what is at the URL. Throws Error{not_found} if nothing is,
// Error{conflict} if the output exists.
AddResult import_url(Repository& repository, const ImportOptions& options, Progress& progress);

// The same as `add` with its data on the remote only: a plain .dvc.
AddResult add_to_remote(Repository& repository, const ImportOptions& options, Progress& progress);

struct UpdateOptions {
  ImportMode mode = ImportMode::download;  // not `write`
  bool force = false;  // give up changes of the working tree that are recorded nowhere
  std::string remote;  // for send_remote
  std::size_t jobs = 0;
};

// Looks at the sources of imports, and fetches what changed or is missing here. Throws
// Error{conflict} for an output that is no import or comes from another repository.
AddResult update_imports(Repository& repository, std::span<const SelectedOutput> imports,
                         const UpdateOptions& options, Progress& progress);

// Looks at URLs that stages depend on. Keeps connections; the repository must stay.
SourceLook make_source_look(Repository& repository);

}  // namespace mlopsctl::data
