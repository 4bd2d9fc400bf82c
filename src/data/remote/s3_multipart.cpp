// Large files in parts: start or find the upload, send what is not there yet, complete it. An
// upload that breaks off stays on the server, and the next one goes on with it.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/remote/s3_payload.hpp"
#include "data/remote/s3_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlopsctl::data {

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr std::uint64_t least_part = 16 * mebibyte;
constexpr std::uint64_t most_parts = 10'000;
constexpr int parts_ahead = 8;  // of one file, so that others get their turn

class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(S3Queue& queue, std::string key, fs::path file, std::uint64_t size, PutOptions options,
         Done<PutResult> done)
      : queue_(queue),
        key_(std::move(key)),
        file_(std::move(file)),
        size_(size),
        part_size_(part_size(size)),
        options_(std::move(options)),
        done_(std::move(done)),
        parts_((size + part_size_ - 1) / part_size_) {}

  void begin() {
    if (options_.if_absent) return look_first();
    options_.md5.empty() ? create() : find();
  }

 private:
  S3Operation operation(std::string method, Query query) const {
    return {.method = std::move(method), .key = queue_.full_key(key_), .query = std::move(query)};
  }
  // Calls `next` with the answer; failures end the upload.
  template <class Next>
  void send(S3Operation&& one, Next next) {
    queue_.start(std::move(one), [self = shared_from_this(), next](Outcome<HttpResponse> answer) {
      if (self->over_) return;
      if (!answer.ok()) return self->fail(answer.error());
      try {
        next(answer.value());
      } catch (const Error&) {
        self->fail(std::current_exception());
      }
    });
  }

  void look_first() {
    S3Operation head = operation("HEAD", {});
    head.headers = queue_.session().settings().customer_key;
    head.accepted = {404};
    send(std::move(head), [this](HttpResponse& answer) {
      if (answer.ok()) return finish(PutResult::was_there);
      options_.md5.empty() ? create() : find();
    });
  }

  void find() {
    S3Operation list{.query = {{"uploads", ""}, {"prefix", queue_.full_key(key_)}}};
    list.accepted = {403, 404, 405, 501};  // looking is not necessary
    send(std::move(list), [this](HttpResponse& answer) {
      std::string newest;
      if (answer.ok()) {
        for (const auto& upload : parse_s3_uploads(answer.body)) {
          if (upload.key != queue_.full_key(key_) || upload.initiated < newest) continue;
          newest = upload.initiated;
          id_ = upload.id;
        }
      }
      id_.empty() ? create() : find_parts(0);
    });
  }

  void find_parts(int marker) {
    Query query{{"uploadId", id_}};
    if (marker > 0) query.push_back({"part-number-marker", std::to_string(marker)});
    S3Operation list = operation("GET", std::move(query));
    list.accepted = {404};
    send(std::move(list), [this](HttpResponse& answer) {
      if (!answer.ok()) return create();
      const S3Parts page = parse_s3_parts(answer.body);
      for (const auto& part : page.parts) keep_if_same(part);
      if (page.truncated) return find_parts(page.next);
      send_parts();
    });
  }

  // Only what is certainly the same is used again: a part whose ETag is the MD5 of our bytes.
  void keep_if_same(const S3Part& part) {
    const auto index = static_cast<std::size_t>(part.number) - 1;
    if (part.number < 1 || index >= parts_.size()) return;
    const FileRange range = range_of(index);
    if (part.size != range.size || part.etag.size() != 32) return;
    if (md5_of_range(range) != to_lower(part.etag)) return;
    parts_[index] = part;
    ++complete_;
    queue_.moved(range.size);
  }

  void create() {
    id_.clear();
    S3Operation post = operation("POST", {{"uploads", ""}});
    const S3Settings& settings = queue_.session().settings();
    post.headers = settings.write_headers;
    post.headers.insert(post.headers.end(), settings.customer_key.begin(),
                        settings.customer_key.end());
    send(std::move(post), [this](HttpResponse& answer) {
      id_ = parse_s3_upload_id(answer.body);
      send_parts();
    });
  }

  FileRange range_of(std::size_t index) const {
    const std::uint64_t offset = index * part_size_;
    return {file_, offset, std::min(part_size_, size_ - offset)};
  }

  void send_parts() {
    while (under_way_ < parts_ahead && next_ < parts_.size()) {
      const std::size_t index = next_++;
      if (parts_[index].number == 0) send_part(index);
    }
    if (complete_ == parts_.size()) complete();
  }

  void send_part(std::size_t index) {
    const FileRange range = range_of(index);
    S3Operation put =
        operation("PUT", {{"partNumber", std::to_string(index + 1)}, {"uploadId", id_}});
    put.headers = queue_.session().settings().customer_key;
    put.body = range;
    put.hash_payload = [range] { return sha256_of(range); };
    ++under_way_;
    send(std::move(put), [this, index, range](HttpResponse& answer) {
      --under_way_;
      ++complete_;
      parts_[index] = {.number = static_cast<int>(index) + 1,
                       .size = range.size,
                       .etag = object_info(answer).etag};
      queue_.moved(range.size);
      send_parts();
    });
  }

  void complete() {
    std::string body = s3_complete_request(parts_);
    S3Operation post = operation("POST", {{"uploadId", id_}});
    post.headers = {{"Content-Type", "application/xml"}};
    if (options_.if_absent) {
      post.headers.push_back({"If-None-Match", "*"});
      post.accepted = {412};
    }
    post.accepted.push_back(404);  // completed by a repetition whose answer was lost, or by others
    post.payload_sha256 = sha256_hex(body);
    post.body = std::move(body);
    post.may_hide_error = true;
    send(std::move(post), [this](HttpResponse& answer) {
      if (answer.status == 404) return check();
      if (answer.status != 412) return finish(PutResult::stored);
      abandon();
      finish(PutResult::was_there);
    });
  }

  void check() {
    S3Operation head = operation("HEAD", {});
    head.headers = queue_.session().settings().customer_key;
    send(std::move(head), [this](HttpResponse& answer) {
      if (object_info(answer).size == size_) return finish(PutResult::stored);
      throw Error(ErrorKind::conflict, fmt::format("the upload of {} was removed meanwhile",
                                                   queue_.session().url(key_)));
    });
  }

  void abandon() {
    S3Operation remove = operation("DELETE", {{"uploadId", id_}});
    remove.accepted = {404};
    queue_.start(std::move(remove), [](const Outcome<HttpResponse>&) {});
  }

  void finish(PutResult result) {
    over_ = true;
    done_(result);
  }
  void fail(std::exception_ptr error) {
    over_ = true;
    done_(std::move(error));
  }

  S3Queue& queue_;
  std::string key_;
  fs::path file_;
  std::uint64_t size_;
  std::uint64_t part_size_;
  PutOptions options_;
  Done<PutResult> done_;
  std::string id_;
  std::vector<S3Part> parts_;  // number 0: not there yet
  std::size_t next_ = 0;
  std::size_t complete_ = 0;
  int under_way_ = 0;
  bool over_ = false;
};

}  // namespace

std::uint64_t part_size(std::uint64_t file_size) {
  const std::uint64_t least = (file_size + most_parts - 1) / most_parts;
  return std::max(least_part, (least + mebibyte - 1) / mebibyte * mebibyte);
}

void upload_in_parts(S3Queue& queue, std::string key, fs::path file, std::uint64_t size,
                     PutOptions options, Done<PutResult> done) {
  std::make_shared<Upload>(queue, std::move(key), std::move(file), size, std::move(options),
                           std::move(done))
      ->begin();
}

}  // namespace mlopsctl::data
