# All builds but those configured for work on the code put up to MLOPSCTL_UNITY_FILES files of a target into
# one translation unit, in less than half of the time. A name in the unnamed namespace of one file is then a
# neighbour's too, so the files of a target form sets, each without the same name twice: unity_sets.txt lists
# what is not in set 1, a line "SET PATH" each. When such a build says "redefinition" or "ambiguous", rename the
# newer one, or let cmake/unity_sets.py find a set for it.
option(MLOPSCTL_UNITY "Compile several files of a target at once" OFF)
set(MLOPSCTL_UNITY_FILES 16 CACHE STRING "So many of them")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/unity_sets.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/unity_sets.txt lines)
foreach(line ${lines})
  if(line MATCHES "^([0-9]+) (.+)$")
    set(MLOPSCTL_UNITY_SET_${CMAKE_MATCH_2} ${CMAKE_MATCH_1})
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
    set(set 1)
    if(DEFINED MLOPSCTL_UNITY_SET_${path})
      set(set ${MLOPSCTL_UNITY_SET_${path}})
    endif()
    if(NOT DEFINED files_${set})
      set(files_${set} 0)
    endif()
    math(EXPR group "${files_${set}} / ${MLOPSCTL_UNITY_FILES}")
    math(EXPR files_${set} "${files_${set}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${set}_${group})
  endforeach()
endfunction()
