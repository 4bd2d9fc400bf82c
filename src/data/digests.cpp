#include "mlopsctl/data/digests.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sqlite.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/hash.hpp"
#include "data/paths.hpp"
#include "data/record_blob.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr std::string_view schema = R"(
  CREATE TABLE IF NOT EXISTS paths(
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    kind INTEGER NOT NULL,
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    size INTEGER NOT NULL,
    nfiles INTEGER,
    records BLOB NOT NULL,
    UNIQUE (path, kind)) STRICT;
  CREATE TABLE IF NOT EXISTS managed(path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;)";

constexpr std::size_t hash_piece = 16;  // files a thread takes at once

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

FileRecord record_of(std::string path, const FileStamp& stamp) {
  return {.path = std::move(path),
          .md5 = {},
          .inode = stamp.inode,
          .modified_ns = stamp.modified_ns,
          .size = stamp.size,
          .mode = stamp.mode};
}

Fingerprint fingerprint_of(const Snapshot& snapshot) {
  Fingerprint print;
  for (const auto& one : snapshot.files) {
    print.add(one.path, one.inode, one.modified_ns, one.size);
  }
  return print;
}

struct Remembered {
  PathDigest digest;
  Fingerprint print;
};

}  // namespace

Tree Snapshot::tree() const {
  Tree tree;
  tree.entries.reserve(files.size());
  for (const auto& one : files) tree.entries.push_back({one.path, one.md5});
  return tree;
}

struct Digests::State {
  Repository& repository;
  std::optional<Database> database;

  explicit State(Repository& r) : repository(r) { open(); }

  // A store that cannot be used costs time and nothing else: on a read-only disk, or damaged by a
  // full one. A damaged one is made anew.
  void open() {
    const fs::path file = repository.folder() / "tmp" / "mlopsctl.db";
    for (const bool again : {false, true}) {
      try {
        repository.temporary();
        database.emplace(file, Database::Mode::create);
        database->set_busy_limit(Milliseconds{1000});
        database->execute_script("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
        database->execute_script(schema);
        return;
      } catch (const Error& error) {
        database.reset();
        if (again || error.kind() != ErrorKind::corrupt) return;
        std::error_code ignored;
        for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix, ignored);
      }
    }
  }

  template <class Work>
  void guarded(Work&& work) {
    if (!database) return;
    try {
      work(*database);
    } catch (const Error&) {  // see open()
      database.reset();
    }
  }

  std::optional<Remembered> remembered(const std::string& path, HashKind kind) {
    std::optional<Remembered> found;
    guarded([&](Database& db) {
      auto rows = db.query("SELECT a, b, md5, size, nfiles FROM paths WHERE path = ? AND kind = ?",
                           path, static_cast<int>(kind));
      if (!rows.step()) return;
      Remembered one;
      one.print = {static_cast<std::uint64_t>(rows.get<std::int64_t>(0)),
                   static_cast<std::uint64_t>(rows.get<std::int64_t>(1))};
      one.digest.id = {rows.get<std::string>(2), kind};
      one.digest.size = static_cast<std::uint64_t>(rows.get<std::int64_t>(3));
      if (!rows.is_null(4)) {
        one.digest.nfiles = static_cast<std::uint64_t>(rows.get<std::int64_t>(4));
      }
      found = one;
    });
    return found;
  }

  std::vector<FileRecord> records(const std::string& path, HashKind kind) {
    std::vector<FileRecord> found;
    guarded([&](Database& db) {
      auto rows = db.query("SELECT records FROM paths WHERE path = ? AND kind = ?", path,
                           static_cast<int>(kind));
      if (!rows.step()) return;
      if (auto unpacked = unpack_records(rows.get<std::string_view>(0)))
        found = std::move(*unpacked);
    });
    return found;
  }

  // What is there, without digests.
  std::optional<Snapshot> look(const std::string& path, bool sorted) const {
    const fs::path whole = repository.root() / path;
    std::error_code failed;
    const fs::file_status status = fs::status(whole, failed);
    if (!fs::exists(status)) return std::nullopt;
    Snapshot snapshot;
    if (fs::is_directory(status)) {
      snapshot.directory = true;
      WalkOptions options{.skip = {}, .threads = file_threads(), .sorted = sorted};
      options.skip = [&](std::string_view inner, bool is_directory) {
        const std::string_view name = inner.substr(inner.rfind('/') + 1);
        if (name == ".dvcignore" && !is_directory) {
          throw Error(ErrorKind::conflict,
                      fmt::format("'{}/{}' is inside tracked data", path, inner),
                      "a .dvcignore belongs outside of it");
        }
        return repository.ignore().ignored_here(path + "/" + std::string(inner), is_directory);
      };
      for (auto& file : walk_files(whole, options)) {
        snapshot.files.push_back(record_of(std::move(file.path), file.stamp));
      }
      return snapshot;
    }
    const auto stamp = stamp_of(whole);
    if (!stamp) {
      throw Error(ErrorKind::conflict, fmt::format("'{}' is no regular file", path),
                  "sockets, pipes and devices cannot be versioned");
    }
    snapshot.files.push_back(record_of("", *stamp));
    return snapshot;
  }

