#include "mlopsctl/data/import.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/checkout.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/data/sync.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/gitignore.hpp"
#include "data/pointer_file.hpp"
#include "data/remote/import_target.hpp"
#include "data/remote/source.hpp"
#include "data/remote/to_remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace mlopsctl::data {

namespace {

SourceState looked_at(Source& source, const std::string& url) {
  auto state = source.look();
  if (state) return std::move(*state);
  throw Error(ErrorKind::not_found, fmt::format("there is nothing at {}", quote(mask_secrets(url))),
              "check its spelling; a folder on S3 is a prefix that objects have");
}

std::unique_ptr<ObjectStore> remote_for(Repository& repository, std::string name) {
  return open_remote(repository.config(), name);
}

// Files of the working tree whose content would be nowhere if they were replaced.
void refuse_loss(Repository& repository, Digests& digests, const std::string& path) {
  const auto now = digests.snapshot(path);
  if (!now) return;
  ObjectCache& cache = repository.cache();
  for (const auto& file : now->files) {
    if (cache.has({file.md5, HashKind::md5})) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("content that is not in the cache would be lost: '{}'",
                            file.path.empty() ? path : path + "/" + file.path),
                "copy it elsewhere, or give it up with --force");
  }
}

// One call: what is imported or renewed, under the locks.
class Importing {
 public:
  Importing(Repository& repository, Progress& progress)
      : repository_(repository),
        progress_(progress),
        lock_(repository),
        digests_(repository),
        sources_(repository, digests_),
        staging_(repository.temporary() / "import") {
    std::error_code ignored;
    fs::remove_all(staging_, ignored);  // of a call that was killed
  }
  Importing(const Importing&) = delete;
  Importing& operator=(const Importing&) = delete;
  ~Importing() {
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
  }

  AddResult import(const ImportOptions& options) {
    AddedOutput added{output_of(repository_, options), "", {}, Change::added};
    added.file = added.path + ".dvc";
    refuse_secrets(options.fs_config);
    check_output(repository_, added.path, options, options.mode == ImportMode::write);
    const std::vector<std::string> writes{added.path};
    const PathLocks paths(repository_, {}, writes, "mlopsctl data import-url");
    DepEntry dep{.path = dep_path(repository_, options, added.file),
                 .state = {},
                 .fs_config = options.fs_config};
    if (options.mode != ImportMode::write) {
      const auto source = sources_.open(dep.path, dep.fs_config, stage_folder(added.file));
      dep.state = looked_at(*source, options.url);
      warn_unknown(dep);
      take(*source, dep, added, options.mode, options.remote, options.jobs);
    }
    added.entry.path = fs::path(added.path).filename().string();
    write_file_atomically(repository_.root() / added.file,
                          new_import_text(dep, added.entry, options.mode != ImportMode::write));
    place(added);
    return finished({std::move(added)});
  }

  AddResult add(const ImportOptions& options) {
    AddedOutput added{output_of(repository_, options), "", {}, Change::added};
    added.file = added.path + ".dvc";
    const bool itself = !is_url(options.url) && options.output.empty();
    check_output(repository_, added.path, options, itself);
    const std::string url =
        is_url(options.url)
            ? options.url
            : (fs::absolute(options.base) / options.url).lexically_normal().string();
    const auto source = sources_.open(url, options.fs_config, "");
    const SourceState state = looked_at(*source, options.url);
    send(*source, state, added, options.remote, options.jobs);
    std::error_code ignored;
    if (options.force) fs::remove(repository_.root() / added.file, ignored);
    write_pointer(repository_, added.file, added.entry, options.annotations);
    return finished({std::move(added)});
  }

  AddResult update(std::span<const SelectedOutput> imports, const UpdateOptions& options) {
    std::vector<AddedOutput> outputs;
    for (const auto& one : imports) outputs.push_back(renew(one, options));
    return finished(std::move(outputs));
  }

