package main

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/informers/apps"
	"k8s.io/client-go/informers/core"
	"k8s.io/client-go/informers/internalinterfaces"
	"k8s.io/client-go/informers/policy"
	"k8s.io/client-go/informers/resource"
	"k8s.io/client-go/informers/scheduling"
	"k8s.io/client-go/informers/storage"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// memoryInformers hands out informers that hold what was put into them and never list or watch. Handlers run
// within add, so that the scheduler has taken note of an object when add returns: nothing to wait for.
type memoryInformers struct {
	informers.SharedInformerFactory
	byType map[reflect.Type]*memoryInformer
}

func newMemoryInformers(client kubernetes.Interface) *memoryInformers {
	return &memoryInformers{
		SharedInformerFactory: informers.NewSharedInformerFactory(client, 0),
		byType:                map[reflect.Type]*memoryInformer{},
	}
}

func (f *memoryInformers) InformerFor(obj runtime.Object, _ internalinterfaces.NewInformerFunc) cache.SharedIndexInformer {
	kind := reflect.TypeOf(obj)
	if f.byType[kind] == nil {
		byNamespace := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
		f.byType[kind] = &memoryInformer{indexer: cache.NewIndexer(cache.MetaNamespaceKeyFunc, byNamespace)}
	}
	return f.byType[kind]
}

// add stores an object and tells all handlers of its kind.
func (f *memoryInformers) add(obj runtime.Object) error {
	informer := f.InformerFor(obj, nil).(*memoryInformer)
	if err := informer.indexer.Add(obj); err != nil {
		return err
	}
	for _, handler := range informer.handlers {
		handler.OnAdd(obj, true)
	}
	return nil
}

// keep makes an object known to listers alone, until the returned function is called.
func (f *memoryInformers) keep(obj runtime.Object) (forget func(), err error) {
	indexer := f.InformerFor(obj, nil).GetIndexer()
	return func() { _ = indexer.Delete(obj) }, indexer.Add(obj)
}

// The groups that the scheduler asks for come from this factory; the embedded one would make informers of its own.

func (f *memoryInformers) Apps() apps.Interface { return apps.New(f, metav1.NamespaceAll, nil) }
func (f *memoryInformers) Core() core.Interface { return core.New(f, metav1.NamespaceAll, nil) }
func (f *memoryInformers) Policy() policy.Interface {
	return policy.New(f, metav1.NamespaceAll, nil)
}
func (f *memoryInformers) Resource() resource.Interface {
	return resource.New(f, metav1.NamespaceAll, nil)
}
func (f *memoryInformers) Scheduling() scheduling.Interface {
	return scheduling.New(f, metav1.NamespaceAll, nil)
}
func (f *memoryInformers) Storage() storage.Interface {
	return storage.New(f, metav1.NamespaceAll, nil)
}

// memoryInformer is one kind. Methods that it does not define are not called by the scheduler; they would panic.
type memoryInformer struct {
	cache.SharedIndexInformer
	indexer  cache.Indexer
	handlers []cache.ResourceEventHandler
}

func (i *memoryInformer) AddEventHandler(handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.handlers = append(i.handlers, handler)
	return registration{}, nil
}

func (i *memoryInformer) AddEventHandlerWithOptions(handler cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(handler)
}

func (i *memoryInformer) AddIndexers(indexers cache.Indexers) error {
	return i.indexer.AddIndexers(indexers)
}
func (i *memoryInformer) GetIndexer() cache.Indexer           { return i.indexer }
func (i *memoryInformer) GetStore() cache.Store               { return i.indexer }
func (i *memoryInformer) HasSynced() bool                     { return true }
func (i *memoryInformer) HasSyncedChecker() cache.DoneChecker { return registration{} }

// registration is that of a handler which has been told everything.
type registration struct{}

func (registration) HasSynced() bool                     { return true }
func (registration) HasSyncedChecker() cache.DoneChecker { return registration{} }
func (registration) Name() string                        { return "case" }
func (registration) Done() <-chan struct{}               { return closed }

var closed = func() chan struct{} {
	channel := make(chan struct{})
	close(channel)
	return channel
}()
