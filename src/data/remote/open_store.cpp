#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/remote/s3_settings.hpp"
#include "data/remote/stores.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

namespace {

std::string scheme_of(std::string_view url) {
  const auto end = url.find("://");
  return end == std::string_view::npos ? "" : to_lower(url.substr(0, end));
}

struct Place {
  std::string store;  // URL of the bucket, or a folder
  std::string key;
};

// Where a single object is.
Place place_of(const std::string& url) {
  const std::string scheme = scheme_of(url);
  if (scheme == "s3") {
    const auto slash = url.find('/', 5);
    if (slash == std::string::npos || slash + 1 == url.size())
      throw Error(ErrorKind::usage, fmt::format("{} names no object", quote(url)),
                  "write s3://BUCKET/KEY");
    return {url.substr(0, slash), url.substr(slash + 1)};
  }
  const fs::path path = fs::absolute(scheme == "file" ? percent_decode(url.substr(7)) : url);
  return {path.parent_path().string(), path.filename().string()};
}

// Feeds the content to `sink`; `restart` is called when it begins again. Verified where the store
// or the server says a digest.
void fetch(const std::string& url, const RemoteOptions& options,
           const std::function<void(std::string_view)>& sink,
           const std::function<void()>& restart) {
  const std::string scheme = scheme_of(url);
  if (scheme == "http" || scheme == "https") {
    const HttpResponse response =
        http_send({.url = url, .sink = sink, .restart_sink = restart, .redirects = 5});
    require_ok(response, "the server");
    return;
  }
  const Place place = place_of(url);
  const auto store = open_store(place.store, options);
  Md5 digest;
  const ObjectInfo info = store->get(place.key, {.sink =
                                                     [&](std::string_view bytes) {
                                                       digest.add(bytes);
                                                       sink(bytes);
                                                     },
                                                 .restart =
                                                     [&] {
                                                       digest = Md5();
                                                       restart();
                                                     }});
  const std::string md5 = digest.hexadecimal();
  if (!info.md5.empty() && info.md5 != md5) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} arrived with MD5 {} instead of {}", url, md5, info.md5));
  }
}

}  // namespace

bool is_store_url(std::string_view url) {
  const std::string scheme = scheme_of(url);
  return scheme.empty() || scheme == "s3" || scheme == "file";
}

std::unique_ptr<ObjectStore> open_store(const std::string& url, const RemoteOptions& options) {
  const std::string scheme = scheme_of(url);
  if (scheme == "s3") return make_s3_store(s3_settings(url, options));
  if (scheme == "file") return make_directory_store(percent_decode(url.substr(7)));
  if (scheme.empty() && !url.empty()) return make_directory_store(url);
  throw Error(ErrorKind::config,
              fmt::format("{} is no kind of remote that is known", quote(mask_secrets(url))),
              "s3://BUCKET/PREFIX, file:///FOLDER and plain folders are");
}

std::string read_url(const std::string& url, const RemoteOptions& options, std::uint64_t most) {
  std::string bytes;
  fetch(
      url, options,
      [&](std::string_view piece) {
        if (bytes.size() + piece.size() > most) {
          throw Error(ErrorKind::io,
                      fmt::format("{} is larger than {}", mask_secrets(url), human_bytes(most)));
        }
        bytes += piece;
      },
      [&] { bytes.clear(); });
  return bytes;
}

std::uint64_t download_url(const std::string& url, const fs::path& to, const RemoteOptions& options,
                           const std::function<void(std::uint64_t)>& moved) {
  // What may come again from the beginning is written to a file of its own each time.
  for (int attempt = 0;; ++attempt) {
    std::uint64_t size = 0;
    bool again = false;
    try {
      stream_file_atomically(to, [&](const WritePiece& write) {
        fetch(
            url, options,
            [&](std::string_view piece) {
              size += piece.size();
              if (moved) moved(piece.size());
              write(piece);
            },
            [&] {
              again = true;
              throw Error(ErrorKind::unavailable,
                          fmt::format("the transfer of {} broke off", mask_secrets(url)));
            });
      });
      return size;
    } catch (const Error&) {
      if (!again || attempt == 4) throw;
    }
  }
}

std::string ObjectStore::read(const std::string& key, std::uint64_t most) {
  std::string bytes;
  const ObjectInfo info = get(
      key, {.sink =
                [&](std::string_view piece) {
                  if (bytes.size() + piece.size() > most) {
                    throw Error(ErrorKind::io,
                                fmt::format("{} is larger than {}", url(key), human_bytes(most)));
                  }
                  bytes += piece;
                },
            .restart = [&] { bytes.clear(); }});
  if (!info.md5.empty() && info.md5 != md5_of(bytes)) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} is not what was stored: its MD5 should be {}", url(key), info.md5));
  }
  return bytes;
}

void ObjectStore::for_each(const std::string& prefix,
                           const std::function<void(const ObjectInfo&)>& visit) {
  ListQuery query{.prefix = prefix};
  do {
    const ObjectPage page = list(query);
    for (const auto& object : page.objects) visit(object);
    query.start_after = page.next;
  } while (!query.start_after.empty());
}

}  // namespace mlopsctl::data
