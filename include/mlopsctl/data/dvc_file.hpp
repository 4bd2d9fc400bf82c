// `.dvc` files: one tracked output each, as DVC writes them. Edits keep comments, order and
// everything that is not changed.
#pragma once

#include "mlopsctl/data/object_id.hpp"
#include "mlopsctl/data/source.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

// An item of `outs:` in a .dvc file, or of a stage's `outs:` in dvc.lock.
struct OutEntry {
  std::string path;                     // as spelled there
  std::optional<ObjectId> id;           // nothing: not hashed yet
  std::optional<std::uint64_t> size;    // bytes, of a directory the sum
  std::optional<std::uint64_t> nfiles;  // directories only
  bool executable = false;
  bool cache = true;  // false: DVC hashes it, but it lives in git
  bool push = true;
  bool persist = false;
  std::string remote;  // its own remote; empty: the default one
  std::string desc;
  std::string type;
  std::vector<std::string> labels;
  bool cloud_versioned = false;  // `files:` or `cloud:` of a version-aware remote: left alone
};

// An item of `deps:` of an import.
struct DepEntry {
  std::string path;
  SourceState state;                             // as it was when it was imported
  std::map<std::string, std::string> fs_config;  // options of the place, such as endpointurl
  bool repo = false;                             // it comes from another DVC or git repository
};

struct DvcFile {
  std::vector<OutEntry> outs;
  std::vector<DepEntry> deps;
  std::string wdir;  // empty: the folder of the file
  std::string md5;   // of the stage: imports only
  std::string cmd;   // of a stage of DVC 0; empty for data
  bool frozen = false;
  std::string desc;
};

// Throws Error{config} with the line if it is no .dvc file; unknown keys are refused as DVC does.
DvcFile parse_dvc_file(std::string_view text);

// Extra annotations for a new or edited output; what is not set stays as it is.
struct Annotations {
  std::optional<std::string> desc;
  std::optional<std::string> type;
  std::vector<std::string> labels;                        // replaces the labels if not empty
  std::vector<std::pair<std::string, std::string>> meta;  // keys set in `meta:` of the output
};

// The text of a new file for one output.
std::string new_dvc_text(const OutEntry& out, const Annotations& annotations = {});
// `text` with the hash fields (md5, size, nfiles, isexec, hash) of its first output replaced by
// those of `out`, and its path if that differs.
std::string edited_dvc_text(std::string_view text, const OutEntry& out,
                            const Annotations& annotations = {});

// The text of a new file for one import. exec: false leaves out the stage's MD5, as DVC does for
// what it has not even looked at.
std::string new_import_text(const DepEntry& dep, const OutEntry& out, bool exec);
// `text` with what its first dependency and output are now, and the stage's MD5.
std::string edited_import_text(std::string_view text, const DepEntry& dep, const OutEntry& out);
// The MD5 that DVC gives the stage of a .dvc file: over everything that is no comment and no size.
std::string stage_md5(std::string_view text);

}  // namespace mlopsctl::data
