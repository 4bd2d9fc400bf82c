# Warnings live on an interface target that is linked privately, so they never reach a user's build
# as errors: -Werror is on in the developer and CI presets only.
add_library(mlopsctl_warnings INTERFACE)
target_compile_options(mlopsctl_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wformat=2
  -Wno-missing-field-initializers  # designated initialisers leave the rest at its default
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wextra-semi
  $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond>
  $<$<BOOL:${MLOPSCTL_WERROR}>:-Werror>)

# One CMake target per layer; its links mirror the dependency arrows of src/README.md. Tests spend no time in COLD
# ones, FUZZED or not: cmake/Precompiled.cmake.
function(mlopsctl_layer name)
  cmake_parse_arguments(ARG "COLD;FUZZED" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(mlopsctl_${name} STATIC ${ARG_SOURCES})
  target_include_directories(mlopsctl_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include
                                              PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(mlopsctl_${name} PUBLIC ${ARG_LINKS}
                                         PRIVATE ${ARG_PRIVATE_LINKS} mlopsctl_warnings)
  if(ARG_COLD AND ARG_FUZZED)
    mlopsctl_precompiled(mlopsctl_${name} cold_fuzzed)
  elseif(ARG_COLD)
    mlopsctl_precompiled(mlopsctl_${name} cold)
  else()
    mlopsctl_precompiled(mlopsctl_${name} code)
  endif()
  mlopsctl_unity(mlopsctl_${name})
endfunction()
