// What DVC allows in a dvc.yaml, checked before anything is resolved.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

namespace mlopsctl::data {

// Throws Error{config} "line 3: …" for unknown keys and values of the wrong kind.
void check_pipeline_schema(const YamlValue& root);

// The same for a dvc.lock: schema 2.0, known keys only.
void check_lock_schema(const YamlValue& root);
// For one entry of `stages` in a lock, or a run-cache file.
void check_lock_entry(const YamlValue& entry, std::string_view name);

}  // namespace mlopsctl::data
