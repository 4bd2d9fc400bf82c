#include "data/remote/s3_queue.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/remote/s3_payload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr std::size_t usual_jobs = 128;
constexpr std::uint64_t largest_page = 1000;

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::string unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

// An ETag of 32 digits is the MD5 of the content, unless it was encrypted with a key of KMS or of
// the customer.
std::string md5_of_etag(const std::string& etag, const HttpResponse* response) {
  if (etag.size() != 32 || !from_hexadecimal(etag)) return "";
  if (response != nullptr) {
    const auto sse = response->header("x-amz-server-side-encryption");
    if ((sse && *sse != "AES256") ||
        response->header("x-amz-server-side-encryption-customer-algorithm"))
      return "";
  }
  return to_lower(etag);
}

// "bytes 0-99/1234", "bytes */1234"
std::optional<std::uint64_t> whole_size(const HttpResponse& response) {
  const auto range = response.header("content-range");
  if (!range) return std::nullopt;
  const auto slash = range->find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto size = parse_integer(range->substr(slash + 1));
  if (!size || *size < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*size);
}

std::string after_folder(const std::string& folder) { return folder + "\xF4\x8F\xBF\xBF"; }

ObjectPage page_of(const HttpResponse& response, const ListQuery& query,
                   const S3Settings& settings) {
  const S3Listing listing = parse_s3_listing(response.body);
  const std::size_t skip = settings.prefix.size();
  const bool is_md5 = settings.customer_key.empty();
  ObjectPage page;
  for (const auto& one : listing.objects) {
    if (one.key.size() < skip + query.prefix.size()) continue;
    page.objects.push_back({.key = one.key.substr(skip),
                            .size = one.size,
                            .modified = one.modified,
                            .etag = one.etag,
                            .md5 = is_md5 ? md5_of_etag(one.etag, nullptr) : ""});
  }
  for (const auto& folder : listing.prefixes) page.folders.push_back(folder.substr(skip));
  if (!listing.truncated) return page;
  if (!page.objects.empty()) page.next = page.objects.back().key;
  if (!page.folders.empty() && page.folders.back() > page.next)
    page.next = after_folder(page.folders.back());
  if (page.next.empty())
    throw Error(ErrorKind::corrupt, "the server says that a list goes on, but gave nothing of it");
  return page;
}

}  // namespace

ObjectInfo object_info(const HttpResponse& response) {
  ObjectInfo info;
  const auto length = parse_integer(response.header("content-length").value_or(""));
  info.size = whole_size(response).value_or(
      length && *length > 0 ? static_cast<std::uint64_t>(*length) : 0);
  info.etag = unquoted(response.header("etag").value_or(""));
  info.md5 = md5_of_etag(info.etag, &response);
  const HttpResponse dated{
      .headers = {{"Retry-After", std::string(response.header("last-modified").value_or(""))}}};
  if (const auto since = retry_after(dated, Timestamp{0}))
    info.modified = Timestamp{since->count()};
  return info;
}

S3Queue::S3Queue(std::shared_ptr<S3Session> session, const QueueOptions& options)
    : session_(std::move(session)),
      options_(options),
      engine_({.in_flight = options.jobs > 0 ? options.jobs : usual_jobs,
               .bandwidth = options.bandwidth}) {}

void S3Queue::start(S3Operation operation, Done<HttpResponse> done) {
  session_->start(engine_, std::move(operation), std::move(done));
}

void S3Queue::turn(Milliseconds most) { engine_.turn(most); }

// Counts an operation until it is done. What a completion of ours throws (an answer that cannot be
// understood) is that operation's failure.
template <class T>
Done<T> S3Queue::counted(Done<T> done) {
  ++pending_;
  return [this, done = std::move(done)](Outcome<T> outcome) {
    --pending_;
    done(std::move(outcome));
  };
}

void S3Queue::list(ListQuery query, Done<ObjectPage> done) {
  const S3Settings& settings = session_->settings();
  S3Operation operation{
      .query = {{"list-type", "2"},
                {"encoding-type", "url"},
                {"prefix", settings.prefix + query.prefix},
                {"max-keys", std::to_string(std::min<std::uint64_t>(query.limit, largest_page))}},
      .urgent = true};
  if (!query.start_after.empty())
    operation.query.push_back({"start-after", settings.prefix + query.start_after});
  if (!query.flat) operation.query.push_back({"delimiter", "/"});
  start(std::move(operation),
        [this, query, done = counted(std::move(done))](Outcome<HttpResponse> response) {
          if (!response.ok()) return done(response.error());
          try {
            done(page_of(response.value(), query, session_->settings()));
          } catch (const Error&) {
            done(std::current_exception());
          }
        });
}

void S3Queue::head(std::string key, Done<std::optional<ObjectInfo>> done) {
  S3Operation operation{.method = "HEAD",
                        .key = full_key(key),
                        .headers = session_->settings().customer_key,
                        .accepted = {404},
                        .urgent = true};
  start(std::move(operation),
        [key, done = counted(std::move(done))](Outcome<HttpResponse> response) {
          if (!response.ok()) return done(response.error());
          if (response.value().status == 404) return done(std::optional<ObjectInfo>());
          ObjectInfo info = object_info(response.value());
          info.key = key;
          done(std::optional<ObjectInfo>(std::move(info)));
        });
}

