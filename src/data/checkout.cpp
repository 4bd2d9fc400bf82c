#include "mlopsctl/data/checkout.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/descriptor.hpp"
#include "data/paths.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace mlopsctl::data {

namespace {

constexpr std::size_t write_piece = 16;  // files a thread takes at once
constexpr std::size_t most_named = 10;   // files that a refusal lists

struct Wanted {
  std::string path;  // inside the output; "" for a file
  ObjectId id;
};

// What has to happen for one output.
struct Plan {
  const SelectedOutput* selected = nullptr;
  bool existed = false;
  bool directory = false;
  std::vector<Wanted> write;
  std::vector<std::string> remove;      // relative to the root
  std::vector<std::string> endangered;  // relative to the root: content that is nowhere else
  std::string failure;
  bool kind_changes = false;  // a file where a folder is to be, or the other way round
};

std::string member_path(const std::string& a, const std::string& b) {
  return b.empty() ? a : a + "/" + b;
}

class Planner {
 public:
  Planner(Repository& repository, Digests& digests, const CheckoutOptions& options)
      : cache_(repository.cache()), digests_(digests), options_(options) {}

  Plan plan(const SelectedOutput& selected) {
    Plan plan{.selected = &selected};
    const OutEntry& entry = selected.output.entry;
    const HashKind kind = entry.id ? entry.id->kind : HashKind::md5;
    if (!entry.id) {
      plan.failure = "nothing is recorded yet";
      return plan;
    }
    plan.directory = entry.id->is_directory();
    if (!options_.relink && selected.inside.empty()) {
      const auto now = digests_.of(selected.output.path, kind);
      plan.existed = now.has_value();
      if (now && now->id == *entry.id && (!entry.executable || now->executable)) {
        return plan;
      }
    }
    const auto now = digests_.snapshot(selected.output.path, kind);
    plan.existed = now.has_value();
    if (!collect(plan, *entry.id)) return plan;
    if (now) compare(plan, *now);
    return plan;
  }

 private:
  // Fills plan.write with everything that is wanted; false if objects are missing.
  bool collect(Plan& plan, const ObjectId& id) {
    if (!cache_.has(id)) {
      plan.failure = fmt::format("the cache has no object '{}'", id.hex);
      return false;
    }
    if (!plan.directory) {
      plan.write.push_back({"", id});
      return true;
    }
    std::size_t missing = 0;
    const std::string& inside = plan.selected->inside;
    for (auto& entry : cache_.tree(id).entries) {
      if (!inside.empty() && entry.path != inside && !entry.path.starts_with(inside + "/"))
        continue;
      plan.write.push_back({std::move(entry.path), {std::move(entry.md5), id.kind}});
    }
    std::mutex guard;
    parallel_for(plan.write.size(), write_piece, file_threads(), [&](std::size_t i) {
      if (cache_.has(plan.write[i].id)) return;
      const std::scoped_lock lock(guard);
      ++missing;
    });
    if (missing > 0) {
      plan.failure =
          fmt::format("{} of its {} files are not in the cache", missing, plan.write.size());
      return false;
    }
    return true;
  }

  void compare(Plan& plan, const Snapshot& now) {
    const std::string& output = plan.selected->output.path;
    plan.kind_changes = now.directory != plan.directory;
    std::vector<Wanted> write;
    const auto at_risk = [&](const FileRecord& file) {
      if (!known(file.md5)) plan.endangered.push_back(member_path(output, file.path));
    };
    auto file = now.files.begin();
    const auto inside_selection = [&](const std::string& path) {
      const std::string& inside = plan.selected->inside;
      return inside.empty() || path == inside || path.starts_with(inside + "/");
    };
    const auto surplus = [&](const FileRecord& one) {
      if (!plan.kind_changes && !inside_selection(one.path)) return;
      at_risk(one);
      plan.remove.push_back(member_path(output, one.path));
    };
    for (auto& wanted : plan.write) {
      while (file != now.files.end() && file->path < wanted.path) surplus(*file++);
      const bool there = !plan.kind_changes && file != now.files.end() && file->path == wanted.path;
      if (there) {
        const bool same = file->md5 == wanted.id.hex;
        const bool runs =
            !plan.selected->output.entry.executable || (file->mode & any_executes) != 0;
        if (!same) at_risk(*file);
        ++file;
        if (same && runs && !options_.relink) continue;
      }
      write.push_back(std::move(wanted));
    }
    for (; file != now.files.end(); ++file) surplus(*file);
    plan.write = std::move(write);
  }

  // Content that can be brought back.
  bool known(const std::string& md5) {
    return cache_.has({md5, HashKind::md5}) || cache_.has({md5, HashKind::legacy});
  }

