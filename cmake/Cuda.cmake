# The CUDA sources are compiled by calling nvcc: CMake 3.25 does not know C++20 of nvcc 13, and the
# project's flags are GCC's. AUTO takes CUDA where nvcc, its static runtime and cuBLAS's header are, but
# only for release builds: the sorting templates take two minutes to compile.
set(MLOPSCTL_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO, ON, OFF")
set_property(CACHE MLOPSCTL_CUDA PROPERTY STRINGS AUTO ON OFF)

set(MLOPSCTL_CUDA_ARCHITECTURES "80;90" CACHE STRING "Machine code for these, and PTX of the last")

set(MLOPSCTL_CUDA_FOUND OFF)
set(wanted ${MLOPSCTL_CUDA})
if(wanted STREQUAL AUTO AND NOT CMAKE_BUILD_TYPE STREQUAL Release)
  set(wanted OFF)
endif()
if(wanted AND NOT MLOPSCTL_SANITIZE)
  find_program(NVCC nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(NVCC)
    get_filename_component(cuda_root ${NVCC} REALPATH)
    get_filename_component(cuda_root ${cuda_root}/../.. ABSOLUTE)
    find_path(CUDA_INCLUDE_DIR cublas_v2.h HINTS ${cuda_root} PATH_SUFFIXES include)
    find_library(CUDART_LIBRARY libcudart_static.a HINTS ${cuda_root} PATH_SUFFIXES lib64 lib)
  endif()
  if(NVCC AND CUDA_INCLUDE_DIR AND CUDART_LIBRARY)
    set(MLOPSCTL_CUDA_FOUND ON)
  elseif(NOT wanted STREQUAL AUTO)
    message(FATAL_ERROR "MLOPSCTL_CUDA is ${MLOPSCTL_CUDA}, but nvcc, libcudart_static.a or cublas_v2.h was not found")
  endif()
endif()
message(STATUS "CUDA backend: ${MLOPSCTL_CUDA_FOUND}")

# mlopsctl_cuda_sources(target source…): compiles .cu files into a target, which links mlopsctl_gpu for
# the CUDA runtime.
function(mlopsctl_cuda_sources target)
  foreach(number ${MLOPSCTL_CUDA_ARCHITECTURES})
    list(APPEND architectures -gencode arch=compute_${number},code=sm_${number})
    set(ptx -gencode arch=compute_${number},code=compute_${number})
  endforeach()
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    set(launcher ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
  foreach(source ${ARGN})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${source}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${launcher} ${NVCC} -std=c++20 -O3 -DNDEBUG -lineinfo
              ${architectures} ${ptx}
              -Xcompiler=-Wall,-Wextra,-fPIE -I${CMAKE_SOURCE_DIR}/include -I${CMAKE_SOURCE_DIR}/src
              -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "Building CUDA object ${source}"
      VERBATIM)
    target_sources(${target} PRIVATE ${object})
  endforeach()
endfunction()
