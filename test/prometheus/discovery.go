// Command discovery runs Prometheus's own discovery of Kubernetes, which Debian's Prometheus comes without, and keeps what it finds in a file of the
// form that `file_sd_configs` reads. It has the rights of the kubeconfig that it is given, as Prometheus has those of its ServiceAccount.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// entry is one target with its labels, as a file of targets has it.
type entry struct {
	Targets []string       `json:"targets"`
	Labels  model.LabelSet `json:"labels"`
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: discovery ROLE KUBECONFIG NAMESPACE FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run follows the cluster until the process is ended.
func run(role, kubeconfig, namespace, file string) error {
	config := &kubernetes.SDConfig{
		Role:               kubernetes.Role(role),
		KubeConfig:         kubeconfig,
		NamespaceDiscovery: kubernetes.NamespaceDiscovery{Names: []string{namespace}},
		HTTPClientConfig:   commonconfig.DefaultHTTPClientConfig,
	}
	registry := prometheus.NewRegistry()
	metrics := config.NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry))
	discoverer, err := config.NewDiscoverer(discovery.DiscovererOptions{
		Logger:  slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Metrics: metrics,
	})
	if err != nil {
		return err
	}
	changes := make(chan []*targetgroup.Group)
	go discoverer.Run(context.Background(), changes)
	groups := map[string]*targetgroup.Group{}
	for changed := range changes {
		for _, group := range changed {
			groups[group.Source] = group
		}
		if err := write(file, groups); err != nil {
			return err
		}
	}
	return nil
}

// write replaces the file in one step: its reader never sees half of it.
func write(file string, groups map[string]*targetgroup.Group) error {
	entries := []entry{}
	for _, group := range groups {
		for _, target := range group.Targets {
			labels := group.Labels.Merge(target)
			delete(labels, model.AddressLabel)
			entries = append(entries, entry{Targets: []string{string(target[model.AddressLabel])}, Labels: labels})
		}
	}
	text, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
