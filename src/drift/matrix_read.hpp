// Matrices: .npy, .npz and safetensors, mapped where they lie in the file as they are.
#pragma once

#include "mlopsctl/compute/matrix.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include "drift/inputs.hpp"

namespace mlopsctl::drift {

// Throws Error{corrupt} or Error{usage} naming the input.
MatrixPart read_matrix(const Input& input, const ReadOptions& options,
                       std::vector<std::string>& notes);

}  // namespace mlopsctl::drift
