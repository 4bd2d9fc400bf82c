// Operations on one bucket, many at once, on an HTTP engine.
#pragma once

#include "mlopsctl/data/object_store.hpp"
#include "mlopsctl/formats/s3_xml.hpp"
#include "mlopsctl/platform/http_engine.hpp"

#include "data/remote/s3_session.hpp"

#include <memory>
#include <span>
#include <string>

namespace mlopsctl::data {

class S3Queue final : public ObjectQueue {
 public:
  S3Queue(std::shared_ptr<S3Session> session, const QueueOptions& options);

  void list(ListQuery query, Done<ObjectPage> done) override;
  void head(std::string key, Done<std::optional<ObjectInfo>> done) override;
  void get(std::string key, GetQuery query, Done<ObjectInfo> done) override;
  void put(std::string key, ObjectSource source, PutOptions options, Done<PutResult> done) override;
  std::size_t pending() const override { return pending_; }
  void turn(Milliseconds most) override;

  // At most 1000 keys.
  void remove(std::vector<std::string> keys, Done<std::vector<FailedKey>> done);

  // For an upload in parts. Operations below another one are not counted as pending.
  void start(S3Operation operation, Done<HttpResponse> done);
  const S3Session& session() const { return *session_; }
  std::string full_key(const std::string& key) const { return session_->settings().prefix + key; }
  void moved(std::uint64_t bytes) const {
    if (options_.moved) options_.moved(bytes);
  }

 private:
  template <class T>
  Done<T> counted(Done<T> done);
  void put_whole(const std::string& key, ObjectSource source, const PutOptions& options,
                 Done<PutResult> done);

  std::shared_ptr<S3Session> session_;
  QueueOptions options_;
  std::size_t pending_ = 0;
  HttpEngine engine_;
};

// Sends a file in parts, going on with what an upload of the same key that was broken off left
// behind, if options.md5 says that the key names the content.
void upload_in_parts(S3Queue& queue, std::string key, fs::path file, std::uint64_t size,
                     PutOptions options, Done<PutResult> done);

// From here on files are sent in parts.
inline constexpr std::uint64_t multipart_threshold = std::uint64_t{32} << 20U;
// Size of the parts of a file: at least 16 MiB, and so that there are at most 10,000.
std::uint64_t part_size(std::uint64_t file_size);

// What an answer says about an object. The key is not set.
ObjectInfo object_info(const HttpResponse& response);

}  // namespace mlopsctl::data