  // Takes over the digests of files that are as they were.
  void recall(const std::string& path, HashKind kind, Snapshot& snapshot) {
    const auto known = records(path, kind);
    auto at = known.begin();
    for (auto& one : snapshot.files) {
      while (at != known.end() && at->path < one.path) ++at;
      if (at == known.end()) return;
      if (at->path == one.path && at->inode == one.inode && at->modified_ns == one.modified_ns &&
          at->size == one.size) {
        one.md5 = at->md5;
      }
    }
  }

  void hash_missing(const std::string& path, HashKind kind, Snapshot& snapshot) const {
    const fs::path whole = repository.root() / path;
    std::vector<FileRecord*> missing;
    for (auto& one : snapshot.files) {
      if (one.md5.empty()) missing.push_back(&one);
    }
    parallel_for(missing.size(), hash_piece, file_threads(), [&](std::size_t i) {
      FileRecord& one = *missing[i];
      const HashedFile hashed = hash_file(one.path.empty() ? whole : whole / one.path, kind);
      FileRecord fresh = record_of(std::move(one.path), hashed.stamp);
      fresh.md5 = hashed.md5;
      one = std::move(fresh);
    });
  }
};

Digests::Digests(Repository& repository) : state_(std::make_unique<State>(repository)) {}
Digests::Digests(Digests&&) noexcept = default;
Digests::~Digests() = default;

std::optional<PathDigest> Digests::of(const std::string& path, HashKind kind) {
  if (const auto known = state_->remembered(path, kind)) {
    const auto now = state_->look(path, false);
    if (!now) return std::nullopt;
    if (now->directory == known->digest.is_directory() && fingerprint_of(*now) == known->print) {
      PathDigest digest = known->digest;
      digest.executable = !now->directory && (now->files.front().mode & any_executes) != 0;
      return digest;
    }
  }
  const auto whole = snapshot(path, kind);
  if (!whole) return std::nullopt;
  return remember(path, *whole, kind);
}

std::optional<Snapshot> Digests::scan(const std::string& path, HashKind kind) {
  auto found = state_->look(path, true);
  if (found) state_->recall(path, kind, *found);
  return found;
}

std::optional<Snapshot> Digests::snapshot(const std::string& path, HashKind kind) {
  auto found = scan(path, kind);
  if (found) state_->hash_missing(path, kind, *found);
  return found;
}

PathDigest Digests::remember(const std::string& path, const Snapshot& snapshot, HashKind kind) {
  PathDigest digest;
  std::int64_t newest = 0;
  for (const auto& one : snapshot.files) {
    digest.size += one.size;
    newest = std::max(newest, one.modified_ns);
  }
  if (snapshot.directory) {
    digest.nfiles = snapshot.files.size();
    digest.id = tree_id(tree_text(snapshot.tree()), kind);
  } else {
    digest.id = {snapshot.files.front().md5, kind};
    digest.executable = (snapshot.files.front().mode & any_executes) != 0;
  }
  wait_until_settled(newest);
  state_->guarded([&](Database& db) {
    const Fingerprint print = fingerprint_of(snapshot);
    std::optional<std::int64_t> nfiles;
    if (digest.nfiles) nfiles = as_signed(*digest.nfiles);
    Statement statement = db.prepare(
        "INSERT INTO paths(path, kind, a, b, md5, size, nfiles, records) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path, kind) DO UPDATE SET a = excluded.a, "
        "b = excluded.b, md5 = excluded.md5, size = excluded.size, nfiles = excluded.nfiles, "
        "records = excluded.records");
    statement.bind_all(path, static_cast<int>(kind), as_signed(print.a), as_signed(print.b),
                       digest.id.hex, as_signed(digest.size), nfiles);
    statement.bind_blob(8, pack_records(snapshot.files));
    statement.step();
  });
  return digest;
}

void Digests::forget(const std::string& path) {
  state_->guarded([&](Database& db) {
    db.run("DELETE FROM paths WHERE path = ?", path);
    db.run("DELETE FROM managed WHERE path = ?", path);
  });
}

void Digests::manage(const std::string& path) {
  state_->guarded([&](Database& db) {
    if (db.value<int>("SELECT 1 FROM managed WHERE path = ?", path)) return;
    db.run("INSERT INTO managed(path) VALUES (?)", path);
  });
}

std::vector<std::string> Digests::managed() {
  std::vector<std::string> paths;
  state_->guarded([&](Database& db) {
    auto rows = db.query("SELECT path FROM managed ORDER BY path");
    while (rows.step()) paths.push_back(rows.get<std::string>(0));
  });
  return paths;
}

}  // namespace mlopsctl::data
