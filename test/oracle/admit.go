package main

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	"k8s.io/kubernetes/pkg/apis/storage"
	storagevalidation "k8s.io/kubernetes/pkg/apis/storage/validation"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"

	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
)

// An object may say how it came to be stored; the annotation itself is not stored.
const (
	storedAs = "oracle.berth.dev/stored"
	// Its validity was not checked, as older API servers let more through.
	storedUnchecked = "unchecked"
	// The matchLabelKeys of its spread constraints were not merged into the selectors, as by API servers before 1.34.
	storedUnmerged = "unmerged"
)

// refusedObject is one that no API server would have stored.
type refusedObject struct {
	Object string `json:"object"`
	Cause  string `json:"cause"`
}

// admit turns manifests into what an API server stores: defaults set, and without those that it refuses.
func admit(given *goldenCase) (*goldenCase, []refusedObject, error) {
	var refused []refusedObject
	admitted := *given
	admitAll := func(manifests []json.RawMessage) ([]json.RawMessage, error) {
		stored := []json.RawMessage{}
		for _, manifest := range manifests {
			object, name, err := admitOne(manifest)
			if err != nil {
				refused = append(refused, refusedObject{name, err.Error()})
				continue
			}
			encoded, err := json.Marshal(object)
			if err != nil {
				return nil, err
			}
			stored = append(stored, encoded)
		}
		return stored, nil
	}
	var err error
	if admitted.Objects, err = admitAll(given.Objects); err != nil {
		return nil, nil, err
	}
	admitted.Pending, err = admitAll(given.Pending)
	return &admitted, refused, err
}

func admitOne(manifest json.RawMessage) (runtime.Object, string, error) {
	object, kind, err := legacyscheme.Codecs.UniversalDeserializer().Decode(manifest, nil, nil)
	if err != nil {
		return nil, string(manifest[:min(len(manifest), 80)]), err
	}
	described, err := meta.Accessor(object)
	if err != nil {
		return nil, kind.Kind, err
	}
	name := fmt.Sprintf("%s %s/%s", kind.Kind, described.GetNamespace(), described.GetName())
	annotations := described.GetAnnotations()
	stored := annotations[storedAs]
	delete(annotations, storedAs)
	if len(annotations) == 0 {
		described.SetAnnotations(nil)
	}
	legacyscheme.Scheme.Default(object)
	if pod, ok := object.(*v1.Pod); ok {
		object, err = admitPod(pod, stored)
	} else if stored != storedUnchecked {
		err = validate(object)
	}
	if err != nil {
		return nil, name, err
	}
	object.GetObjectKind().SetGroupVersionKind(*kind)
	return object, name, nil
}

// admitPod creates a pod as the API server does, and gives it the status of the manifest.
func admitPod(manifest *v1.Pod, stored string) (*v1.Pod, error) {
	internal := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(manifest, internal, nil); err != nil {
		return nil, err
	}
	podregistry.Strategy.PrepareForCreate(context.Background(), internal)
	if stored != storedUnchecked {
		if causes := podregistry.Strategy.Validate(context.Background(), internal); len(causes) > 0 {
			return nil, causes.ToAggregate()
		}
	}
	created := &v1.Pod{}
	if err := legacyscheme.Scheme.Convert(internal, created, nil); err != nil {
		return nil, err
	}
	status := manifest.Status
	status.QOSClass = created.Status.QOSClass
	if status.Phase == "" {
		status.Phase = created.Status.Phase
	}
	created.Status = status
	if stored == storedUnmerged {
		created.Spec.TopologySpreadConstraints = manifest.Spec.TopologySpreadConstraints
	}
	return created, nil
}

func validate(object runtime.Object) error {
	switch object.(type) {
	case *appsv1.ReplicaSet, *appsv1.StatefulSet, *v1.ReplicationController:
		// The scheduler looks at their selectors alone; the manifests have no more.
		return nil
	}
	kinds, _, err := legacyscheme.Scheme.ObjectKinds(object)
	if err != nil {
		return err
	}
	kinds[0].Version = runtime.APIVersionInternal
	internal, err := legacyscheme.Scheme.New(kinds[0])
	if err != nil {
		return err
	}
	if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
		return err
	}
	return validateInternal(internal).ToAggregate()
}

func validateInternal(object runtime.Object) field.ErrorList {
	switch typed := object.(type) {
	case *core.Node:
		return corevalidation.ValidateNode(typed)
	case *core.Namespace:
		return corevalidation.ValidateNamespace(typed)
	case *core.PersistentVolume:
		return corevalidation.ValidatePersistentVolume(typed, corevalidation.ValidationOptionsForPersistentVolume(typed, nil))
	case *core.PersistentVolumeClaim:
		return corevalidation.ValidatePersistentVolumeClaim(typed, corevalidation.ValidationOptionsForPersistentVolumeClaim(typed, nil))
	case *core.Service:
		return corevalidation.ValidateServiceCreate(typed)
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(typed, policyvalidation.PodDisruptionBudgetValidationOptions{})
	case *storage.StorageClass:
		return storagevalidation.ValidateStorageClass(typed)
	case *storage.CSIDriver:
		return storagevalidation.ValidateCSIDriver(typed)
	case *storage.CSINode:
		return storagevalidation.ValidateCSINode(typed)
	case *storage.CSIStorageCapacity:
		return storagevalidation.ValidateCSIStorageCapacity(typed, storagevalidation.CSIStorageCapacityValidateOptions{})
	case *storage.VolumeAttachment:
		return storagevalidation.ValidateVolumeAttachment(typed)
	default:
		return nil
	}
}
