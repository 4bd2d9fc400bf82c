# mlopsctl_embed(target file symbol): makes the bytes of a file available to a target as
#   namespace mlopsctl::assets { extern const std::string_view <symbol>, <symbol>_sha256; }
# The second holds the base64 SHA-256 of the bytes, as a Content-Security-Policy spells it. The source
# that defines them is written at build time, whenever the file changes; this file is also the script
# that writes it.

function(mlopsctl_embed target file symbol)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.embed.cpp)
  set(script ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DSYMBOL=${symbol} -P ${script}
    DEPENDS ${input} ${script}
    COMMENT "Embedding ${file}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

# 64 hexadecimal digits as 44 base64 characters, the last one padding.
function(_embed_base64 hex result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(text "")
  foreach(offset RANGE 0 60 6)
    string(SUBSTRING "${hex}00" ${offset} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR index "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${index} 1 character)
      string(APPEND text ${character})
    endforeach()
  endforeach()
  string(SUBSTRING ${text} 0 43 text)
  set(${result} "${text}=" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(READ ${INPUT} bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "(('....',)('....',)('....',)('....',)('....',)('....',)('....',)('....',))" "\\1\n"
         bytes "${bytes}")
  file(SHA256 ${INPUT} digest)
  _embed_base64(${digest} digest)
  file(WRITE ${OUTPUT} "#include <string_view>
namespace mlopsctl::assets {
extern const std::string_view ${SYMBOL}, ${SYMBOL}_sha256;
namespace {
constexpr char bytes[] = {
${bytes}};
}
constinit const std::string_view ${SYMBOL}{bytes, sizeof bytes};
constinit const std::string_view ${SYMBOL}_sha256{\"${digest}\"};
}
")
endif()
