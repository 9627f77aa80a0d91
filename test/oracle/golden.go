package main

import (
	"encoding/json"
)

// The format of golden files: test/conformance/golden/README.md.

type goldenFile struct {
	Case *goldenCase `json:"case"`
	// Objects and pods are manifests yet: set defaults and drop what an API server would refuse.
	Admit   bool            `json:"admit,omitempty"`
	Verdict json.RawMessage `json:"verdict,omitempty"`
}

type goldenCase struct {
	Name    string            `json:"name"`
	Seed    json.RawMessage   `json:"seed,omitempty"`
	Profile string            `json:"profile"`
	Config  json.RawMessage   `json:"config,omitempty"`
	Objects []json.RawMessage `json:"objects"`
	Pending []json.RawMessage `json:"pending"`
}

type verdict struct {
	KubernetesVersion string                  `json:"kubernetesVersion"`
	Name              string                  `json:"name"`
	Profiles          map[string]pluginLists  `json:"profiles"`
	Nodes             map[string]nodeFindings `json:"nodes"`
	Pods              []podVerdict            `json:"pods"`
}

type pluginLists struct {
	PreEnqueue []string         `json:"preEnqueue,omitempty"`
	PreFilter  []string         `json:"preFilter,omitempty"`
	Filter     []string         `json:"filter,omitempty"`
	PostFilter []string         `json:"postFilter,omitempty"`
	PreScore   []string         `json:"preScore,omitempty"`
	Score      []weightedPlugin `json:"score,omitempty"`
}

type weightedPlugin struct {
	Name   string `json:"name"`
	Weight int32  `json:"weight"`
}

type amounts struct {
	MilliCPU         int64            `json:"milliCPU"`
	Memory           int64            `json:"memory"`
	EphemeralStorage int64            `json:"ephemeralStorage"`
	Scalar           map[string]int64 `json:"scalar,omitempty"`
}

type nodeFindings struct {
	Pods            int     `json:"pods"`
	AllowedPods     int     `json:"allowedPods"`
	Allocatable     amounts `json:"allocatable"`
	Requested       amounts `json:"requested"`
	NonZeroMilliCPU int64   `json:"nonZeroMilliCPU"`
	NonZeroMemory   int64   `json:"nonZeroMemory"`
}

type podRequests struct {
	amounts
	NonZeroMilliCPU int64 `json:"nonZeroMilliCPU"`
	NonZeroMemory   int64 `json:"nonZeroMemory"`
}

type status struct {
	Plugin  string   `json:"plugin,omitempty"`
	Code    string   `json:"code"`
	Reasons []string `json:"reasons,omitempty"`
}

type podVerdict struct {
	Pod                  string            `json:"pod"`
	Profile              string            `json:"profile"`
	Requests             podRequests       `json:"requests"`
	Result               string            `json:"result"`
	Error                string            `json:"error,omitempty"`
	PreEnqueue           *status           `json:"preEnqueue,omitempty"`
	PreFilter            *status           `json:"preFilter,omitempty"`
	NodeNames            []string          `json:"nodeNames,omitempty"`
	NarrowedBy           []string          `json:"narrowedBy,omitempty"`
	SkipFilter           []string          `json:"skipFilter,omitempty"`
	NominatedOnly        bool              `json:"nominatedOnly,omitempty"`
	Rejected             map[string]status `json:"rejected,omitempty"`
	Feasible             []string          `json:"feasible"`
	Scores               *scores           `json:"scores,omitempty"`
	Best                 []string          `json:"best,omitempty"`
	FitMessage           string            `json:"fitMessage,omitempty"`
	UnschedulablePlugins []string          `json:"unschedulablePlugins,omitempty"`
	PostFilter           *postFilter       `json:"postFilter,omitempty"`
	Message              string            `json:"message,omitempty"`
}

type scores struct {
	Skipped []string              `json:"skipped,omitempty"`
	Plugins []string              `json:"plugins"`
	Nodes   map[string]nodeScores `json:"nodes"`
}

type nodeScores struct {
	Raw      []int64 `json:"raw"`
	Norm     []int64 `json:"norm"`
	Weighted []int64 `json:"weighted"`
	Total    int64   `json:"total"`
}

type postFilter struct {
	Code               string            `json:"code"`
	Message            string            `json:"message"`
	Plugin             string            `json:"plugin,omitempty"`
	Eligible           bool              `json:"eligible"`
	Candidates         []candidate       `json:"candidates,omitempty"`
	NodeStatuses       map[string]status `json:"nodeStatuses,omitempty"`
	Best               []string          `json:"best,omitempty"`
	ClearNominatedNode bool              `json:"clearNominatedNode,omitempty"`
}

type candidate struct {
	Node          string   `json:"node"`
	Victims       []string `json:"victims"`
	PDBViolations int      `json:"pdbViolations"`
}
