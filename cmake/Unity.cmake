# All builds but those configured for work on the code put many files of a target into one translation unit, in
# less than half of the time. A name in the unnamed namespace of one file is then a neighbour's too, so files with
# the same name must be in different units: unity_units.txt lists what is not in unit 1 of its target, a line
# "UNIT PATH" each. When such a build says "redefinition" or "ambiguous", rename the newer one, or let
# cmake/unity_units.py find a place for it.
option(MLOPSCTL_UNITY "Compile several files of a target at once" OFF)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/unity_units.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/unity_units.txt lines)
foreach(line ${lines})
  if(line MATCHES "^([0-9]+) (.+)$")
    set(MLOPSCTL_UNIT_${CMAKE_MATCH_2} ${CMAKE_MATCH_1})
  endif()
endforeach()
if(MLOPSCTL_UNITY)
  # GCC takes what only one .cpp file includes for a header.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

# mlopsctl_unity(target): to be called where the target is made.
function(mlopsctl_unity target)
  if(NOT MLOPSCTL_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  cmake_language(EVAL CODE "cmake_language(DEFER CALL mlopsctl_unity_groups ${target})")
endfunction()

function(mlopsctl_unity_groups target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_filename_component(path ${source} ABSOLUTE)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${path})
    if(path MATCHES "[.]embed[.]cpp$")  # made with the same names in each
      continue()
    endif()
    set(unit 1)
    if(DEFINED MLOPSCTL_UNIT_${path})
      set(unit ${MLOPSCTL_UNIT_${path}})
    endif()
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${unit})
  endforeach()
endfunction()
