#!/bin/sh
# Installs the official MeshAgent clients and third parties' own senders for the interop
# tests: Python 3.13's in .venv-interop, npm's in tests/interop/node/node_modules;
# Zapier's core and Node-RED in the node_modules of integrations/zapier and
# integrations/node-red. An Alertmanager is left to the system's package manager. Run it as
# often as you like: what is there already, from the same lock, is left alone.
#
# Exit 0: everything is there. Exit 1: something cannot be had here; one sentence on
# stderr says what. With CI=true nothing is forgiven; without it the tests that miss
# their peer are skipped, and say so.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
venv="$root/.venv-interop"
lock="$root/requirements/interop.txt"
node_dir="$root/tests/interop/node"
zapier_dir="$root/integrations/zapier"
node_red_dir="$root/integrations/node-red"

missing() {
    echo "interop: $1" >&2
    if [ "${CI:-}" = "true" ]; then
        exit 1
    fi
}

digest() {
    cat "$@" | cksum
}

is_313() {
    [ "$("$1" -c 'import sys; print(sys.version_info[:2] == (3, 13))' 2>/dev/null)" = "True" ]
}

find_python() {
    found=$(command -v python3.13 2>/dev/null || true)
    # A pyenv shim may exist for a version that is not the chosen one: it then fails.
    if [ -n "$found" ] && is_313 "$found"; then
        echo "$found"
        return 0
    fi
    pyenv_root=$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")
    for candidate in "$pyenv_root"/versions/3.13*/bin/python "$HOME"/.pyenv/versions/3.13*/bin/python; do
        if [ -x "$candidate" ] && is_313 "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

install_python() {
    wanted=$(digest "$lock")
    if [ -x "$venv/bin/meshagent" ] && [ "$(cat "$venv/.lock-digest" 2>/dev/null)" = "$wanted" ]; then
        return 0
    fi
    python=$(find_python) || {
        missing "the official Python SDK and CLI need Python 3.13, and there is none on PATH or under pyenv"
        return 0
    }
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check \
        --require-hashes --only-binary :all: -r "$lock"
    echo "$wanted" > "$venv/.lock-digest"
}

# install_node FOLDER WHAT: the packages of FOLDER's lock, beside it.
install_node() {
    wanted=$(digest "$1/package.json" "$1/package-lock.json")
    if [ "$(cat "$1/node_modules/.lock-digest" 2>/dev/null)" = "$wanted" ]; then
        return 0
    fi
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        missing "$2 needs node and npm (Node 20 or newer), and they are not on PATH"
        return 0
    fi
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$wanted" > "$1/node_modules/.lock-digest"
}

need_alertmanager() {
    command -v prometheus-alertmanager >/dev/null 2>&1 ||
        missing "the tests of sources want Debian's prometheus-alertmanager on PATH"
}

install_python
need_alertmanager
install_node "$node_dir" "the official TypeScript SDK, and what third parties send with,"
install_node "$zapier_dir" "Zapier's core"
install_node "$node_red_dir" "Node-RED"