 private:
  void warn_unknown(const DepEntry& dep) {
    if (dep.state.known()) return;
    progress_.warning(
        fmt::format("the server of {} tells nothing that changes with the content: every update "
                    "will fetch it again",
                    quote(mask_secrets(dep.path))));
  }

  void take(Source& source, DepEntry& dep, AddedOutput& added, ImportMode mode,
            const std::string& remote, std::size_t jobs) {
    const bool folder = dep.state.nfiles.has_value();
    if (mode == ImportMode::send_remote) return send(source, dep.state, added, remote, jobs);
    if (mode != ImportMode::download) return;
    fetch_source(source, folder, staging_ / "data", jobs, progress_);
    added.entry =
        entry_of(store_path(repository_, digests_, staged_path(), {.relink = false}, progress_));
    if (!dep.state.size) dep.state.size = added.entry.size;
    const bool local =
        source.local(source.files().empty() ? SourceFile{} : source.files().front()).has_value();
    if (local && dep.state.md5 && dep.state.md5 != added.entry.id) {
      throw Error(ErrorKind::conflict, fmt::format("{} changed while it was read", quote(dep.path)),
                  "try again when nobody writes to it");
    }
  }

  // From the staging folder to its place. By now the cache has it and the .dvc says so: a call that
  // is killed here is repaired by the next update or checkout.
  void place(AddedOutput& added) {
    const auto snapshot = digests_.snapshot(staged_path());
    if (!snapshot) return;
    const fs::path goal = repository_.root() / added.path;
    fs::create_directories(goal.parent_path());
    fs::remove_all(goal);
    fs::rename(staging_ / "data", goal);
    digests_.forget(staged_path());
    digests_.remember(added.path, *snapshot);  // the same files under another name
    const PathDigest digest = store_path(repository_, digests_, added.path, {}, progress_);
    digests_.manage(added.path);
    if (digest.id == added.entry.id) return;
    // .dvcignore leaves out some of it in its place.
    const OutEntry entry = entry_of(digest);
    added.entry.id = entry.id;
    added.entry.size = entry.size;
    added.entry.nfiles = entry.nfiles;
    const fs::path file = repository_.root() / added.file;
    const std::string text = read_file(file);
    write_file_atomically(file,
                          edited_import_text(text, parse_dvc_file(text).deps.front(), added.entry));
  }

  std::string staged_path() const {
    return (staging_ / "data").lexically_relative(repository_.root()).string();
  }

  void send(Source& source, const SourceState& state, AddedOutput& added, const std::string& remote,
            std::size_t jobs) {
    const auto store = remote_for(repository_, remote);
    added.entry =
        entry_of(send_source(source, state.nfiles.has_value(), *store, staging_, jobs, progress_));
  }

