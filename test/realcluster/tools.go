//go:build tools

// Package realcluster pins the programs that make a machine a node of the end-to-end tests.
package realcluster

import (
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
