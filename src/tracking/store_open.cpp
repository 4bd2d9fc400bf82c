// Opening a run store: where its file is, in which state it is, and what a reader may touch.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/schema.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <system_error>
#include <utility>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

// Pages of 8 KiB after which a writer copies the log into the file: 32 MB, found fastest for bulk
// loads.
constexpr int checkpoint_pages = 4000;

Error no_store(const fs::path& file) {
  return Error(ErrorKind::not_found, fmt::format("there is no run store at {}", quoted_path(file)),
               "\"mlopsctl init\" makes one");
}

// A write-ahead log needs the -shm file. Where that is missing and cannot be made, and where the
// log holds nothing, the file alone is everything and nobody is writing to it.
bool is_frozen(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (::access(folder.c_str(), W_OK) == 0) return false;
  std::error_code absent;
  if (fs::exists(file.string() + "-shm", absent)) return false;
  const auto log_bytes = fs::file_size(file.string() + "-wal", absent);
  return absent || log_bytes == 0;
}

void require_current(Database& database) {
  const int known = static_cast<int>(schema_steps().size());
  const int version = checked_schema_version(database, known);
  if (version == known) return;
  if (version == 0) throw no_store(database.path());
  throw Error(ErrorKind::conflict,
              fmt::format("store {} has the older schema version {}", quoted_path(database.path()),
                          version),
              "run any command that writes, such as \"mlopsctl run gc\": it brings the store up to "
              "date");
}

void make_folder(const fs::path& home) {
  std::error_code failed;
  fs::create_directories(home, failed);
  if (!failed) return;
  throw Error(ErrorKind::io,
              fmt::format("cannot create the folder {}: {}", quoted_path(home), failed.message()),
              "choose another place with MLOPSCTL_HOME");
}

}  // namespace

RunStore RunStore::open(const fs::path& home, OpenMode mode) {
  const fs::path absolute = fs::absolute(home).lexically_normal();
  const fs::path file = absolute / "runs.db";
  std::error_code failed;
  if (mode == OpenMode::create) {
    make_folder(absolute);
  } else if (!fs::exists(file, failed)) {
    throw no_store(file);
  }

  if (mode == OpenMode::read_only) {
    Database database(file, Database::Mode::read_only, is_frozen(file));
    require_current(database);
    return RunStore(std::make_unique<StoreState>(absolute, mode, std::move(database)));
  }
  Database database(file,
                    mode == OpenMode::create ? Database::Mode::create : Database::Mode::read_write);
  migrate(database, schema_steps());
  database.execute_script("PRAGMA synchronous = NORMAL");
  database.set_checkpoint_pages(checkpoint_pages);
  return RunStore(std::make_unique<StoreState>(absolute, mode, std::move(database)));
}

RunStore::RunStore(std::unique_ptr<StoreState> state) : state_(std::move(state)) {}
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;
RunStore::~RunStore() = default;

const fs::path& RunStore::home() const { return state_->home(); }

}  // namespace mlopsctl
