// safetensors: 8 bytes length, a JSON header with type, shape and place of each tensor, the values.
// https://github.com/huggingface/safetensors#format
#pragma once

#include "mlopsctl/formats/array.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mlopsctl {

// All tensors in the order of the file. `bytes` may stop after the header; `file_size` is what must
// hold all values. Tensors of types without a NumberType (8-bit floats) are left out and named in
// `left_out`. Throws Error{corrupt} (message without the name of the file) where the reference
// implementation refuses: headers above 100 MB, names that occur twice, a size that is not the
// shape's, tensors that overlap, leave holes or do not end where the file does.
struct SafetensorsHeader {
  std::vector<ArrayLayout> tensors;
  std::vector<std::string> left_out;
};
SafetensorsHeader parse_safetensors(std::string_view bytes, std::uint64_t file_size);

}  // namespace mlopsctl
