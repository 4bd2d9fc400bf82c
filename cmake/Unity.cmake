# Builds with a sanitizer put up to eight files of a target into one translation unit: half the compile
# time. These keep to themselves, because a name in their unnamed namespace is a neighbour's too. When
# such a build says "redefinition" or "ambiguous", rename the newer one or add its file here.
set(MLOPSCTL_ALONE
  src/data/checkout.cpp src/data/dag.cpp src/data/lock_outputs.cpp src/data/out_entry.cpp src/data/select.cpp
  src/data/remote/source.cpp src/data/remote/sync.cpp src/data/remote/transfer_look.cpp
  src/data/remote/to_remote.cpp src/data/remote/transfer_push.cpp
  src/drift/distributions.cpp src/drift/kolmogorov_pomeranz.cpp src/drift/matrix_tests.cpp src/drift/table_read.cpp
  src/drift/text_lines.cpp src/engine/model_config.cpp src/eval/endpoint/queue.cpp src/eval/lm_eval_export.cpp
  src/formats/json_reader.cpp src/formats/json_table.cpp src/formats/safetensors.cpp src/formats/toml_reader.cpp
  src/platform/process.cpp src/platform/sha256.cpp src/tracking/filter_names.cpp
  tests/eval/task_files_test.cpp tests/support/mock_openai.cpp tests/tokenizer/families_test.cpp
  tests/tokenizer/load_test.cpp)
list(TRANSFORM MLOPSCTL_ALONE PREPEND ${CMAKE_SOURCE_DIR}/)

# mlopsctl_unity(target): to be called where the target is made.
function(mlopsctl_unity target)
  if(CMAKE_UNITY_BUILD)
    cmake_language(EVAL CODE "cmake_language(DEFER CALL mlopsctl_keep_alone ${target})")
  endif()
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
