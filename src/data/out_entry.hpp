// One item of `outs:` as YAML.
#pragma once

#include "mlopsctl/data/dvc_file.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include <string_view>

namespace mlopsctl::data {

// where: "outs[0]", for messages. Throws Error{config}.
OutEntry read_out_entry(const YamlValue& value, std::string_view where);

// In DVC's order: md5, size, nfiles, isexec, hash, path, annotations, flags.
YamlValue out_entry_value(const OutEntry& out);

}  // namespace mlopsctl::data
