#include "mlopsctl/platform/sqlite.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view repair_hint =
    "make a copy of the file first; then save what is readable with "
    "\"sqlite3 runs.db .recover | sqlite3 recovered.db\" and put the result in its place, "
    "or restore a backup";

// SQLite's own busy handler sleeps up to 100 ms at a time, which ruins the tail latency of many
// short writers. This one sleeps 0.2 ms at first and 3 ms at most, with jitter.
struct BusyWait {
  Milliseconds limit{30'000};
  Clock::time_point since;
  std::optional<std::minstd_rand> random;  // seeded when first needed: most connections never wait

  static int wait(void* self_pointer, int tries) {
    auto& self = *static_cast<BusyWait*>(self_pointer);
    const auto now = Clock::now();
    if (tries == 0) self.since = now;
    if (now - self.since >= self.limit) return 0;
    if (!self.random) self.random.emplace(std::random_device{}());
    const double longest = std::min(3000.0, 200.0 * std::pow(1.3, std::min(tries, 40)));
    std::uniform_real_distribution<double> spread(0.5 * longest, longest);
    std::this_thread::sleep_for(std::chrono::duration<double, std::micro>(spread(*self.random)));
    return 1;
  }
};

[[noreturn]] void fail(sqlite3* db, int code, const std::filesystem::path& path) {
  const std::string name = quoted_path(path);
  const int system_error = db != nullptr ? sqlite3_system_errno(db) : 0;
  const std::string text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const int primary = code & 0xff;
  const bool disk_trouble = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (primary == SQLITE_FULL ||
      (disk_trouble && (system_error == ENOSPC || system_error == EDQUOT))) {
    throw Error(ErrorKind::io, fmt::format("no space left on the device that holds {}", name),
                "free some space and try again; nothing that was stored before is lost");
  }
  switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorKind::io, fmt::format("{} is locked by another process", name),
                  "try again; \"fuser runs.db\" shows who holds it");
    case SQLITE_READONLY:
      throw Error(ErrorKind::io, fmt::format("cannot write {}: it is read-only", name),
                  "check the permissions of the file, its folder and the file system");
    case SQLITE_CORRUPT:
      throw Error(ErrorKind::corrupt, fmt::format("{} is damaged ({})", name, text),
                  std::string(repair_hint));
    case SQLITE_NOTADB:
      throw Error(ErrorKind::corrupt, fmt::format("{} is not a database", name),
                  std::string(repair_hint));
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      throw Error(ErrorKind::io,
                  system_error != 0 ? fmt::format("cannot use {}: {} ({})", name,
                                                  std::strerror(system_error), text)
                                    : fmt::format("cannot use {}: {}", name, text),
                  "check that the folder exists and that its permissions allow it");
    case SQLITE_TOOBIG:
      throw Error(ErrorKind::usage, fmt::format("a value is too long for {}", name),
                  "store it as an artifact");
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    default:
      throw Error(ErrorKind::bug, fmt::format("database error {} in {}: {}", code, name, text));
  }
}

[[noreturn]] void fail(sqlite3* db, int code) {
  const char* file = sqlite3_db_filename(db, "main");
  fail(db, code, file != nullptr && *file != '\0' ? file : "database");
}

void configure_library() {
  static std::once_flag once;
  // Counting every allocation under a global lock costs time and nobody reads the counts.
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

// Statement ------------------------------------------------------------------------------------

Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}
Statement::~Statement() { sqlite3_finalize(handle_); }

namespace {
void check(sqlite3_stmt* statement, int code) {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(statement), code);
}
}  // namespace