  AddedOutput renew(const SelectedOutput& one, const UpdateOptions& options) {
    const TrackedOutput& output = one.output;
    AddedOutput renewed{output.path, output.file, output.entry, Change::unchanged};
    const fs::path file = repository_.root() / output.file;
    const std::string text = read_file(file);
    const DvcFile old = parse_dvc_file(text);
    if (old.deps.size() != 1 || old.outs.size() != 1 || old.deps.front().repo) {
      throw Error(ErrorKind::conflict,
                  fmt::format("'{}' is no import from a URL", output.address()),
                  old.deps.empty() ? "" : "use DVC to update an import from another repository");
    }
    DepEntry dep = old.deps.front();
    const auto source = sources_.open(dep.path, dep.fs_config, stage_folder(output.file));
    const SourceState now = looked_at(*source, dep.path);
    const bool changed = !same_content(dep.state, now);
    if (!changed && options.mode == ImportMode::look) return renewed;
    if (!changed && options.mode == ImportMode::download && brought_back(one, options))
      return renewed;
    if (!changed && options.mode == ImportMode::send_remote && output.entry.id &&
        remote_for(repository_, options.remote)->head(object_path(*output.entry.id)))
      return renewed;
    if (options.mode != ImportMode::send_remote && !options.force)
      refuse_loss(repository_, digests_, output.path);
    const std::vector<std::string> writes{output.path};
    const PathLocks paths(repository_, {}, writes, "mlopsctl data update");
    dep.state = now;
    warn_unknown(dep);
    renewed.entry = old.outs.front();
    renewed.entry.id.reset();
    renewed.entry.size.reset();
    renewed.entry.nfiles.reset();
    renewed.entry.executable = false;
    if (options.mode == ImportMode::look) {
      fs::remove_all(repository_.root() / output.path);  // it is not what the source has now
    } else {
      AddedOutput taken{output.path, output.file, {}, Change::updated};
      take(*source, dep, taken, options.mode, options.remote, options.jobs);
      renewed.entry.id = taken.entry.id;
      renewed.entry.size = taken.entry.size;
      renewed.entry.nfiles = taken.entry.nfiles;
      renewed.entry.executable = taken.entry.executable;
    }
    const std::string edited = edited_import_text(text, dep, renewed.entry);
    if (edited != text) {
      write_file_atomically(file, edited);
      renewed.change = Change::updated;
    }
    place(renewed);
    return renewed;
  }

  // What is recorded is there, or in the cache and put there. The source has not changed.
  bool brought_back(const SelectedOutput& one, const UpdateOptions& options) {
    const OutEntry& entry = one.output.entry;
    if (!entry.id) return false;
    const auto here = digests_.of(one.output.path, entry.id->kind);
    if (here && here->id == *entry.id) return true;
    bool complete = true;
    const auto needed = needed_objects(repository_.cache(), {one.output, ""}, complete);
    ObjectCache& cache = repository_.cache();
    if (!complete || !std::ranges::all_of(
                         needed, [&](const NeededObject& object) { return cache.has(object.id); }))
      return false;
    lock_.release();
    const std::vector<SelectedOutput> outputs{{one.output, ""}};
    checkout(repository_, outputs, {.force = options.force}, progress_);
    lock_.acquire();
    return true;
  }

  AddResult finished(std::vector<AddedOutput> outputs) {
    AddResult result{.outputs = std::move(outputs), .changed_files = {}};
    for (const auto& one : result.outputs) {
      if (one.change != Change::unchanged) result.changed_files.push_back(one.file);
      std::string ignored = ignore_in_git(repository_, one.path);
      if (!ignored.empty()) result.changed_files.push_back(std::move(ignored));
    }
    std::ranges::sort(result.changed_files);
    auto& changed = result.changed_files;
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    repository_.refresh();
    result.staged = autostage(repository_, changed);
    return result;
  }

  Repository& repository_;
  Progress& progress_;
  RepositoryLock lock_;
  Digests digests_;
  Sources sources_;
  fs::path staging_;
};

}  // namespace

AddResult import_url(Repository& repository, const ImportOptions& options, Progress& progress) {
  return Importing(repository, progress).import(options);
}

AddResult add_to_remote(Repository& repository, const ImportOptions& options, Progress& progress) {
  return Importing(repository, progress).add(options);
}

AddResult update_imports(Repository& repository, std::span<const SelectedOutput> imports,
                         const UpdateOptions& options, Progress& progress) {
  return Importing(repository, progress).update(imports, options);
}

SourceLook make_source_look(Repository& repository) {
  struct Looking {
    Digests digests;
    Sources sources;
    explicit Looking(Repository& repository) : digests(repository), sources(repository, digests) {}
  };
  // Most pipelines have no such dependency: nothing is opened before the first one.
  const auto looking = std::make_shared<std::unique_ptr<Looking>>();
  return [looking, &repository](const std::string& url, const RemoteOptions& fs_config) {
    if (!*looking) *looking = std::make_unique<Looking>(repository);
    return (*looking)->sources.open(url, fs_config, "")->look();
  };
}

}  // namespace mlopsctl::data
