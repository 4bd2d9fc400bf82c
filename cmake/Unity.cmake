# Builds of tests/run.sh, release builds and those with a sanitizer put up to eight files of a target into one
# translation unit: half the compile time. Those of unity_alone.txt keep to themselves, because a name in their unnamed
# namespace is a neighbour's too. When such a build says "redefinition" or "ambiguous", rename the newer
# one or add its file there.
option(MLOPSCTL_UNITY "Compile several files of a target at once" OFF)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt MLOPSCTL_ALONE)
if(MLOPSCTL_UNITY)
  # GCC takes what only one .cpp file includes for a header.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
list(TRANSFORM MLOPSCTL_ALONE PREPEND ${CMAKE_SOURCE_DIR}/)

# mlopsctl_unity(target): to be called where the target is made.
function(mlopsctl_unity target)
  if(NOT MLOPSCTL_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  cmake_language(EVAL CODE "cmake_language(DEFER CALL mlopsctl_keep_alone ${target})")
endfunction()

function(mlopsctl_keep_alone target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_filename_component(path ${source} ABSOLUTE)
    # Embedded files are made with the same names in each.
    if(path IN_LIST MLOPSCTL_ALONE OR path MATCHES "[.]embed[.]cpp$")
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
