package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sort"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

const kubernetesVersion = "v1.37.1"

// judge lets kube-scheduler decide every pending pod of a case on its own.
func judge(ctx context.Context, given *goldenCase) (*verdict, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newCluster(ctx, given)
	if err != nil {
		return nil, err
	}
	out := &verdict{
		KubernetesVersion: kubernetesVersion,
		Name:              given.Name,
		Profiles:          map[string]pluginLists{},
		Nodes:             map[string]nodeFindings{},
		Pods:              make([]podVerdict, len(c.pending)),
	}
	for name, profile := range c.scheduler.Profiles {
		out.Profiles[name] = listPlugins(profile)
	}
	nodes, err := c.snapshot.NodeInfos().List()
	if err != nil {
		return nil, err
	}
	for _, node := range nodes {
		out.Nodes[node.Node().Name] = findingsOf(node)
	}
	for i, pod := range c.pending {
		if out.Pods[i], err = c.judgePod(ctx, pod); err != nil {
			return nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
	}
	return out, nil
}

func listPlugins(profile framework.Framework) pluginLists {
	lists := profile.ListPlugins()
	scoring := make([]weightedPlugin, len(lists.Score.Enabled))
	for i, plugin := range lists.Score.Enabled {
		scoring[i] = weightedPlugin(plugin)
	}
	return pluginLists{
		PreEnqueue: pluginNames(lists.PreEnqueue),
		PreFilter:  pluginNames(lists.PreFilter),
		Filter:     pluginNames(lists.Filter),
		PostFilter: pluginNames(lists.PostFilter),
		PreScore:   pluginNames(lists.PreScore),
		Score:      scoring,
	}
}

func pluginNames(set config.PluginSet) []string {
	names := make([]string, len(set.Enabled))
	for i, plugin := range set.Enabled {
		names[i] = plugin.Name
	}
	return names
}

func findingsOf(node fwk.NodeInfo) nodeFindings {
	return nodeFindings{
		Pods:            len(node.GetPods()),
		AllowedPods:     node.GetAllocatable().GetAllowedPodNumber(),
		Allocatable:     amountsOf(node.GetAllocatable()),
		Requested:       amountsOf(node.GetRequested()),
		NonZeroMilliCPU: node.GetNonZeroRequested().GetMilliCPU(),
		NonZeroMemory:   node.GetNonZeroRequested().GetMemory(),
	}
}

func amountsOf(resource fwk.Resource) amounts {
	scalar := map[string]int64{}
	for name, amount := range resource.GetScalarResources() {
		scalar[string(name)] = amount
	}
	return amounts{
		MilliCPU:         resource.GetMilliCPU(),
		Memory:           resource.GetMemory(),
		EphemeralStorage: resource.GetEphemeralStorage(),
		Scalar:           scalar,
	}
}

func (c *cluster) judgePod(ctx context.Context, pod *v1.Pod) (podVerdict, error) {
	out := podVerdict{Pod: key(pod), Profile: pod.Spec.SchedulerName}
	profile := c.scheduler.Profiles[pod.Spec.SchedulerName]
	if profile == nil {
		return out, errors.New("no profile has its schedulerName")
	}
	// kube-scheduler lives with terms that it cannot parse.
	info, _ := framework.NewPodInfo(pod)
	resources := info.CalculateResource()
	out.Requests = podRequests{amountsOf(resources.Resource), resources.Non0CPU, resources.Non0Mem}
	forget, err := c.informers.keep(pod)
	if err != nil {
		return out, err
	}
	defer forget()
	for _, plugin := range profile.PreEnqueuePlugins() {
		if answer := plugin.PreEnqueue(ctx, pod); !answer.IsSuccess() {
			out.Result = "gated"
			out.PreEnqueue = statusOf(answer.WithPlugin(plugin.Name()))
			return out, nil
		}
	}
	state := framework.NewCycleState()
	decision, err := c.scheduler.SchedulePod(ctx, profile, state, &framework.QueuedPodInfo{PodInfo: info})
	refusal, refused := err.(*framework.FitError)
	switch {
	case errors.Is(err, scheduler.ErrNoNodesAvailable):
		out.Result, out.Feasible, out.Message = "unschedulable", []string{}, err.Error()
		return out, nil
	case err != nil && !refused:
		out.Result, out.Error = "error", err.Error()
		return out, nil
	}
	w := &walk{cluster: c, profile: profile, pod: pod, out: &out}
	if refused {
		out.Result = "unschedulable"
		if err := w.run(ctx); err != nil {
			return out, err
		}
		if err := c.agreeOnRefusal(refusal, &out); err != nil {
			return out, err
		}
		out.FitMessage = refusal.Error()
		out.UnschedulablePlugins = sets.List(refusal.Diagnosis.UnschedulablePlugins)
		out.Message = out.FitMessage
		return out, c.runPostFilter(ctx, profile, state, pod, refusal, &out)
	}
	out.Result = "scheduled"
	if err := w.run(ctx); err != nil {
		return out, err
	}
	if !sets.New(out.Best...).Has(decision.SuggestedHost) || decision.FeasibleNodes != len(out.Feasible) {
		return out, fmt.Errorf("SchedulePod chose %s of %d nodes; %v of %v look best", decision.SuggestedHost, decision.FeasibleNodes, out.Best, out.Feasible)
	}
	return out, nil
}

// agreeOnRefusal holds the walk, which can tell more, against what SchedulePod itself noted.
func (c *cluster) agreeOnRefusal(refusal *framework.FitError, out *podVerdict) error {
	noted := map[string]status{}
	refusal.Diagnosis.NodeToStatus.ForEachExplicitNode(func(node string, answer *fwk.Status) {
		noted[node] = *statusOf(answer)
	})
	if len(noted) != len(out.Rejected) || len(noted) > 0 && !reflect.DeepEqual(noted, out.Rejected) {
		return fmt.Errorf("SchedulePod noted %v; the walk found %v", noted, out.Rejected)
	}
	return nil
}

func statusOf(answer *fwk.Status) *status {
	reasons := append([]string(nil), answer.Reasons()...)
	sort.Strings(reasons)
	return &status{Plugin: answer.Plugin(), Code: answer.Code().String(), Reasons: reasons}
}

func key(pod *v1.Pod) string { return pod.Namespace + "/" + pod.Name }
