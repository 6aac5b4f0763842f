# Builds Go programs into $bin. Shared by build and fleet; the caller has read common.sh.

# Go 1.21 and newer fetch the toolchain that go.mod asks for by themselves.
go_is_new_enough() { command -v go >/dev/null && [ "$(printf '1.21\n%s\n' "$(go env GOVERSION | tr -d go)" | sort -V | head -1)" = 1.21 ]; }

find_go() {
  PATH=$PATH:/usr/local/go/bin
  go_is_new_enough && return
  say "installing Go from Debian"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go >/dev/null || true
  go_is_new_enough || fail "Go 1.21 or newer is needed to build Kubernetes; this machine's Debian has none: install it from https://go.dev/dl into /usr/local/go"
}

# Programs that are modules of their own, with all their dependencies pinned: coredns, kwok.
go_install() { # file, package@version
  [ -x "$bin/$1" ] && return
  say "building $1"
  find_go
  GOFLAGS='' CGO_ENABLED=0 GOBIN=$bin go install -trimpath -ldflags "-s -w" "$2"
}
