# shellcheck shell=bash
# For tests that start servers: source it.

# skip_without TOOL…: ends as skipped where one is missing. Packages are named after what needs them.
skip_without() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || {
      echo "skipped: no $tool: apt-get install prometheus prometheus-alertmanager prometheus-pushgateway curl"
      exit 77
    }
  done
}

# A folder of the test's own to work in, its HOME too. Processes whose ids are in `started` end with
# the test.
started=()
enter_sandbox() {
  work=$(mktemp -d)
  trap leave_sandbox EXIT
  cd "$work" || exit 1
  export HOME=$work XDG_CONFIG_HOME=$work/config
}
# shellcheck disable=SC2317  # called by the trap
leave_sandbox() {
  [ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
