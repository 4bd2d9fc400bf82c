// Where objects are kept: a directory, an S3 bucket, or memory in tests. One contract and one test
// suite for all (tests/unit/object_store_test.cpp).
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

// Keys are '/'-separated, UTF-8, without a leading '/', relative to the store's own root.
struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;             // bytes; of a part that was asked for: of the whole object
  std::optional<Timestamp> modified;  // absent where the store does not say
  std::string etag;                   // changes when the content does; without quotes; may be empty
  std::string md5;                    // of the content, where the store vouches for it; else empty
};

struct ListQuery {
  std::string prefix;        // any beginning of keys, not only whole names
  std::string start_after;   // only keys after this one, as bytes
  bool flat = true;          // false: names below the next '/' are summed up in `folders`
  std::size_t limit = 1000;  // at most so many objects and folders; S3 gives 1000 at most
};

// Sorted by key as bytes.
struct ObjectPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> folders;  // full prefixes that end in '/'
  std::string next;                  // start_after of the next page; empty: this was the last
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // less comes if the object ends before
};

struct GetQuery {
  std::optional<ByteRange> range;
  std::function<void(std::string_view)> sink;  // the bytes, in order
  std::function<void()> restart;               // they will come again from the beginning
};

// What is stored: bytes, or a file as it is.
using ObjectSource = std::variant<std::string, fs::path>;

struct PutOptions {
  std::string md5;         // of the content, 32 hexadecimal digits, if known: the store verifies it
  bool if_absent = false;  // leave what is there; Error{unavailable} where that cannot be promised
};
enum class PutResult { stored, was_there };

// A value, or why there is none. Item failures in bulk work are values.
template <class T>
class Outcome {
 public:
  Outcome(T value) : content_(std::move(value)) {}                   // NOLINT: implicit by design
  Outcome(std::exception_ptr error) : content_(std::move(error)) {}  // NOLINT
  bool ok() const { return std::holds_alternative<T>(content_); }
  T& value() {  // throws the error
    if (!ok()) std::rethrow_exception(std::get<std::exception_ptr>(content_));
    return std::get<T>(content_);
  }
  std::exception_ptr error() const {
    return ok() ? nullptr : std::get<std::exception_ptr>(content_);
  }

 private:
  std::variant<T, std::exception_ptr> content_;
};
template <class T>
using Done = std::function<void(Outcome<T>)>;

// Many operations at once on one store. One thread uses it; completions run inside turn() on that
// thread and may start new operations; sinks may run on another thread, but never two of one
// operation at once. Started operations are cancelled by the destructor.
class ObjectQueue {
 public:
  virtual ~ObjectQueue() = default;
  virtual void list(ListQuery query, Done<ObjectPage> done) = 0;
  virtual void head(std::string key, Done<std::optional<ObjectInfo>> done) = 0;
  virtual void get(std::string key, GetQuery query, Done<ObjectInfo> done) = 0;
  virtual void put(std::string key, ObjectSource source, PutOptions options,
                   Done<PutResult> done) = 0;
  // Operations that were started and are not complete.
  virtual std::size_t pending() const = 0;
  // Runs completions; waits for the first one, but no longer than `most`. Throws
  // Error{interrupted} after Ctrl-C.
  virtual void turn(Milliseconds most) = 0;
};

struct QueueOptions {
  std::size_t jobs = 0;         // operations at work at once; 0: the store's own choice
  std::uint64_t bandwidth = 0;  // bytes per second, both directions together; 0: no limit
  // Told about payload bytes as they go over, from the thread that works on them.
  std::function<void(std::uint64_t)> moved;
};

struct FailedKey {
  std::string key;
  std::string reason;
};

// Safe to use from several threads. Every function throws Error: not_found for a key that is not
// there, io where access is refused, unavailable where trying again may help, corrupt where the
// content is not what its digest says.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // "s3://bucket/prefix/key", "/path/key": for messages, never with credentials.
  virtual std::string url(std::string_view key) const = 0;

  virtual ObjectPage list(const ListQuery& query) = 0;
  virtual std::optional<ObjectInfo> head(const std::string& key) = 0;
  virtual ObjectInfo get(const std::string& key, const GetQuery& query) = 0;
  // Whole or not at all: nobody sees a part of it.
  virtual PutResult put(const std::string& key, const ObjectSource& source,
                        const PutOptions& options) = 0;
  // Keys that are not there are no failures.
  virtual std::vector<FailedKey> remove(std::span<const std::string> keys) = 0;

  virtual std::unique_ptr<ObjectQueue> queue(const QueueOptions& options) = 0;

  // Whole objects in memory; Error{io} beyond `most` bytes.
  std::string read(const std::string& key, std::uint64_t most = std::uint64_t{64} << 20U);
  // Every object below a prefix, page by page.
  void for_each(const std::string& prefix, const std::function<void(const ObjectInfo&)>& visit);
};

// Objects are files below `root`, made 0444 as DVC does, except below runs/ (0644). Missing folders
// are made at the first put.
std::unique_ptr<ObjectStore> make_directory_store(fs::path root);

// For tests. Promises everything that S3 does.
std::unique_ptr<ObjectStore> make_memory_store();

}  // namespace mlopsctl::data
