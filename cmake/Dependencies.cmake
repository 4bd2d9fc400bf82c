# Debian packages; README.md lists them. Static where an archive exists, because every shared library
# costs start-up time; libgit2, libcurl and NVML are loaded at first use and are
# not linked at all.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(simdjson REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers: Boost.Math
pkg_check_modules(SMARTCOLS REQUIRED IMPORTED_TARGET smartcols)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)
find_package(CURL REQUIRED)

# mlopsctl_static(target library header): links lib<library>.a, or the shared one where there is none.
function(mlopsctl_static target library header)
  find_path(${target}_INCLUDE_DIR ${header} REQUIRED)
  find_library(${target}_LIBRARY NAMES lib${library}.a ${library} REQUIRED)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${${target}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${target}_INCLUDE_DIR})
endfunction()

mlopsctl_static(dep_sqlite sqlite3 sqlite3.h)
target_link_libraries(dep_sqlite INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
mlopsctl_static(dep_hiredis hiredis hiredis/hiredis.h)
mlopsctl_static(dep_yaml yaml yaml.h)
mlopsctl_static(dep_pugixml pugixml pugixml.hpp)
mlopsctl_static(dep_pcre2 pcre2-8 pcre2.h)
mlopsctl_static(dep_zlib z zlib.h)
mlopsctl_static(dep_utf8proc utf8proc utf8proc.h)
target_compile_definitions(dep_utf8proc INTERFACE UTF8PROC_STATIC)
mlopsctl_static(dep_crypto crypto openssl/evp.h)
target_link_libraries(dep_crypto INTERFACE Threads::Threads ${CMAKE_DL_LIBS})

# The soname that platform/git.cpp asks the dynamic loader for.
get_filename_component(libgit2_real "${pkgcfg_lib_LIBGIT2_git2}" REALPATH)
string(REGEX MATCH "libgit2\\.so\\.[0-9]+\\.[0-9]+" MLOPSCTL_LIBGIT2_SONAME "${libgit2_real}")

# The soname that platform/http_library.cpp asks for.
get_filename_component(libcurl_real "${CURL_LIBRARY_RELEASE}" REALPATH)
string(REGEX MATCH "libcurl[-a-z]*\\.so\\.[0-9]+" MLOPSCTL_LIBCURL_SONAME "${libcurl_real}")
