// A folder listed the way S3 lists keys.
#pragma once

#include "mlopsctl/data/object_store.hpp"

#include <sys/stat.h>

namespace mlopsctl::data {

ObjectPage list_directory(const fs::path& root, const ListQuery& query);
ObjectInfo directory_object(const std::string& key, const struct stat& status);

}  // namespace mlopsctl::data
