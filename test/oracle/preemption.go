package main

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	corehelpers "k8s.io/component-helpers/scheduling/corev1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	"k8s.io/kubernetes/pkg/scheduler/framework/preemption"
	schedulerutil "k8s.io/kubernetes/pkg/scheduler/util"
)

// runPostFilter notes what the PostFilter plugins make of a refused pod, and everything that preemption weighed.
func (c *cluster) runPostFilter(ctx context.Context, profile framework.Framework, state fwk.CycleState, pod *v1.Pod, refusal *framework.FitError, out *podVerdict) error {
	if !profile.HasPostFilterPlugins() {
		return nil
	}
	rejections := refusal.Diagnosis.NodeToStatus
	found := &postFilter{Eligible: true}
	out.PostFilter = found
	plugin, err := c.newPreemption(ctx, profile)
	if err != nil {
		return err
	}
	var ranking []ranked
	if plugin != nil {
		found.Eligible, _ = plugin.PodEligibleToPreemptOthers(ctx, pod, rejections.Get(pod.Status.NominatedNodeName))
	}
	enabled := slices.Contains(pluginNames(profile.ListPlugins().PostFilter), defaultpreemption.Name)
	if enabled && found.Eligible {
		if ranking, err = c.dryRun(ctx, plugin, state, pod, rejections, found); err != nil {
			return err
		}
	}
	result, answer := profile.RunPostFilterPlugins(ctx, state, pod, rejections)
	found.Code, found.Message, found.Plugin = answer.Code().String(), answer.Message(), answer.Plugin()
	if !answer.IsSuccess() && !answer.IsRejected() {
		// Preemption was not reached.
		*found = postFilter{Code: found.Code, Message: found.Message, Plugin: found.Plugin, Eligible: found.Eligible}
		ranking = nil
	}
	nominated := ""
	if result != nil && result.Mode() == fwk.ModeOverride {
		nominated = result.NominatedNodeName
		found.ClearNominatedNode = nominated == ""
	}
	if len(ranking) > 0 {
		found.Best = bestOf(ranking)
		at := sort.SearchStrings(found.Best, nominated)
		if at == len(found.Best) || found.Best[at] != nominated {
			return fmt.Errorf("preemption chose %q; %v look best", nominated, found.Best)
		}
		found.Message = strings.Replace(found.Message, " on node "+nominated+",", " on node "+found.Best[0]+",", 1)
	}
	refusal.Diagnosis.PostFilterMsg = found.Message
	out.Message = refusal.Error()
	return nil
}

// newPreemption makes the plugin once more, as that of the profile cannot be had; nil when the profile has none.
func (c *cluster) newPreemption(ctx context.Context, profile framework.Framework) (*defaultpreemption.DefaultPreemption, error) {
	for _, configured := range c.config.Profiles {
		if configured.SchedulerName != profile.ProfileName() {
			continue
		}
		for _, plugin := range configured.PluginConfig {
			if plugin.Name == defaultpreemption.Name {
				features := feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate)
				return defaultpreemption.New(ctx, plugin.Args, profile, features)
			}
		}
	}
	return nil, nil
}

// dryRun tries preemption on every node where it may help, and ranks the candidates.
func (c *cluster) dryRun(ctx context.Context, plugin *defaultpreemption.DefaultPreemption, state fwk.CycleState, pod *v1.Pod, rejections *framework.NodeToStatus, found *postFilter) ([]ranked, error) {
	nodes, err := rejections.NodesForStatusCode(c.snapshot.NodeInfos(), fwk.Unschedulable)
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	budgets, err := c.informers.Policy().V1().PodDisruptionBudgets().Lister().List(labels.Everything())
	if err != nil {
		return nil, err
	}
	// One more than there are: the search never has enough. A node where it fails is left out, as the plugin does.
	candidates, statuses, _ := plugin.Evaluator.DryRunPreemption(ctx, state, pod, nodes, budgets, 0, int32(len(nodes))+1)
	found.NodeStatuses = map[string]status{}
	statuses.ForEachExplicitNode(func(node string, answer *fwk.Status) {
		found.NodeStatuses[node] = *statusOf(answer)
	})
	sort.Slice(candidates, func(i, j int) bool { return candidates[i].Name() < candidates[j].Name() })
	ranking := make([]ranked, len(candidates))
	for i, c := range candidates {
		ranking[i] = rank(c)
		entry := candidate{Node: c.Name(), PDBViolations: int(c.Victims().NumPDBViolations)}
		for _, victim := range c.Victims().Pods {
			entry.Victims = append(entry.Victims, key(victim))
		}
		found.Candidates = append(found.Candidates, entry)
	}
	return ranking, nil
}

// ranked is a candidate with what decides between candidates: criteria in their order, less is better.
type ranked struct {
	node     string
	criteria [5]int64
}

func rank(c preemption.Candidate) ranked {
	victims := c.Victims()
	var sum int64
	for _, victim := range victims.Pods {
		sum += int64(corehelpers.PodPriority(victim)) + 1<<31
	}
	return ranked{c.Name(), [5]int64{
		victims.NumPDBViolations,
		int64(corehelpers.PodPriority(victims.Pods[0])),
		sum,
		int64(len(victims.Pods)),
		-schedulerutil.GetEarliestPodStartTime(victims).UnixNano(),
	}}
}

func bestOf(ranking []ranked) []string {
	var best []ranked
	for _, r := range ranking {
		if len(best) > 0 && less(best[0].criteria, r.criteria) {
			continue
		}
		if len(best) > 0 && less(r.criteria, best[0].criteria) {
			best = nil
		}
		best = append(best, r)
	}
	names := make([]string, len(best))
	for i := range best {
		names[i] = best[i].node
	}
	sort.Strings(names)
	return names
}

func less(a, b [5]int64) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
