# bash completion for petpro; the program itself says what may come next.

_petpro() {
  local current="" cut="" quote="" line value doc index word tab=$'\t'
  local -a words=() values=() docs=()
  # bash cuts words at = and :, petpro wants them whole.
  local glue=0
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word="${COMP_WORDS[index]}"
    if [[ ${#words[@]} -gt 0 && ($glue == 1 || $word == [=:]*) ]]; then
      words[${#words[@]}-1]+="$word"
    else
      words+=("$word")
    fi
    [[ $word == *[=:] && $word == [=:]* ]] && glue=1 || glue=0
  done
  [[ ${#words[@]} -eq 0 ]] && words=("")
  current="${words[${#words[@]}-1]}"
  # Only what comes after the last cut is ours to replace.
  [[ $current == *[=:]* ]] && cut="${current%"${current##*[=:]}"}"
  [[ $current == [\"\']* ]] && quote="${current:0:1}"

  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${current#"$cut"}")
        return 0
        ;;
      :folders)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "${current#"$cut"}")
        return 0
        ;;
    esac
    value="${line%%"$tab"*}"
    doc=""
    [[ $line == *"$tab"* ]] && doc="${line#*"$tab"}"
    values+=("${value#"$cut"}")
    docs+=("$doc")
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)

  for index in "${!values[@]}"; do
    value="${values[index]}"
    doc="${docs[index]}"
    # The list of a second Tab (63) shows what words mean; anywhere else bash would type that too.
    if [[ ${COMP_TYPE:-9} == 63 && ${#values[@]} -gt 1 && -n $doc ]]; then
      printf -v line '%-26s %s' "$value" "$doc"
      COMPREPLY+=("${line:0:$((${COLUMNS:-80} - 2))}")
    elif [[ -n $quote ]]; then
      COMPREPLY+=("$value$quote")
    else
      printf -v value '%q' "$value"
      COMPREPLY+=("$value")
    fi
  done
  return 0
}

# Our order says what matters; before bash 4.4 it is the alphabet's.
complete -o nosort -F _petpro petpro 2>/dev/null || complete -F _petpro petpro
