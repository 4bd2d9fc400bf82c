#include "data/pointer_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

OutEntry entry_of(const PathDigest& digest) {
  OutEntry entry;
  entry.id = digest.id;
  entry.size = digest.size;
  entry.nfiles = digest.nfiles;
  entry.executable = digest.executable;
  return entry;
}

bool same_content(const OutEntry& recorded, const PathDigest& now) {
  return recorded.id && recorded.id->hex == now.id.hex && recorded.id->kind == now.id.kind;
}

bool write_pointer(Repository& repository, const std::string& file, OutEntry& entry,
                   const Annotations& annotations) {
  const fs::path path = repository.root() / file;
  std::string text, changed;
  std::error_code failed;
  if (fs::exists(path, failed)) {
    text = read_file(path);
    try {
      const DvcFile old = parse_dvc_file(text);
      if (old.outs.empty()) throw Error(ErrorKind::config, "it has no outs");
      entry.path = old.outs.front().path;
      changed = edited_dvc_text(text, entry, annotations);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::config) throw;
      throw Error(ErrorKind::config, fmt::format("'{}': {}", file, error.what()), error.hint());
    }
  } else {
    entry.path = fs::path(file).stem().string();
    changed = new_dvc_text(entry, annotations);
  }
  if (changed == text) return false;
  write_file_atomically(path, changed);
  return true;
}

}  // namespace mlopsctl::data