void Statement::bind(int parameter, std::int64_t value) {
  check(handle_, sqlite3_bind_int64(handle_, parameter, value));
}
void Statement::bind(int parameter, double value) {
  check(handle_, sqlite3_bind_double(handle_, parameter, value));
}
void Statement::bind(int parameter, std::string_view value) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  const char* data = value.data() != nullptr ? value.data() : "";
  check(handle_,
        sqlite3_bind_text64(handle_, parameter, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Statement::bind_blob(int parameter, std::string_view bytes) {
  check(handle_,
        sqlite3_bind_blob64(handle_, parameter, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}
void Statement::bind(int parameter, std::nullopt_t) {
  check(handle_, sqlite3_bind_null(handle_, parameter));
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(handle_);
  const int extended = sqlite3_extended_errcode(db);
  fail(db, extended != SQLITE_OK ? extended : code);
}
void Statement::reset() { sqlite3_reset(handle_); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
bool Statement::is_text(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_TEXT;
}
bool Statement::is_integer(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_INTEGER;
}
int Statement::columns() const { return sqlite3_column_count(handle_); }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::real(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(handle_, column);
}
std::string_view Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(handle_, column);
  if (data == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return {reinterpret_cast<const char*>(data), size};
}

// Database -------------------------------------------------------------------------------------

struct Database::Impl {
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::filesystem::path path;
  sqlite3* handle = nullptr;
  BusyWait busy;
  int checkpoint_pages = 1000;
  int log_pages = 0;
  std::unordered_map<std::string, std::vector<Statement>, TextHash, std::equal_to<>> idle;

  // Called after each commit with the length of the log; takes the place of SQLite's own hook.
  static int committed(void* self_pointer, sqlite3* db, const char* name, int pages) {
    auto& self = *static_cast<Impl*>(self_pointer);
    self.log_pages = pages;
    if (pages < self.checkpoint_pages) return SQLITE_OK;
    // What cannot be copied now is copied after a later commit. Writers that follow each other
    // without a pause never let the log begin anew: then one of them has to stop the others.
    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (pages >= 2 * self.checkpoint_pages) {
      const Milliseconds limit = std::exchange(self.busy.limit, Milliseconds{0});
      sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
      self.busy.limit = limit;
    }
    return SQLITE_OK;
  }

  ~Impl() {
    idle.clear();
    sqlite3_close_v2(handle);
  }
};

Database::Database(const std::filesystem::path& path, Mode mode, bool immutable)
    : impl_(std::make_unique<Impl>()) {
  configure_library();
  impl_->path = path;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case Mode::read_only:
      flags |= SQLITE_OPEN_READONLY;
      break;
    case Mode::read_write:
      flags |= SQLITE_OPEN_READWRITE;
      break;
    case Mode::create:
      flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
  }
  std::string name = path.string();
  if (immutable) {
    std::string uri = "file:";
    for (const char c : name) {
      const bool plain = c != '?' && c != '#' && c != '%';
      uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    name = uri + "?immutable=1";
    flags |= SQLITE_OPEN_URI;
  }
  const int code = sqlite3_open_v2(name.c_str(), &impl_->handle, flags, nullptr);
  if (code != SQLITE_OK) fail(impl_->handle, code, path);
  sqlite3_busy_handler(impl_->handle, BusyWait::wait, &impl_->busy);
  sqlite3_wal_hook(impl_->handle, Impl::committed, impl_.get());
  // Copying the log at every close would cost each short-lived process two disk flushes.
  sqlite3_db_config(impl_->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // A file from somebody else must not make this program run its functions.
  sqlite3_db_config(impl_->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(impl_->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(impl_->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

const std::filesystem::path& Database::path() const { return impl_->path; }

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(impl_->handle, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) fail(impl_->handle, code);
  return Statement(handle);
}

void Database::execute_script(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(impl_->handle, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(impl_->handle, sqlite3_extended_errcode(impl_->handle));
}

Database::Rows Database::cached(std::string_view sql) {
  const auto found = impl_->idle.find(sql);
  if (found == impl_->idle.end() || found->second.empty()) {
    return Rows(impl_.get(), std::string(sql), prepare(sql));
  }
  Statement statement = std::move(found->second.back());
  found->second.pop_back();
  return Rows(impl_.get(), std::string(sql), std::move(statement));
}

Database::Rows::Rows(Impl* owner, std::string sql, Statement statement)
    : owner_(owner), sql_(std::move(sql)), statement_(std::move(statement)) {}
Database::Rows::Rows(Rows&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      sql_(std::move(other.sql_)),
      statement_(std::move(other.statement_)) {}
Database::Rows::~Rows() {
  if (owner_ == nullptr) return;
  statement_.reset();
  sqlite3_clear_bindings(statement_.handle_);
  owner_->idle[std::move(sql_)].push_back(std::move(statement_));
}

std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(impl_->handle);
}
std::int64_t Database::changes() const { return sqlite3_changes64(impl_->handle); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(impl_->handle) == 0; }
void Database::set_busy_limit(Milliseconds limit) { impl_->busy.limit = limit; }

bool Database::checkpoint() {
  value<int>("PRAGMA schema_version");  // SQLite looks for a log only when it reads
  const Milliseconds limit = std::exchange(impl_->busy.limit, Milliseconds{0});
  const auto copy = [&](int how, int* pages, int* copied) {
    return sqlite3_wal_checkpoint_v2(impl_->handle, nullptr, how, pages, copied);
  };
  // The copy with its disk flushes goes on beside writers; only emptying the log stops them.
  int pages = 0;
  int copied = 0;
  int code = copy(SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
  const bool all = code == SQLITE_OK && pages == copied;
  if (all) code = copy(SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  impl_->busy.limit = limit;
  if (code == SQLITE_OK) return all;
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return false;
  fail(impl_->handle, code);
}
void Database::set_checkpoint_at_close() {
  sqlite3_db_config(impl_->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}
void Database::set_checkpoint_pages(int pages) { impl_->checkpoint_pages = pages; }
int Database::log_pages() const { return impl_->log_pages; }

// Transactions ---------------------------------------------------------------------------------

Transaction::Transaction(Database& database) : database_(&database) {
  database.run("BEGIN IMMEDIATE");
}
Transaction::~Transaction() {
  // Some failures (disk full) have already rolled back.
  if (database_ == nullptr || !database_->in_transaction()) return;
  try {
    database_->run("ROLLBACK");
  } catch (const Error&) {  // closing the connection rolls back in any case
  }
}
void Transaction::commit() {
  database_->run("COMMIT");
  database_ = nullptr;
}

Snapshot::Snapshot(Database& database) : database_(&database) {
  if (database.in_transaction()) {
    database_ = nullptr;
  } else {
    database.run("BEGIN");
  }
}
Snapshot::~Snapshot() {
  if (database_ == nullptr || !database_->in_transaction()) return;
  try {
    database_->run("COMMIT");
  } catch (const Error&) {
  }
}

std::string_view sqlite_version() { return sqlite3_libversion(); }

}  // namespace mlopsctl
