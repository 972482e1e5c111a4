#!/bin/sh
# Plain HTTP: draw, wait, save. Give the page's address, a key and a file: sh examples/curl.sh http://127.0.0.1:8080 KEY crab.png
set -eu
job=$(curl -sS --fail-with-body "$1/v1/jobs" -H "Authorization: Bearer $2" -H "Prefer: wait=60" \
    -H "Content-Type: application/json" -d '{"prompt": "un crabe à côté d’une barque"}')
picture=$(printf '%s' "$job" | grep -o '/v1/jobs/[^"]*/images/0[^"]*')
curl -sS --fail-with-body -o "$3" "$1$picture"
echo "saved $3"
