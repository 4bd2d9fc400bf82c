# Builds with a sanitizer put up to eight files of a layer into one translation unit, for their compile
# time. These keep to themselves, because a name in their unnamed namespace is a neighbour's too. When
# such a build says "redefinition" or "ambiguous", rename the newer one or add its file here.
option(MLOPSCTL_UNITY "Compile several files of a layer at once" OFF)
set(MLOPSCTL_ALONE
  src/data/checkout.cpp src/data/dag.cpp src/data/lock_outputs.cpp src/data/out_entry.cpp src/data/select.cpp
  src/data/remote/source.cpp src/data/remote/sync.cpp src/data/remote/to_remote.cpp
  src/data/remote/transfer_fetch.cpp src/data/remote/transfer_look.cpp src/data/remote/transfer_push.cpp
  src/drift/distributions.cpp src/drift/kolmogorov_pomeranz.cpp src/drift/ks_statistic.cpp src/drift/matrix_tests.cpp
  src/drift/table_read.cpp src/drift/text_lines.cpp
  src/engine/model_config.cpp src/eval/endpoint/queue.cpp src/eval/lm_eval_export.cpp src/eval/lm_eval_results.cpp
  src/eval/template_parser.cpp
  src/formats/json_reader.cpp src/formats/json_table.cpp src/formats/safetensors.cpp src/formats/toml_reader.cpp
  src/platform/process.cpp src/platform/sha256.cpp src/tracking/filter_names.cpp)
list(TRANSFORM MLOPSCTL_ALONE PREPEND ${CMAKE_SOURCE_DIR}/)

# mlopsctl_unity(target): to be called where the target is made.
function(mlopsctl_unity target)
  # Files of these share names, or are made in the build folder with the same names in each.
  if(NOT MLOPSCTL_UNITY OR target MATCHES "^mlopsctl_(ui|cli|deploy_.*)$")
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  cmake_language(EVAL CODE "cmake_language(DEFER CALL mlopsctl_keep_alone ${target})")
endfunction()

function(mlopsctl_keep_alone target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_filename_component(path ${source} ABSOLUTE)
    if(path IN_LIST MLOPSCTL_ALONE)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
