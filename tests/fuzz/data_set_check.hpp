// Any bytes are a data set or an error, in every format; what is read keeps its promises.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_npy(std::string_view bytes);
void check_npz(std::string_view bytes);
void check_safetensors(std::string_view bytes);
// Reading a table whole and cut into parts gives the same columns.
void check_csv(std::string_view bytes);
void check_json_table(std::string_view bytes);
void check_schema(std::string_view bytes);
// The first byte chooses one of the above.
void check_data_set(std::string_view bytes);

}  // namespace mlopsctl::fuzz
