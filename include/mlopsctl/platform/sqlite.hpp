// SQLite: a connection, statements, transactions. The only door to the library.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace mlopsctl {

// A prepared statement. Parameters and columns: integers, double (NaN is bound as NULL and NULL is
// read as NaN), text (copied when bound), std::optional of these (NULL). Columns count from 0,
// parameters from 1. Every failure throws Error; see Database.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  void bind(int parameter, std::int64_t value);
  void bind(int parameter, int value) { bind(parameter, std::int64_t{value}); }
  void bind(int parameter, bool value) { bind(parameter, std::int64_t{value}); }
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view value);
  void bind(int parameter, const std::string& value) { bind(parameter, std::string_view(value)); }
  void bind(int parameter, const char* value) { bind(parameter, std::string_view(value)); }
  void bind(int parameter, std::nullopt_t);
  void bind_blob(int parameter, std::string_view bytes);  // read it as text
  template <class T>
  void bind(int parameter, const std::optional<T>& value) {
    if (value) {
      bind(parameter, *value);
    } else {
      bind(parameter, std::nullopt);
    }
  }
  template <class... Values>
  void bind_all(const Values&... values) {
    int parameter = 0;
    (bind(++parameter, values), ...);
  }

  bool step();   // true: there is a row
  void reset();  // ready for the next execution; bindings stay

  // T: int, std::int64_t, bool, double, std::string, std::string_view (valid until the next step
  // or reset), or std::optional of one of these.
  template <class T>
  T get(int column) const {
    if constexpr (is_optional<T>::value) {
      if (is_null(column)) return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::is_same_v<T, double>) {
      return real(column);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      return text(column);
    } else if constexpr (std::is_same_v<T, std::string>) {
      return std::string(text(column));
    } else {
      static_assert(std::is_integral_v<T>);
      return static_cast<T>(integer(column));
    }
  }
  bool is_null(int column) const;
  bool is_text(int column) const;
  bool is_integer(int column) const;
  int columns() const;

 private:
  friend class Database;
  template <class T>
  struct is_optional : std::false_type {};
  template <class T>
  struct is_optional<std::optional<T>> : std::true_type {};

  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;

  sqlite3_stmt* handle_ = nullptr;
};

// One connection to one file. Not thread-safe. Failures are Error{io} (disk full, read-only, locked
// for longer than the limit), Error{corrupt} (damaged, or no database) or Error{bug}.
class Database {
  struct Impl;

 public:
  enum class Mode { read_only, read_write, create };
  // immutable: nobody can change the file, so no lock and no -shm file is needed.
  Database(const std::filesystem::path& path, Mode mode, bool immutable = false);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  const std::filesystem::path& path() const;

  Statement prepare(std::string_view sql);
  void execute_script(std::string_view sql);  // any number of statements, no parameters

  // The rows of one execution. The statement goes back to the connection's cache at the end, so
  // that the same SQL is compiled once; the same SQL may be in use several times at once.
  class Rows {
   public:
    Rows(Rows&& other) noexcept;
    Rows& operator=(Rows&&) = delete;
    ~Rows();
    bool step() { return statement_.step(); }
    template <class T>
    T get(int column) const {
      return statement_.get<T>(column);
    }
    bool is_null(int column) const { return statement_.is_null(column); }
    bool is_text(int column) const { return statement_.is_text(column); }
    bool is_integer(int column) const { return statement_.is_integer(column); }
    Statement& statement() { return statement_; }

   private:
    friend class Database;
    Rows(Impl* owner, std::string sql, Statement statement);
    Impl* owner_;
    std::string sql_;
    Statement statement_;
  };
  template <class... Values>
  Rows query(std::string_view sql, const Values&... values) {
    Rows rows = cached(sql);
    rows.statement().bind_all(values...);
    return rows;
  }
  // Executes to the end; returns the number of rows changed.
  template <class... Values>
  std::int64_t run(std::string_view sql, const Values&... values) {
    Rows rows = query(sql, values...);
    while (rows.step()) {
    }
    return changes();
  }
  // First column of the first row; nothing if there is no row.
  template <class T, class... Values>
  std::optional<T> value(std::string_view sql, const Values&... values) {
    Rows rows = query(sql, values...);
    if (!rows.step()) return std::nullopt;
    return rows.get<T>(0);
  }

  std::int64_t last_insert_rowid() const;
  std::int64_t changes() const;  // rows that the last statement inserted, updated or deleted
  bool in_transaction() const;

  // How long a lock held by another process is waited for (default 30 s).
  void set_busy_limit(Milliseconds limit);
  // Copies the write-ahead log into the file and empties it, unless somebody uses it: then does
  // what can be done without waiting. True if the log is empty now.
  bool checkpoint();
  // Closing the last connection of all processes copies the log and removes it. Without this call
  // it stays, which saves short-lived processes two disk flushes.
  void set_checkpoint_at_close();
  // Starts a copy of the log into the file whenever it has more than this number of pages.
  void set_checkpoint_pages(int pages);
  // Length of the log after the last commit of this connection; 0 before the first.
  int log_pages() const;

 private:
  Rows cached(std::string_view sql);
  std::unique_ptr<Impl> impl_;
};

// BEGIN IMMEDIATE … COMMIT, rolled back unless commit() was called. Waits for other writers.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database* database_;
};

// BEGIN … ROLLBACK around reads that must see one state of the database.
class Snapshot {
 public:
  explicit Snapshot(Database& database);  // does nothing inside a transaction
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database* database_;
};

std::string_view sqlite_version();

}  // namespace mlopsctl
