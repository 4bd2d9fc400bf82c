// The file beside this one, embedded by cmake/Embed.cmake.
#pragma once

#include <string_view>

namespace mlopsctl::assets {

extern const std::string_view plot_templates;

}  // namespace mlopsctl::assets
