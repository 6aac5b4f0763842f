# Starts and stops plain processes and the control plane of a cluster in the folder $run, which is the working folder.
# Shared by up, down, fleet and registry; the caller has read common.sh.

certificate() { # name, subject, alternative names
  openssl req -newkey rsa:2048 -nodes -keyout "pki/$1.key" -out "pki/$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 3650 -out "pki/$1.crt" \
    -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=%s\n' "${3:-DNS:$1}") 2>/dev/null
}

kubeconfig() { # name of the certificate, port of the API server
  cat > "$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: local
clusters: [{ name: local, cluster: { server: 'https://127.0.0.1:$2', certificate-authority: $run/pki/ca.crt } }]
users: [{ name: $1, user: { client-certificate: $run/pki/$1.crt, client-key: $run/pki/$1.key } }]
contexts: [{ name: local, context: { cluster: local, user: $1 } }]
YAML
}

make_authority() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout pki/ca.key -out pki/ca.crt -subj /CN=local-ca 2>/dev/null
  openssl genrsa -out pki/sa.key 2048 2>/dev/null
  openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
  certificate admin /O=system:masters/CN=admin
  certificate controllers /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
}

start() { # name, command…
  local name=$1; shift
  setsid nohup "$@" >> "log/$name.log" 2>&1 < /dev/null &
  echo $! > "$name.pid"
}

wait_until() { # seconds, command…
  local tries=$(($1 * 4)); shift
  for _ in $(seq "$tries"); do "$@" >/dev/null 2>&1 && return; sleep 0.25; done
  tail -n 5 "$run"/log/*.log >&2
  fail "gave up waiting for: $*; the logs are in $run/log"
}

start_etcd() { # port for clients, port for peers, further flags…
  local clients=http://127.0.0.1:$1 peers=http://127.0.0.1:$2; shift 2
  start etcd "$bin/etcd" --data-dir "$run/etcd" --listen-client-urls "$clients" --advertise-client-urls "$clients" \
    --listen-peer-urls "$peers" --initial-advertise-peer-urls "$peers" --initial-cluster "default=$peers" "$@"
}

start_apiserver() { # port, port of etcd, further flags…
  local port=$1 etcd=$2; shift 2
  start apiserver "$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$etcd" --secure-port "$port" \
    --tls-cert-file pki/apiserver.crt --tls-private-key-file pki/apiserver.key --client-ca-file pki/ca.crt \
    --service-account-key-file pki/sa.pub --service-account-signing-key-file pki/sa.key \
    --service-account-issuer https://kubernetes.default.svc --authorization-mode Node,RBAC \
    --service-cluster-ip-range 10.96.0.0/16 "$@"
  wait_until 180 answers_or_ended apiserver # with 20,000 objects to read, or a machine that is busy otherwise
  runs "$(cat apiserver.pid)" || { tail -n 20 log/apiserver.log >&2; fail "the API server ended right after its start"; }
}

answers_or_ended() { ! runs "$(cat "$1.pid")" || kube get --raw /readyz; }

start_controllers() { # flags…
  start controllers "$bin/kube-controller-manager" $(delegated controllers) --service-account-private-key-file pki/sa.key \
    --root-ca-file pki/ca.crt --use-service-account-credentials "$@"
}

start_scheduler() { # flags…
  start scheduler "$bin/kube-scheduler" $(delegated scheduler) "$@"
}

start_kubelet() { # flags, which win over its configuration
  start kubelet "$bin/kubelet" --kubeconfig kubelet.kubeconfig --config kubelet.yaml --root-dir "$run/kubelet" \
    --hostname-override node-1 --node-ip "$node_ip" --cert-dir "$run/pki" "$@"
}

# Its words are meant to split.
delegated() { # name
  printf -- '--kubeconfig %s.kubeconfig --authentication-kubeconfig %s.kubeconfig --authorization-kubeconfig %s.kubeconfig --bind-address 127.0.0.1 --leader-elect=false' "$1" "$1" "$1"
}

# Names what has ended: a port still held by another cluster ends a process after its start looked well.
ended() { for file in "$run"/*.pid; do runs "$(cat "$file")" || basename "$file" .pid; done; }

# As long as one of its threads does: the first may be a zombie already while another still holds the port.
runs() { ps -L -o stat= -p "$1" 2>/dev/null | grep -q '^[^Z]'; }

# A pid file may be older than the machine's last start: end a process only if it still is one of ours.
is_ours() { tr '\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q -e "^$bin/" -e '^containerd ' -e '^docker-registry '; }

stop() { # name, tenths of a second until SIGKILL
  [ -f "$1.pid" ] || return 0
  local pid; pid=$(cat "$1.pid"); rm -f "$1.pid"
  is_ours "$pid" || return 0
  kill "$pid" 2>/dev/null
  for _ in $(seq "${2:-50}"); do runs "$pid" || return 0; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null
  # Killed is not gone: taking down its memory takes a while, and who starts next wants its port.
  for _ in $(seq 100); do runs "$pid" || return 0; sleep 0.1; done
  say "$name ($pid) does not end, not even by SIGKILL" # the others are stopped all the same
}
