// Compiled for this instruction set (CMakeLists.txt) and called only where the processor has it.
#include "engine/cpu/kernels_attention.hpp"
#include "engine/cpu/kernels_product.hpp"
#include "engine/cpu/kernels_rows.hpp"
#include "engine/cpu/lanes_avx2.hpp"

namespace mlopsctl::engine::cpu {

const Kernels kernels_avx2{.name = "avx2",
                           .product_rows = product_rows_of<Lanes>,
                           .product_columns = product_columns_of<Lanes>,
                           .product_rounded = nullptr,
                           .add = add_rows<Lanes>,
                           .gelu = gelu<Lanes>,
                           .gated_silu = gated_silu<Lanes>,
                           .layer_norm = layer_norm<Lanes>,
                           .rms_norm = rms_norm<Lanes>,
                           .rotate = rotate<Lanes>,
                           .attention = attention<Lanes>,
                           .summarise = summarise<Lanes>};

}  // namespace mlopsctl::engine::cpu
