#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/remote/stores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace mlopsctl::data {

namespace {

class MemoryStore final : public ObjectStore {
 public:
  std::string url(std::string_view key) const override { return fmt::format("memory:{}", key); }

  ObjectPage list(const ListQuery& query) override {
    const std::scoped_lock lock(guard_);
    ObjectPage page;
    std::string last;
    for (auto at = objects_.upper_bound(std::max(query.start_after, query.prefix));
         at != objects_.end(); ++at)
      if (!add(page, query, at->first, at->second, last)) break;
    if (const auto exact = objects_.find(query.prefix);
        exact != objects_.end() && query.start_after < query.prefix)
      page.objects.insert(page.objects.begin(), info(exact->first, exact->second));
    return page;
  }

  std::optional<ObjectInfo> head(const std::string& key) override {
    const std::scoped_lock lock(guard_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return std::nullopt;
    return info(key, found->second);
  }

  ObjectInfo get(const std::string& key, const GetQuery& query) override {
    std::string bytes;
    ObjectInfo result;
    {
      const std::scoped_lock lock(guard_);
      const auto found = objects_.find(key);
      if (found == objects_.end())
        throw Error(ErrorKind::not_found, fmt::format("{} is not there", url(key)));
      result = info(key, found->second);
      const ByteRange range = query.range.value_or(ByteRange{0, found->second.bytes.size()});
      if (range.offset < found->second.bytes.size())
        bytes = found->second.bytes.substr(range.offset, range.size);
    }
    if (query.sink && !bytes.empty()) query.sink(bytes);
    return result;
  }

  PutResult put(const std::string& key, const ObjectSource& source,
                const PutOptions& options) override {
    const auto* text = std::get_if<std::string>(&source);
    std::string bytes = text != nullptr ? *text : read_file(std::get<fs::path>(source));
    const std::string md5 = md5_of(bytes);
    if (!options.md5.empty() && options.md5 != md5) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{}: the bytes have MD5 {}, not {}", url(key), md5, options.md5));
    }
    const std::scoped_lock lock(guard_);
    if (options.if_absent && objects_.contains(key)) return PutResult::was_there;
    objects_[key] = {std::move(bytes), md5, now()};
    return PutResult::stored;
  }

  std::vector<FailedKey> remove(std::span<const std::string> keys) override {
    const std::scoped_lock lock(guard_);
    for (const auto& key : keys) objects_.erase(key);
    return {};
  }

  std::unique_ptr<ObjectQueue> queue(const QueueOptions& options) override {
    return make_thread_queue(*this, options, 2);
  }

 private:
  struct Object {
    std::string bytes;
    std::string md5;
    Timestamp modified;
  };

  static ObjectInfo info(const std::string& key, const Object& object) {
    return {.key = key,
            .size = object.bytes.size(),
            .modified = object.modified,
            .etag = object.md5,
            .md5 = object.md5};
  }

  // False when the page ends before this one.
  static bool add(ObjectPage& page, const ListQuery& query, const std::string& key,
                  const Object& object, std::string& last) {
    if (!key.starts_with(query.prefix)) return false;
    const auto slash = query.flat ? std::string::npos : key.find('/', query.prefix.size());
    const std::string name = slash == std::string::npos ? key : key.substr(0, slash + 1);
    if (name == last || (slash != std::string::npos && query.start_after >= name &&
                         query.start_after.starts_with(name)))
      return true;
    if (page.objects.size() + page.folders.size() == query.limit) {
      page.next = last.ends_with('/') ? last + "\xF4\x8F\xBF\xBF" : last;
      return false;
    }
    last = name;
    if (slash == std::string::npos) {
      page.objects.push_back(info(key, object));
    } else {
      page.folders.push_back(name);
    }
    return true;
  }

  std::mutex guard_;
  std::map<std::string, Object> objects_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace mlopsctl::data
