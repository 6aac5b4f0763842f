# Shared by build, up and down. Everything that is built is kept in $CLUSTER_DIR; everything that runs, in $run.
: "${CLUSTER_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/job-orchestrator-cluster}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$CLUSTER_DIR/bin
images=$CLUSTER_DIR/images
run=$CLUSTER_DIR/run
node_ip=10.88.0.1 # the bridge's: the kubelet refuses a loopback address
registry=$node_ip:5050 registry_with_login=$node_ip:5051 registry_of_tests=$node_ip:5052
export CLUSTER_DIR

say() { echo "cluster: $*" >&2; }
fail() { say "$*"; exit 1; }
kube() { "$bin/kubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }
containerd_ctl() { ctr -a "$run/containerd.sock" -n k8s.io "$@"; }
