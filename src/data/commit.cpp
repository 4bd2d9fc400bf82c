#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/locks.hpp"

#include "data/pointer_file.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

CommitResult commit(Repository& repository, std::span<const SelectedOutput> outputs, bool relink,
                    Progress& progress) {
  const RepositoryLock lock(repository);
  Digests digests(repository);
  CommitResult result;
  for (const auto& [output, inside] : outputs) {
    if (!output.stage.empty()) continue;
    if (!output.entry.cache || output.entry.cloud_versioned) continue;
    const HashKind kind = output.entry.id ? output.entry.id->kind : HashKind::md5;
    const auto now = digests.of(output.path, kind);
    if (!now) {
      throw Error(ErrorKind::not_found,
                  fmt::format("'{}' of '{}' is not there", output.path, output.address()),
                  "'mlopsctl data checkout' brings it back");
    }
    AddedOutput one{output.path, output.file, output.entry, Change::unchanged};
    const bool same = same_content(output.entry, *now);
    // An entry of DVC 2 stays as it is while its content does; its objects are only ever read.
    if (same && kind == HashKind::legacy) {
      result.outputs.push_back(std::move(one));
      continue;
    }
    one.entry = entry_of(store_path(repository, digests, output.path,
                                    {.relink = relink, .before = &output.entry}, progress));
    if (!(same && one.entry.executable == output.entry.executable)) {
      if (write_pointer(repository, output.file, one.entry, {})) {
        one.change = Change::updated;
        result.changed_files.push_back(output.file);
      }
    }
    result.outputs.push_back(std::move(one));
  }
  repository.refresh();
  result.staged = autostage(repository, result.changed_files);
  return result;
}

}  // namespace mlopsctl::data
