// The objects of the simulated cluster with their versions: what etcd is to the API server.
#pragma once

#include "support/cluster/kinds.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;  // never changed once stored

struct Change {
  std::uint64_t version = 0;
  const ResourceType* type = nullptr;
  Object before, after;  // null: it did not exist, it exists no more
};

class Store {
 public:
  Object find(const ResourceType& type, const std::string& name_space,
              const std::string& name) const;
  std::vector<Object> list(const ResourceType& type, const std::string& name_space = {}) const;
  // Adds or replaces; the stored object gets the next resourceVersion.
  Object put(const ResourceType& type, Json object);
  void erase(const ResourceType& type, const std::string& name_space, const std::string& name);

  std::uint64_t version() const { return version_; }
  // After that version, oldest first; nothing if the log does not reach back so far.
  std::optional<std::vector<Change>> changes_since(std::uint64_t version) const;

 private:
  using Names = std::pair<std::string, std::string>;
  void log(const ResourceType& type, Object before, Object after);

  std::uint64_t version_ = 1000;
  std::map<const ResourceType*, std::map<Names, Object>> objects_;
  std::deque<Change> log_;
};

// Members of metadata; empty if there is none.
std::string name_of(const Json& object);
std::string namespace_of(const Json& object);
std::string uid_of(const Json& object);
// object[a][b]…, or null.
const Json& at(const Json& object, std::initializer_list<std::string_view> path);
std::string text_at(const Json& object, std::initializer_list<std::string_view> path);
int number_at(const Json& object, std::initializer_list<std::string_view> path, int otherwise = 0);
// The uid of the owner that controls it, or empty.
std::string controller_of(const Json& object);

}  // namespace mlopsctl::testing
