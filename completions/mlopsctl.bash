# bash completion for mlopsctl: asks the program itself, so it is never out of date.
_mlopsctl() {
  local cur prev words cword reply kind line
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: cur prev words cword
  else
    cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  reply=$(MLOPSCTL_COMPLETE=$((cword - 1)) "${words[0]}" "${words[@]:1}" 2>/dev/null) || return
  kind=${reply%%$'\n'*}
  COMPREPLY=()
  while IFS=$'\t' read -r line _; do
    [[ -n $line ]] && COMPREPLY+=("$(printf '%q' "$line")")
  done < <(printf '%s\n' "$reply" | tail -n +2)
  case $kind in
    files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
    directories) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
    programs) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
  esac
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _mlopsctl mlopsctl
