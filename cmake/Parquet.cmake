# The Parquet module (src/parquet): a shared object of its own, loaded when a Parquet file is read, so
# that Arrow costs nobody else anything. Arrow is a system package, or the copy inside the pyarrow
# wheel, which brings headers and libraries but no CMake files:
#   -DMLOPSCTL_PYARROW=$(python3 -c 'import pyarrow; print(pyarrow.__path__[0])')
# cmake/pyarrow.sh makes such an environment and prints that path.
set(MLOPSCTL_PYARROW "" CACHE PATH "Folder of the Python package pyarrow, whose Arrow is linked")

find_package(Arrow CONFIG QUIET)
find_package(Parquet CONFIG QUIET)
# Arrow's threads are not known to the thread sanitizer, which would report them.
if(MLOPSCTL_SANITIZE MATCHES thread)
elseif(Arrow_FOUND AND Parquet_FOUND)
  set(parquet_links Arrow::arrow_shared Parquet::parquet_shared)
elseif(MLOPSCTL_PYARROW)
  file(GLOB arrow_library ${MLOPSCTL_PYARROW}/libarrow.so.[0-9]*)
  file(GLOB parquet_library ${MLOPSCTL_PYARROW}/libparquet.so.[0-9]*)
  if(NOT EXISTS ${MLOPSCTL_PYARROW}/include/arrow/api.h OR NOT arrow_library OR NOT parquet_library)
    message(FATAL_ERROR "MLOPSCTL_PYARROW=${MLOPSCTL_PYARROW} has no Arrow: it is the folder that "
                        "python3 -c 'import pyarrow; print(pyarrow.__path__[0])' prints")
  endif()
  set(parquet_links ${arrow_library} ${parquet_library})
endif()

if(parquet_links)
  message(STATUS "Parquet module: yes")
  add_library(mlopsctl_parquet MODULE src/parquet/module.cpp)
  target_link_libraries(mlopsctl_parquet PRIVATE ${parquet_links})
  target_include_directories(mlopsctl_parquet SYSTEM PRIVATE
    $<$<BOOL:${MLOPSCTL_PYARROW}>:${MLOPSCTL_PYARROW}/include>)
  set_target_properties(mlopsctl_parquet PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
    INSTALL_RPATH_USE_LINK_PATH ON)
  # Arrow's headers are the time of this file.
  target_compile_options(mlopsctl_parquet PRIVATE -O1)
  install(TARGETS mlopsctl_parquet LIBRARY DESTINATION lib/mlopsctl)
else()
  message(STATUS "Parquet module: no (cmake/Parquet.cmake says how to get it)")
endif()
