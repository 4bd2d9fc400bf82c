// Matrices: .npy, .npz and safetensors, mapped where they lie in the file as they are.
#pragma once

#include "mlopsctl/compute/matrix.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include "drift/inputs.hpp"

namespace mlopsctl::drift {

// Throws Error{corrupt} or Error{usage} naming the input.
MatrixPart read_matrix(const Input& input, const ReadOptions& options);

// Throws Error{usage} if a part of another input is not `columns` wide; 0 is any.
void check_same_width(const Input& input, const MatrixPart& part, std::uint64_t columns,
                      const Input& first);

}  // namespace mlopsctl::drift
