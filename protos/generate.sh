#!/bin/sh
# Remakes the committed stubs under fournil/ from protos/. `make lint` fails when they are not fresh.
set -eu
python=${PYTHON:-python}
out=${1:-.}
$python -m grpc_tools.protoc -I protos --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" \
    $(find protos/fournil -name '*.proto' | sort)
find "$out/fournil" -type d -name v1 | while read -r folder; do
    touch "$folder/__init__.py" "$(dirname "$folder")/__init__.py"
done
