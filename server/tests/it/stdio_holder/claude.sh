# Speaks as Claude Code 2.1.329 does over its pipes, as far as requests to use tools go (core/testdata/stream).
#
# Writes every line that it is told into $1. A message "ask <n>" has it ask n times at once; its turn ends when all are
# answered, or with an interrupt. Every eleventh request it takes back by itself. Any other message is answered at once.

heard=$1
asked=0
open=' '

say() { printf '%s\n' "$1"; }
# Of a line that was heard: what stands behind the last "$1":" in it, up to the next quote.
field() { value=${line##*"\"$1\":\""}; value=${value%%'"'*}; }
succeeds() { say '{"type":"control_response","response":{"subtype":"success","request_id":"'"$1"'","response":{}}}'; }
result() { say '{"type":"result","subtype":"success","is_error":false,"duration_ms":1,"total_cost_usd":0}'; }

while IFS= read -r line; do
  printf '%s\n' "$line" >>"$heard"
  case $line in
    *'"subtype":"initialize"'*)
      field request_id
      succeeds "$value" ;;
    *'"subtype":"interrupt"'*)
      field request_id
      for id in $open; do
        say '{"type":"control_cancel_request","request_id":"'"$id"'"}'
      done
      open=' '
      succeeds "$value"
      result ;;
    *'"text":"ask '*)
      field text
      until=$((asked + ${value#ask }))
      say '{"type":"system","subtype":"status","status":"requesting"}'
      while [ $asked -lt $until ]; do
        asked=$((asked + 1))
        id=r-$asked
        case $((asked % 7)) in
          3) command="ruled echo $asked of $2" ;;
          *) command="echo $asked of $2" ;;
        esac
        say '{"type":"control_request","request_id":"'$id'","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"'"$command"'"},"description":"a command","tool_use_id":"t-'$id'"}}'
        if [ $((asked % 11)) -eq 5 ]; then
          (sleep 0.03; say '{"type":"control_cancel_request","request_id":"'$id'"}') &
        else
          open="$open$id "
        fi
      done ;;
    *'"type":"user"'*)
      result ;;
    *'"type":"control_response"'*)
      id=${line#*'"request_id":"'}
      id=${id%%'"'*}
      case $open in
        *" $id "*)
          open="${open%%" $id "*} ${open#*" $id "}"
          if [ "$open" = ' ' ]; then result; fi ;;
      esac ;;
  esac
done
