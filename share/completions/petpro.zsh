#compdef petpro
# zsh completion for petpro; the program itself says what may come next.

_petpro() {
  local line tab=$'\t'
  local -a found
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files; return ;;
      :folders) _files -/; return ;;
      # _describe parts a word from what it means by a colon.
      *) found+=("${${line%%$tab*}//:/\\:}:${line#*$tab}") ;;
    esac
  done
  _describe -V -t values petpro found
}

# Loaded from fpath it is the function's own body; sourced, it has to be announced.
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _petpro "$@"
else
  compdef _petpro petpro
fi