  ObjectCache& cache_;
  Digests& digests_;
  const CheckoutOptions& options_;
};

// Removes folders that became empty, up to but without `top`.
void remove_empty_folders(fs::path folder, const fs::path& top) {
  while (folder != top && ::rmdir(folder.c_str()) == 0) folder = folder.parent_path();
}

void refuse(const std::vector<Plan>& plans) {
  std::vector<std::string> files;
  for (const auto& plan : plans) {
    files.insert(files.end(), plan.endangered.begin(), plan.endangered.end());
  }
  if (files.empty()) return;
  const std::size_t count = files.size();
  if (count > most_named) files.resize(most_named);
  std::string list;
  for (const auto& file : files) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", file);
  throw Error(
      ErrorKind::conflict,
      fmt::format("content that is not in the cache would be lost: {}{}", list,
                  count > files.size() ? fmt::format(" and {} more", count - files.size()) : ""),
      "keep it with 'mlopsctl data add' or 'mlopsctl data commit', or give it up with --force");
}

void apply(Repository& repository, const Plan& plan, Progress& progress, std::size_t& files) {
  const fs::path& root = repository.root();
  const std::string& output = plan.selected->output.path;
  const fs::path whole = root / output;
  for (const auto& path : plan.remove) {
    check_interrupt();
    if (::unlink((root / path).c_str()) != 0 && errno != ENOENT) {
      fail_file("remove", root / path, errno);
    }
    remove_empty_folders((root / path).parent_path(), plan.kind_changes ? root : whole);
  }
  if (plan.directory) {
    std::error_code failed;
    if (fs::is_symlink(fs::symlink_status(whole, failed)) || fs::is_regular_file(whole, failed)) {
      fs::remove(whole);
    }
    fs::create_directories(whole);
  }
  std::mutex guard;
  const bool executable = plan.selected->output.entry.executable;
  parallel_for(plan.write.size(), write_piece, file_threads(), [&](std::size_t i) {
    check_interrupt();
    const Wanted& one = plan.write[i];
    const fs::path target = one.path.empty() ? whole : whole / one.path;
    std::error_code failed;
    if (fs::is_directory(fs::symlink_status(target, failed))) {
      fs::remove(target, failed);  // an empty folder in the way: files in it were dealt with
    }
    materialise(repository.cache(), one.id, target, executable);
    const std::scoped_lock lock(guard);
    progress.advance(1);
  });
  files += plan.write.size();
}

// So that the next status need not read what was just written.
void remember(Repository& repository, Digests& digests, const Plan& plan) {
  const TrackedOutput& output = plan.selected->output;
  const HashKind kind = output.entry.id->kind;
  auto now = digests.scan(output.path, kind);
  if (!now) return;
  std::vector<Wanted> written = plan.write;
  std::ranges::sort(written, {}, &Wanted::path);
  auto at = written.begin();
  for (auto& file : now->files) {
    while (at != written.end() && at->path < file.path) ++at;
    if (at != written.end() && at->path == file.path) file.md5 = at->id.hex;
    if (file.md5.empty()) return;  // it is hashed when somebody asks
  }
  digests.remember(output.path, *now, kind);
  digests.manage(output.path);
  (void)repository;
}

}  // namespace

std::size_t CheckoutResult::count(CheckedOut change) const {
  return static_cast<std::size_t>(
      std::ranges::count(items, change, [](const CheckoutItem& item) { return item.change; }));
}

CheckoutResult checkout(Repository& repository, std::span<const SelectedOutput> outputs,
                        const CheckoutOptions& options, Progress& progress) {
  const RepositoryLock lock(repository);
  Digests digests(repository);
  Planner planner(repository, digests, options);
  std::vector<Plan> plans;
  std::size_t total = 0;
  for (const auto& selected : outputs) {
    if (!selected.output.entry.cache || selected.output.entry.cloud_versioned) continue;
    if (!selected.output.entry.id && !selected.output.stage.empty()) continue;  // never run
    plans.push_back(planner.plan(selected));
    total += plans.back().write.size();
  }
  // What the last checkout or add made and nothing tracks any more: another branch's data.
  std::vector<Plan> obsolete;
  std::vector<SelectedOutput> gone;
  if (options.everything) {
    for (const auto& path : digests.managed()) {
      const bool tracked = std::ranges::any_of(repository.outputs(), [&](const TrackedOutput& one) {
        return one.path == path || one.path.starts_with(path + "/") ||
               path.starts_with(one.path + "/");
      });
      if (!tracked) gone.push_back({{.path = path}, ""});
    }
    for (const auto& one : gone) {
      Plan plan{.selected = &one, .existed = true, .kind_changes = true};
      const auto now = digests.snapshot(one.output.path);
      if (!now) {
        digests.forget(one.output.path);
        continue;
      }
      for (const auto& file : now->files) {
        plan.remove.push_back(member_path(one.output.path, file.path));
        if (!repository.cache().has({file.md5, HashKind::md5})) {
          plan.endangered.push_back(plan.remove.back());
        }
      }
      // Not ours to remove if it holds anything new; it simply stays.
      if (plan.endangered.empty()) obsolete.push_back(std::move(plan));
    }
  }
  if (!options.force) refuse(plans);
  std::vector<std::string> writes;
  for (const auto& plan : plans) {
    if (!plan.write.empty() || !plan.remove.empty()) writes.push_back(plan.selected->output.path);
  }
  const PathLocks paths(repository, {}, writes, "mlopsctl data checkout");
  CheckoutResult result;
  progress.start("checkout", total, "files");
  for (const auto& plan : plans) {
    const TrackedOutput& output = plan.selected->output;
    CheckoutItem item{output.path + (plan.directory ? "/" : ""), CheckedOut::unchanged,
                      plan.failure};
    if (!plan.failure.empty()) {
      if (!options.allow_missing) item.change = CheckedOut::failed;
    } else if (!plan.write.empty() || !plan.remove.empty() || (plan.directory && !plan.existed)) {
      apply(repository, plan, progress, result.files);
      remember(repository, digests, plan);
      item.change = plan.existed ? CheckedOut::modified : CheckedOut::added;
    } else if (plan.selected->inside.empty()) {
      digests.manage(output.path);
    }
    result.items.push_back(std::move(item));
  }
  for (const auto& plan : obsolete) {
    apply(repository, plan, progress, result.files);
    std::error_code failed;
    const fs::path whole = repository.root() / plan.selected->output.path;
    if (fs::is_directory(whole, failed)) fs::remove(whole, failed);  // only if it is empty
    digests.forget(plan.selected->output.path);
    result.items.push_back({plan.selected->output.path, CheckedOut::deleted, ""});
  }
  progress.finish();
  return result;
}

}  // namespace mlopsctl::data