void S3Queue::get(std::string key, GetQuery query, Done<ObjectInfo> done) {
  S3Operation operation{.key = full_key(key),
                        .headers = session_->settings().customer_key,
                        .restart_sink = query.restart,
                        .accepted = {416}};
  operation.sink = [this, sink = std::move(query.sink)](std::string_view bytes) {
    if (sink) sink(bytes);
    moved(bytes.size());
  };
  if (query.range) {
    if (query.range->size == 0) query.range->size = 1;
    operation.headers.push_back(
        {"Range", fmt::format("bytes={}-{}", query.range->offset,
                              query.range->offset + query.range->size - 1)});
  }
  const bool ranged = query.range.has_value();
  start(std::move(operation),
        [this, key, ranged, done = counted(std::move(done))](Outcome<HttpResponse> response) {
          if (!response.ok()) return done(response.error());
          ObjectInfo info = object_info(response.value());
          info.key = key;
          if (response.value().status == 416) {  // past the end, or an empty object
            info.size = whole_size(response.value()).value_or(0);
            info.etag.clear();
            info.md5.clear();
          }
          if (response.value().status == 416 && !ranged) {
            return done(std::make_exception_ptr(Error(
                ErrorKind::io, fmt::format("{}: unexpected status 416", session_->url(key)))));
          }
          done(std::move(info));
        });
}

void S3Queue::put(std::string key, ObjectSource source, PutOptions options, Done<PutResult> done) {
  auto finished = counted(std::move(done));
  try {
    if (const auto* file = std::get_if<fs::path>(&source)) {
      const std::uint64_t size = fs::file_size(*file);
      if (size >= multipart_threshold)
        return upload_in_parts(*this, std::move(key), *file, size, std::move(options), finished);
    }
    put_whole(key, std::move(source), options, finished);
  } catch (const fs::filesystem_error& failure) {
    const bool absent = failure.code() == std::errc::no_such_file_or_directory;
    finished(std::make_exception_ptr(
        Error(absent ? ErrorKind::not_found : ErrorKind::io, failure.what())));
  } catch (const Error&) {
    finished(std::current_exception());
  }
}

void S3Queue::put_whole(const std::string& key, ObjectSource source, const PutOptions& options,
                        Done<PutResult> done) {
  const S3Settings& settings = session_->settings();
  S3Operation operation{.method = "PUT", .key = full_key(key), .headers = settings.write_headers};
  append(operation.headers, settings.customer_key);
  std::uint64_t size = 0;
  if (auto* bytes = std::get_if<std::string>(&source)) {
    size = bytes->size();
    operation.payload_sha256 = sha256_hex(*bytes);
    operation.body = std::move(*bytes);
  } else {
    const fs::path& file = std::get<fs::path>(source);
    size = fs::file_size(file);
    const FileRange range{file, 0, size};
    operation.body = range;
    if (options.md5.empty()) {
      operation.hash_payload = [range] { return sha256_of(range); };
    } else {
      operation.payload_sha256 = unsigned_payload;  // Content-MD5 is signed and protects it
    }
  }
  if (!options.md5.empty()) {
    operation.headers.push_back(
        {"Content-MD5", to_base64(from_hexadecimal(options.md5).value_or(""))});
  }
  if (options.if_absent) {
    operation.headers.push_back({"If-None-Match", "*"});
    operation.accepted = {412};
  }
  start(std::move(operation), [this, key, size, md5 = options.md5,
                               done = std::move(done)](Outcome<HttpResponse> response) {
    if (!response.ok()) return done(response.error());
    if (response.value().status == 412) return done(PutResult::was_there);
    const ObjectInfo stored = object_info(response.value());
    if (!md5.empty() && !stored.md5.empty() && stored.md5 != md5 &&
        session_->settings().write_headers.empty()) {
      return done(std::make_exception_ptr(Error(
          ErrorKind::corrupt,
          fmt::format("{} arrived as {} instead of {}", session_->url(key), stored.md5, md5))));
    }
    moved(size);
    done(PutResult::stored);
  });
}

void S3Queue::remove(std::vector<std::string> keys, Done<std::vector<FailedKey>> done) {
  for (auto& key : keys) key = full_key(key);
  std::string body = s3_delete_request(keys);
  S3Operation operation{
      .method = "POST",
      .query = {{"delete", ""}},
      .headers = {{"Content-MD5", to_base64(from_hexadecimal(md5_of(body)).value_or(""))},
                  {"Content-Type", "application/xml"}},
      .body = body,
      .payload_sha256 = sha256_hex(body)};
  const std::size_t skip = session_->settings().prefix.size();
  start(std::move(operation),
        [skip, done = counted(std::move(done))](Outcome<HttpResponse> response) {
          if (!response.ok()) return done(response.error());
          try {
            std::vector<FailedKey> failed;
            for (const auto& one : parse_s3_delete(response.value().body)) {
              if (one.code == "NoSuchKey") continue;
              failed.push_back(
                  {one.key.substr(std::min(skip, one.key.size())), one.code + ": " + one.message});
            }
            done(std::move(failed));
          } catch (const Error&) {
            done(std::current_exception());
          }
        });
}

}  // namespace mlopsctl::data
