#include "mlopsctl/data/gc.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/git_repository.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr std::int64_t leftover_age_ms = 24 * 3600 * 1000LL;

class Marker {
 public:
  explicit Marker(ObjectCache& cache) : cache_(cache) {}

  // Keeps what the outputs need; the first reason that finds an object counts it.
  void keep(std::span<const TrackedOutput> outputs, const std::string& reason) {
    std::size_t fresh = 0;
    for (const auto& output : outputs) {
      if (!output.entry.id || !output.entry.cache || output.entry.cloud_versioned) continue;
      if (needs.objects.contains(*output.entry.id)) continue;
      bool complete = true;
      for (auto& object : needed_objects(cache_, {output, ""}, complete)) {
        fresh += needs.objects.insert(std::move(object.id)).second ? 1U : 0U;
      }
      if (complete) continue;
      needs.unknown.push_back({output.path, reason});
      needs.unknown_folders.push_back(*output.entry.id);
    }
    if (fresh > 0) needs.kept.push_back({reason, fresh});
  }

  GcNeeds needs;

 private:
  ObjectCache& cache_;
};

std::string root_in_git(Repository& repository) {
  const std::string base = repository.root().lexically_relative(repository.git()->root()).string();
  return base == "." ? "" : base;
}

void keep_revisions(Repository& repository, const GcScope& scope, Marker& marker) {
  const bool wanted =
      scope.branches || scope.tags || scope.commits || scope.since || !scope.revisions.empty();
  if (!wanted) return;
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::usage, "there is no git repository, so there are no revisions to keep",
                "--workspace keeps what the working tree needs");
  }
  std::set<std::string> done;
  const auto keep = [&](const std::string& commit, const std::string& reason) {
    check_interrupt();
    if (!done.insert(commit).second) return;
    marker.keep(outputs_at(*git, commit, root_in_git(repository)), reason);
  };
  const auto named = [&](const std::string& name, const std::string& kind) {
    if (const auto commit = git->resolve(name)) keep(*commit, fmt::format("{} {}", kind, name));
  };
  if (const auto head = git->resolve("HEAD")) keep(*head, "HEAD");
  for (const auto& revision : scope.revisions) {
    const auto commits = git->history(revision, scope.history);
    if (commits.empty()) {
      throw Error(ErrorKind::not_found, fmt::format("there is no revision {}", quote(revision)));
    }
    for (const auto& commit : commits) keep(commit, fmt::format("revision {}", revision));
  }
  if (scope.branches) {
    for (const auto& name : git->branches()) named(name, "branch");
  }
  if (scope.tags) {
    for (const auto& name : git->tags()) named(name, "tag");
  }
  if (scope.commits || scope.since) {
    for (const auto& commit : git->all_commits()) {
      if (!scope.commits && git->commit_time(commit) < *scope.since) continue;
      keep(commit, fmt::format("commit {}", commit.substr(0, 8)));
    }
  }
}

}  // namespace

GcNeeds gc_needs(Repository& repository, const GcScope& scope) {
  Marker marker(repository.cache());
  marker.keep(repository.outputs(), "the working tree");
  keep_revisions(repository, scope, marker);
  for (const auto& project : scope.projects) {
    Repository other = Repository::open(project);
    marker.keep(other.outputs(), fmt::format("the working tree of '{}'", other.root().string()));
    if (other.git() != nullptr) keep_revisions(other, scope, marker);
  }
  return std::move(marker.needs);
}

GcPlan plan_gc(Repository& repository, const GcScope& scope, Timestamp younger_than,
               const std::set<ObjectId>& elsewhere) {
  ObjectCache& cache = repository.cache();
  GcNeeds needs = gc_needs(repository, scope);
  GcPlan plan;
  GcKept young{"too young", 0};
  for (auto& object : cache.list()) {
    if (needs.objects.contains(object.id) && !elsewhere.contains(object.id)) {
      ++plan.kept_objects;
    } else if (object.changed_ms >= younger_than.ms) {
      ++plan.kept_objects;
      ++young.objects;
    } else {
      plan.bytes += object.size;
      plan.remove.push_back(std::move(object));
    }
  }
  // A ".dir" says that its members are there: it must go before them.
  std::ranges::sort(plan.remove, [](const CachedObject& a, const CachedObject& b) {
    return std::pair(!a.id.is_directory(), a.id) < std::pair(!b.id.is_directory(), b.id);
  });
  plan.kept = std::move(needs.kept);
  if (young.objects > 0) plan.kept.push_back(young);
  plan.unknown = std::move(needs.unknown);
  for (auto& path : cache.leftovers()) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    if (now().ms - info.st_mtim.tv_sec * 1000 > leftover_age_ms) {
      plan.leftovers.push_back(std::move(path));
    }
  }
  plan.shallow = repository.git() != nullptr && repository.git()->shallow();
  return plan;
}

void apply_gc(Repository& repository, const GcPlan& plan, Progress& progress) {
  const RepositoryLock lock(repository);
  progress.start("remove", plan.remove.size(), "objects");
  for (const auto& object : plan.remove) {
    check_interrupt();
    repository.cache().remove(object.id);
    progress.advance(1);
  }
  for (const auto& path : plan.leftovers) ::unlink(path.c_str());
  progress.finish();
}

}  // namespace mlopsctl::data
