#!/usr/bin/env bash
# Holds #includes to the dependency table of src/README.md, foreign headers to their wrappers,
# include/ to contracts, types to names of their own, and files to 600 lines. Each line of output says where, what and what to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# layer: the layers that it may include, itself among them
table='
base: base
platform: platform base
formats: formats base
alerting: alerting formats platform base
tracking: tracking formats platform base
parquet: parquet
compute: compute gpu formats platform base
data: data formats platform base
drift: drift compute formats platform base
quality: quality drift formats platform base
gpu: gpu platform base
tokenizer: tokenizer formats platform base
engine: engine gpu formats platform base
eval: eval engine tokenizer drift formats platform base
deploy: deploy drift formats platform base
ui: ui platform/terminal base
cli: cli context ui formats platform base
commands: commands context cli ui alerting data deploy eval engine tokenizer quality drift compute tracking formats platform base
'
# header, as an extended regex: the places that may include it
foreign='
^CLI/: src/cli/parse.cpp
^sqlite3\.h: src/platform/sqlite
^git2[./]: src/platform/git
^openssl/: src/platform/
^curl/: src/platform/http
^pugixml: src/formats/s3_xml
^simdjson: src/(formats|tokenizer)/
^yaml\.h: src/formats/
^toml\+\+/: src/formats/toml_reader.cpp
^libsmartcols/: src/ui/
^kainjow/: src/ui/
^boost/: src/drift/distributions
^pcre2\.h: src/(tracking|tokenizer|engine|eval)/
^(arrow|parquet)/: src/parquet/
^(cuda_runtime|cublas_v2|cublasLt|cub/): src/((compute|engine)/cuda|gpu)/
^hiredis/: src/platform/redis
^zlib\.h: src/formats/inflate
^utf8proc\.h: src/(formats/unicode|tokenizer/)
'

includes() {
  find include src commands -name '*.[ch]pp' -print0 | sort -z |
    xargs -0 grep -nHE '^[[:space:]]*#[[:space:]]*include' |
    sed -E 's/^([^:]+):([0-9]+):[^<"]*[<"]([^>"]+)([>"]).*/\1\t\2\t\3\t\4/'
}

problems=$(
  includes | awk -F'\t' -v table="$table" -v foreign="$foreign" '
    BEGIN {
      n = split(table, rows, "\n")
      for (i = 1; i <= n; i++) if (split(rows[i], row, ": ") == 2) allowed[row[1]] = " " row[2] " "
      n = split(foreign, rows, "\n")
      for (i = 1; i <= n; i++) if (split(rows[i], row, ": ") == 2) { header[++headers] = row[1]; place[headers] = row[2] }
    }
    function layer_of(path,   parts) {  # of a file, or of an include with its prefix removed
      sub(/^include\/mlopsctl\//, "", path); sub(/^src\//, "", path)
      if (path !~ /\//) return "context"   # main.cpp, context.*: they put everything together
      split(path, parts, "/")
      return parts[1]
    }
    function complain(text) { printf "%s:%s: %s\n", $1, $2, text }
    {
      file = $1; name = $3; from = layer_of(file)
      if ($4 == "\"") {
        private = name !~ /^mlopsctl\//
        target = name; sub(/^mlopsctl\//, "", target)
        to = layer_of(target)
        if (private && file ~ /^include\//)
          complain("a contract includes the private header \"" name "\": move what it needs into include/")
        if (private && name !~ /\//) { complain("\"" name "\" has no folder: write it from src/, \"" from "/" name "\""); next }
        if (from == "context") next
        if (!(from in allowed)) { complain("the layer \"" from "\" is unknown: add it to tests/lint/layers.sh and src/README.md"); next }
        ok = index(allowed[from], " " to " ") > 0
        stem = target; sub(/\.hpp$/, "", stem)
        if (!ok && index(allowed[from], " " stem " ") > 0) ok = 1
        if (!ok) complain("\"" from "\" must not depend on \"" to "\" (" name "): see the table in src/README.md")
        # Open without a contract: what the verbs help and completion need, and the owners of CUDA handles.
        else if (private && to != from && !(from == "commands" && to == "cli") && to != "gpu")
          complain("\"" name "\" is private to \"" to "\": include its contract mlopsctl/" to "/… instead")
        next
      }
      posix = file ~ /^include\/mlopsctl\/platform\// && name ~ /^(sys\/types|signal|unistd)\.h$/
      if (file ~ /^include\// && name ~ /[.\/]/ && name != "nlohmann/json_fwd.hpp" && !posix)
        complain("<" name "> in a contract: only the standard library, nlohmann/json_fwd.hpp and mlopsctl headers")
      for (i = 1; i <= headers; i++)
        if (name ~ header[i] && file !~ ("^" place[i]))
          complain("<" name "> belongs in " place[i] " only: go through its wrapper")
    }'
  # Two types of one name make one program with the members of either (the one definition rule): no compiler
  # sees it, and no linker.
  # shellcheck disable=SC2016  # of awk
  find include src commands -name '*.[ch]pp' -print0 | sort -z | xargs -0 awk '
    FNR == 1 { depth = 0 }
    /^namespace .*\{$/ { space[++depth] = $2 == "{" ? "" : $2; next }
    /^\}  \/\/ namespace/ { depth--; next }
    /^(class|struct) [A-Za-z0-9_]+( final)?( :[^:].*| \{.*)$/ {
      name = ""
      for (i = 1; i <= depth; i++) { if (space[i] == "") next; name = name space[i] "::" }
      name = name $2
      if ((name in first) && index(first[name], FILENAME ":") != 1)
        printf "%s:%d: \"%s\" is also in %s: name one of them otherwise\n", FILENAME, FNR, name, first[name]
      else
        first[name] = FILENAME ":" FNR
    }'
  find include src commands tests bench \( -name '*.[ch]pp' -o -name '*.py' -o -name '*.sh' \) -exec wc -l {} + |
    awk '$2 != "total" && $1 > 600 { printf "%s:601: %d lines: split it, 600 is the limit\n", $2, $1 }'
)
if [ -n "$problems" ]; then
  printf '%s\n' "$problems" >&2
  exit 1
fi
