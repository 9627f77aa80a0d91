package main

import (
	"context"
	"fmt"
	"sort"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// walk takes a pod through the extension points one by one, to learn what SchedulePod does not tell.
type walk struct {
	cluster *cluster
	profile framework.Framework
	pod     *v1.Pod
	out     *podVerdict
}

func (w *walk) run(ctx context.Context) error {
	state := framework.NewCycleState()
	w.out.Feasible = []string{}
	narrowed, answer, narrowers := w.profile.RunPreFilterPlugins(ctx, state, w.pod)
	if !answer.IsSuccess() {
		if !answer.IsRejected() {
			return answer.AsError()
		}
		w.out.PreFilter = statusOf(answer)
		if answer.Plugin() == "" {
			w.out.NarrowedBy = sets.List(narrowers)
		}
		return nil
	}
	filters := sets.New(pluginNames(w.profile.ListPlugins().Filter)...)
	w.out.SkipFilter = sets.List(state.GetSkipFilterPlugins().Intersection(filters))
	nodes, err := w.cluster.snapshot.NodeInfos().List()
	if err != nil {
		return err
	}
	if !narrowed.AllNodes() {
		w.out.NodeNames = sets.List(narrowed.NodeNames)
		w.out.NarrowedBy = sets.List(narrowers)
		nodes = w.existing(w.out.NodeNames)
	}
	w.out.Rejected = map[string]status{}
	feasible := w.filterNominated(ctx, state)
	if len(feasible) == 0 {
		if feasible, err = w.filter(ctx, state, nodes); err != nil {
			return err
		}
	}
	for _, node := range feasible {
		w.out.Feasible = append(w.out.Feasible, node.Node().Name)
	}
	sort.Strings(w.out.Feasible)
	switch len(feasible) {
	case 0:
		return nil
	case 1:
		w.out.Best = w.out.Feasible
		return nil
	default:
		return w.score(ctx, state, feasible)
	}
}

func (w *walk) existing(names []string) []fwk.NodeInfo {
	var nodes []fwk.NodeInfo
	for _, name := range names {
		if node, err := w.cluster.snapshot.NodeInfos().Get(name); err == nil {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// filterNominated tries the node that the pod is nominated to, be it one of the narrowed or not. An error there does
// not count.
func (w *walk) filterNominated(ctx context.Context, state fwk.CycleState) []fwk.NodeInfo {
	if w.pod.Status.NominatedNodeName == "" {
		return nil
	}
	feasible, err := w.filter(ctx, state, w.existing([]string{w.pod.Status.NominatedNodeName}))
	w.out.NominatedOnly = err == nil && len(feasible) > 0
	if err != nil {
		return nil
	}
	return feasible
}

func (w *walk) filter(ctx context.Context, state fwk.CycleState, nodes []fwk.NodeInfo) ([]fwk.NodeInfo, error) {
	var feasible []fwk.NodeInfo
	for _, node := range nodes {
		answer := w.profile.RunFilterPluginsWithNominatedPods(ctx, state, w.pod, node)
		switch {
		case answer.IsSuccess():
			feasible = append(feasible, node)
		case answer.IsRejected():
			w.out.Rejected[node.Node().Name] = *statusOf(answer)
		default:
			return nil, answer.AsError()
		}
	}
	return feasible, nil
}

func (w *walk) score(ctx context.Context, state fwk.CycleState, feasible []fwk.NodeInfo) error {
	if !w.profile.HasScorePlugins() {
		w.out.Best = w.out.Feasible
		return nil
	}
	if answer := w.profile.RunPreScorePlugins(ctx, state, w.pod, feasible); !answer.IsSuccess() {
		return answer.AsError()
	}
	all, answer := w.profile.RunScorePlugins(ctx, state, w.pod, feasible)
	if !answer.IsSuccess() {
		return answer.AsError()
	}
	weights := map[string]int64{}
	skipped := []string{}
	for _, plugin := range w.profile.ListPlugins().Score.Enabled {
		weights[plugin.Name] = int64(plugin.Weight)
		if state.GetSkipScorePlugins().Has(plugin.Name) {
			skipped = append(skipped, plugin.Name)
		}
	}
	w.out.Scores = &scores{Skipped: skipped, Plugins: []string{}, Nodes: map[string]nodeScores{}}
	var highest int64
	for i, node := range all {
		entry := nodeScores{Raw: []int64{}, Norm: []int64{}, Weighted: []int64{}, Total: node.TotalScore}
		for j, weighted := range node.Scores {
			if i == 0 {
				w.out.Scores.Plugins = append(w.out.Scores.Plugins, weighted.Name)
			}
			if node.RawScores[j].Name != weighted.Name || weighted.Score%weights[weighted.Name] != 0 {
				return fmt.Errorf("scores of %s do not line up", node.Name)
			}
			entry.Raw = append(entry.Raw, node.RawScores[j].Score)
			entry.Norm = append(entry.Norm, weighted.Score/weights[weighted.Name])
			entry.Weighted = append(entry.Weighted, weighted.Score)
		}
		w.out.Scores.Nodes[node.Name] = entry
		if i == 0 || node.TotalScore > highest {
			highest = node.TotalScore
			w.out.Best = nil
		}
		if node.TotalScore == highest {
			w.out.Best = append(w.out.Best, node.Name)
		}
	}
	sort.Strings(w.out.Best)
	return nil
}
