package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	configscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
)

// cluster is a kube-scheduler that has seen the objects of one case. It talks to no API server.
type cluster struct {
	config    *config.KubeSchedulerConfiguration
	scheduler *scheduler.Scheduler
	informers *memoryInformers
	snapshot  *internalcache.Snapshot
	pending   []*v1.Pod
}

func newCluster(ctx context.Context, given *goldenCase) (*cluster, error) {
	config, err := decodeConfig(given.Config)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://nowhere.invalid", Transport: gone{}})
	if err != nil {
		return nil, err
	}
	c := &cluster{config: config, informers: newMemoryInformers(client), snapshot: internalcache.NewEmptySnapshot()}
	c.scheduler, err = scheduler.New(ctx, client, c.informers, nil,
		func(string) events.EventRecorderLogger { return &events.FakeRecorder{} },
		scheduler.WithComponentConfigVersion(config.TypeMeta.APIVersion),
		scheduler.WithProfiles(config.Profiles...),
		scheduler.WithPercentageOfNodesToScore(config.PercentageOfNodesToScore),
		scheduler.WithParallelism(1),
		scheduler.WithNodeInfoSnapshot(c.snapshot),
	)
	if err != nil {
		return nil, err
	}
	objects, err := decodeObjects(given.Objects)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	for _, object := range inArrivalOrder(objects) {
		if pod, ok := object.(*v1.Pod); ok && ended(pod) {
			continue
		}
		if err := c.informers.add(object); err != nil {
			return nil, err
		}
	}
	pending, err := decodeObjects(given.Pending)
	if err != nil {
		return nil, fmt.Errorf("pending: %w", err)
	}
	for _, object := range pending {
		c.pending = append(c.pending, object.(*v1.Pod))
	}
	return c, c.scheduler.Cache.UpdateSnapshot(klog.FromContext(ctx), c.snapshot)
}

// decodeConfig applies kube-scheduler's own defaults and rejects what kube-scheduler would not start with.
func decodeConfig(raw json.RawMessage) (*config.KubeSchedulerConfiguration, error) {
	if len(raw) == 0 {
		raw = json.RawMessage(`{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration"}`)
	}
	object, kind, err := configscheme.Codecs.UniversalDecoder().Decode(raw, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	decoded, ok := object.(*config.KubeSchedulerConfiguration)
	if !ok {
		return nil, fmt.Errorf("config is a %s", kind)
	}
	decoded.TypeMeta.APIVersion = kind.GroupVersion().String()
	// The binary fills this in from its flags.
	if decoded.LeaderElection.ResourceName == "" {
		decoded.LeaderElection.ResourceName = "kube-scheduler"
	}
	if err := validation.ValidateKubeSchedulerConfiguration(decoded); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return decoded, nil
}

func decodeObjects(raw []json.RawMessage) ([]runtime.Object, error) {
	objects := make([]runtime.Object, len(raw))
	for i := range raw {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw[i], nil, nil)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", i, err)
		}
		objects[i] = object
	}
	return objects, nil
}

// inArrivalOrder puts what pods refer to before nodes, and nodes before pods; nodes by name, as a list of them arrives.
func inArrivalOrder(objects []runtime.Object) []runtime.Object {
	rank := func(object runtime.Object) (int, string) {
		switch typed := object.(type) {
		case *v1.Node:
			return 1, typed.Name
		case *v1.Pod:
			return 2, ""
		default:
			return 0, ""
		}
	}
	sorted := append([]runtime.Object(nil), objects...)
	sort.SliceStable(sorted, func(i, j int) bool {
		rankI, nameI := rank(sorted[i])
		rankJ, nameJ := rank(sorted[j])
		return rankI < rankJ || rankI == rankJ && nameI < nameJ
	})
	return sorted
}

func ended(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}

// gone answers every request with 404: a victim of preemption has "already been deleted", and nobody minds.
type gone struct{}

func (gone) RoundTrip(request *http.Request) (*http.Response, error) {
	body := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	return &http.Response{
		StatusCode: http.StatusNotFound,
		Status:     "404 Not Found",
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/json"}},
		Body:    readCloser{strings.NewReader(body)},
		Request: request,
	}, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
