#include "data/remote/run_cache.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds cache_turn_time{250};
constexpr std::string_view folder = "runs/";
constexpr std::uint64_t largest = std::uint64_t{16} << 20U;

// "runs/ab/<64 digits>/<64 digits>", nothing else: a key becomes a path.
bool is_entry(std::string_view key) {
  constexpr std::size_t digits = 64;
  constexpr std::size_t length = 5 + 3 + digits + 1 + digits;
  if (key.size() != length || !key.starts_with(folder)) return false;
  return std::ranges::all_of(key.substr(folder.size()), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '/';
  });
}

std::set<std::string> local_entries(const fs::path& cache) {
  std::set<std::string> entries;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(cache / "runs", failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string key = at->path().lexically_relative(cache).generic_string();
    if (at->is_regular_file() && is_entry(key)) entries.insert(key);
  }
  return entries;
}

std::set<std::string> remote_entries(ObjectStore& remote) {
  std::set<std::string> entries;
  remote.for_each(std::string(folder), [&](const ObjectInfo& object) {
    if (is_entry(object.key)) entries.insert(object.key);
  });
  return entries;
}

std::vector<std::string> only_in(const std::set<std::string>& first,
                                 const std::set<std::string>& second) {
  std::vector<std::string> rest;
  std::ranges::set_difference(first, second, std::back_inserter(rest));
  return rest;
}

// Runs one operation for each key; throws the first failure at the end.
template <class Start>
std::size_t for_all(ObjectStore& remote, const std::vector<std::string>& keys,
                    const TransferOptions& options, Progress& progress, Start start) {
  if (options.dry_run || keys.empty()) return keys.size();
  progress.start("run cache", keys.size(), "files");
  const auto queue = remote.queue({.jobs = options.jobs, .bandwidth = options.bandwidth});
  std::exception_ptr first;
  const auto settle = [&](const std::exception_ptr& error) {
    progress.advance(1);
    if (error && !first) first = error;
  };
  for (const auto& key : keys) {
    while (queue->pending() > 256) queue->turn(cache_turn_time);
    start(*queue, key, settle);
  }
  while (queue->pending() > 0) queue->turn(cache_turn_time);
  progress.finish();
  if (first) std::rethrow_exception(first);
  return keys.size();
}

}  // namespace

std::size_t push_run_cache(ObjectStore& remote, const fs::path& cache,
                           const TransferOptions& options, Progress& progress) {
  const auto keys = only_in(local_entries(cache), remote_entries(remote));
  return for_all(remote, keys, options, progress,
                 [&](ObjectQueue& queue, const std::string& key, auto settle) {
                   queue.put(key, cache / key, {},
                             [settle](const Outcome<PutResult>& one) { settle(one.error()); });
                 });
}

std::size_t fetch_run_cache(ObjectStore& remote, const fs::path& cache,
                            const TransferOptions& options, Progress& progress) {
  const auto keys = only_in(remote_entries(remote), local_entries(cache));
  return for_all(remote, keys, options, progress,
                 [&](ObjectQueue& queue, const std::string& key, auto settle) {
                   const auto bytes = std::make_shared<std::string>();
                   queue.get(key,
                             {.sink =
                                  [bytes](std::string_view piece) {
                                    if (bytes->size() + piece.size() > largest)
                                      throw Error(ErrorKind::corrupt,
                                                  "an entry of the run cache is too large");
                                    *bytes += piece;
                                  },
                              .restart = [bytes] { bytes->clear(); }},
                             [&cache, key, bytes, settle](const Outcome<ObjectInfo>& one) {
                               std::exception_ptr error = one.error();
                               try {
                                 if (!error) write_file_atomically(cache / key, *bytes);
                               } catch (const Error&) {
                                 error = std::current_exception();
                               }
                               settle(error);
                             });
                 });
}

}  // namespace mlopsctl::data
