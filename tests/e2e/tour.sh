#!/usr/bin/env bash
# The whole REST contract by curl, as somebody would try it who has read nothing but the protocol.
#   BASE=http://localhost:8000 tests/e2e/tour.sh      (the demo of `make up`; every line says what was expected)
set -euo pipefail
BASE=${BASE:-http://localhost:8000} ORG=${ORG:-acme} PASSWORD=${PASSWORD:-parley-demo}
OWNER=${OWNER:-owner@acme.example} MEMBER=${MEMBER:-member@acme.example} STRANGER=${STRANGER:-owner@globex.example}
API=$BASE/o/$ORG/api/v1 passed=0 token='' body=''

# call STATUS METHOD PATH [JSON]: fails unless the status matches; its body is left in $body.
call() {
  local want=$1 method=$2 path=$3 got
  [[ $path == /* ]] && path=$BASE$path || path=$API/$path
  body=$(curl -sS -X "$method" -w '\n%{http_code}' ${token:+-H "Authorization: Bearer $token"} \
    ${4:+-H 'Content-Type: application/json' -d "$4"} -- "$path")
  got=${body##*$'\n'} body=${body%$'\n'*}
  [[ $got =~ ^$want$ ]] || { echo "FAILED $method $path: $got instead of $want: $body" >&2; exit 1; }
  passed=$((passed + 1))
  printf '%s %-6s %s\n' "$got" "$method" "${path#"$BASE"}"
}
# is EXPRESSION: a Python expression about `it`, the last answer, that must be true.
is() { python3 -c 'import json,sys; it=json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$1" <<<"$body" ||
  { echo "FAILED not so: $1: ${body:0:1000}" >&2; exit 1; }; }
get() { python3 -c 'import json,sys; it=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$body"; }
uuid() { python3 -c 'import uuid; print(uuid.uuid4())'; }
sign_in() { token=''; call 201 POST /api/v1/tokens "{\"email\":\"$1\",\"password\":\"$PASSWORD\",\"label\":\"tour\"}"; token=$(get 'it["token"]'); }

call 401 GET /api/v1/me;                                       is 'it["code"] == "not_authenticated"'
call 401 POST /api/v1/tokens "{\"email\":\"$OWNER\",\"password\":\"wrong\",\"label\":\"tour\"}"
sign_in "$OWNER"; owner=$token
call 200 GET /api/v1/me;                                       is "'$ORG' in [o['slug'] for o in it['organizations']]"
me=$(get "[o['member'] for o in it['organizations'] if o['slug'] == '$ORG'][0]")
call 200 GET /api/v1/tokens;                                   is 'it["results"][0]["label"] == "tour"'
call 200 GET /api/v1/schema;                                   is 'it["openapi"].startswith("3.1")'

call 200 GET members;                                          is 'len(it["results"]) > 1'
other=$(get "[m['id'] for m in it['results'] if m['role'] == 'member'][0]")
call 200 GET "members/$other"
call 200 GET presence;                                         is "'$me' in [p['member'] for p in it['results']]"

name=tour-$(uuid | cut -c1-8)
call 201 POST conversations "{\"kind\":\"public\",\"name\":\"$name\",\"topic\":\"a tour\"}"
channel=$(get 'it["id"]');                                     is 'it["participant"]["role"] == "admin"'
call 409 POST conversations "{\"kind\":\"public\",\"name\":\"$name\"}"
call 422 POST conversations '{"kind":"public","name":"two words"}';  is '"name" in it["errors"]'
call 200 GET conversations;                                    is "'$channel' in [c['id'] for c in it['results']]"
call 200 GET "conversations?browse=1&q=$name";                 is 'len(it["results"]) == 1'
call 200 GET "conversations/$channel"
call 200 PATCH "conversations/$channel" '{"topic":"a longer tour"}'; is 'it["version"] == 2'
call 201 POST "conversations/$channel/participants" "{\"member\":\"$other\"}"
call 200 GET "conversations/$channel/participants";            is 'len(it["results"]) == 2'
call 200 PATCH "conversations/$channel/participants/$other" '{"role":"admin"}'
call 200 PATCH "conversations/$channel/participants/$me" '{"notifications":"mentions"}'

call '20[01]' POST conversations "{\"kind\":\"direct\",\"members\":[\"$other\"]}"

ref=$(uuid)
call 201 POST "conversations/$channel/messages" "{\"ref\":\"$ref\",\"text\":\"hello **$name**\"}"
message=$(get 'it["id"]');                                     is '"<strong>" in it["html"] and it["seq"] == 1'
call 200 POST "conversations/$channel/messages" "{\"ref\":\"$ref\",\"text\":\"hello **$name**\"}"; is "it['id'] == '$message'"
call 422 POST "conversations/$channel/messages" '{"text":"no ref"}'; is '"ref" in it["errors"]'
call 201 POST "conversations/$channel/messages" "{\"ref\":\"$(uuid)\",\"text\":\"a reply\",\"thread\":\"$message\"}"
call 200 GET "messages/$message/thread";                       is 'it["results"][0]["reply_count"] == 1 and len(it["results"]) == 2'
call 200 GET "conversations/$channel/messages?after=1";        is '[m["seq"] for m in it["results"]] == [2]'
call 200 GET "conversations/$channel/messages?limit=1";        is 'it["results"][0]["seq"] == 2 and "before=2" in it["next"]'
call 200 GET "conversations/$channel/messages?around=1"
call 200 PATCH "messages/$message" "{\"text\":\"hello again $name\"}"; is 'it["edited_at"] is not None'
call 409 PATCH "messages/$message" '{"text":"too late","version":1}'
call 200 GET "messages/$message/revisions";                    is 'len(it["results"]) == 1'
call 200 PUT "messages/$message/reactions/%F0%9F%91%8D";       is 'it["reactions"][0]["emoji"] == "👍"'
call 422 PUT "messages/$message/reactions/hello"
call 204 DELETE "messages/$message/reactions/%F0%9F%91%8D"
call 200 GET "messages/$message";                              is 'it["reactions"] == []'
call 200 GET "search?q=$name";                                 is 'len(it["results"]) == 1 and it["results"][0]["excerpt"]'

sign_in "$MEMBER"
call 200 GET "conversations/$channel";                         is 'it["unread_count"] == 2'
call 200 PUT "conversations/$channel/read" '{"seq":2}';        is 'it["read_seq"] == 2'
call 200 PUT "conversations/$channel/read" '{"seq":1}';        is 'it["read_seq"] == 2'
call 201 POST "messages/$message/report" '{"reason":"other","comment":"just a tour"}'
call 403 PATCH "messages/$message" '{"text":"not mine"}'
call 204 POST "conversations/$channel/leave"
call 200 POST "conversations/$channel/join"
call 200 POST conversations "{\"kind\":\"direct\",\"members\":[\"$me\"]}"; is 'len(it["people"]) == 2'
call 201 POST clients '{"platform":"bot","label":"tour"}';     is 'it["tag"] == 0'
client=$(get 'it["id"]')
call 200 GET clients;                                          is "'$client' in [c['id'] for c in it['results']]"
call 204 DELETE "clients/$client"
call 201 POST clients '{"platform":"web"}'; client=$(get 'it["id"]')
call 204 POST "clients/$client/close"
call 200 GET sync;                                             is 'it["full"] and not it["more"]'
call 200 GET "sync?cursor=$(get 'it["cursor"]')";              is 'not it["full"]'

sign_in "$STRANGER"
for path in conversations "conversations/$channel" "conversations/$channel/messages" "messages/$message" members sync "search?q=$name"; do
  call 404 GET "$path";                                        is 'it["code"] == "not_found"'
done
call 404 POST "conversations/$channel/messages" "{\"ref\":\"$(uuid)\",\"text\":\"hi\"}"
call 204 DELETE /api/v1/tokens/current
call 401 GET /api/v1/me

token=$owner
call 204 DELETE "messages/$message"
call 200 GET "messages/$message";                              is 'it["text"] == "" and it["deleted_at"]'
call 204 DELETE "conversations/$channel/participants/$other"
call 200 POST "conversations/$channel/archive"
call 403 POST "conversations/$channel/messages" "{\"ref\":\"$(uuid)\",\"text\":\"closed\"}"
call 405 PUT conversations
call 204 DELETE /api/v1/tokens/current
echo "$passed calls, all as expected"
