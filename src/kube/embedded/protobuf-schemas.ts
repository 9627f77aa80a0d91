/**
 * What a field holds. `int` and `bool` are left out of JSON at zero, as Go leaves them out; `int?` and `bool?` are
 * pointers there, so that a zero was meant. A capitalised type names another message; `skip` is not read at all.
 */
export type FieldType = string;

/** By field number: `name:type`, lists as `name:[]type`, maps with string keys as `name:{}type`. */
export type MessageSchema = Readonly<Record<number, `${string}:${FieldType}`>>;

const TOP: MessageSchema = { 1: 'metadata:ObjectMeta', 3: 'status:skip' };

/** The messages that `kubectl create` and `kubectl auth` send, with the fields their flags can set. */
export const PROTOBUF_SCHEMAS: Readonly<Record<string, MessageSchema>> = {
  ObjectMeta: {
    1: 'name:string',
    2: 'generateName:string',
    3: 'namespace:string',
    5: 'uid:string',
    6: 'resourceVersion:string',
    11: 'labels:{}string',
    12: 'annotations:{}string',
    14: 'finalizers:[]string',
    17: 'managedFields:skip',
  },
  Deployment: { ...TOP, 2: 'spec:DeploymentSpec' },
  DeploymentSpec: {
    1: 'replicas:int?',
    2: 'selector:LabelSelector',
    3: 'template:PodTemplateSpec',
    4: 'strategy:DeploymentStrategy',
    5: 'minReadySeconds:int',
    6: 'revisionHistoryLimit:int?',
    7: 'paused:bool',
    9: 'progressDeadlineSeconds:int?',
  },
  DeploymentStrategy: { 1: 'type:string' },
  LabelSelector: { 1: 'matchLabels:{}string', 2: 'matchExpressions:[]LabelSelectorRequirement' },
  LabelSelectorRequirement: { 1: 'key:string', 2: 'operator:string', 3: 'values:[]string' },
  PodTemplateSpec: { 1: 'metadata:ObjectMeta', 2: 'spec:PodSpec' },
  PodSpec: {
    2: 'containers:[]Container',
    3: 'restartPolicy:string',
    4: 'terminationGracePeriodSeconds:int?',
    6: 'dnsPolicy:string',
    7: 'nodeSelector:{}string',
    8: 'serviceAccountName:string',
    10: 'nodeName:string',
    11: 'hostNetwork:bool',
    14: 'securityContext:skip',
    19: 'schedulerName:string',
    20: 'initContainers:[]Container',
    24: 'priorityClassName:string',
    25: 'priority:int?',
  },
  Container: {
    1: 'name:string',
    2: 'image:string',
    3: 'command:[]string',
    4: 'args:[]string',
    5: 'workingDir:string',
    6: 'ports:[]ContainerPort',
    7: 'env:[]EnvVar',
    8: 'resources:ResourceRequirements',
    13: 'terminationMessagePath:string',
    14: 'imagePullPolicy:string',
    20: 'terminationMessagePolicy:string',
  },
  ContainerPort: { 1: 'name:string', 2: 'hostPort:int', 3: 'containerPort:int', 4: 'protocol:string' },
  EnvVar: { 1: 'name:string', 2: 'value:string' },
  ResourceRequirements: { 1: 'limits:{}Quantity', 2: 'requests:{}Quantity' },
  Namespace: { ...TOP, 2: 'spec:NamespaceSpec' },
  NamespaceSpec: { 1: 'finalizers:[]string' },
  ConfigMap: { 1: 'metadata:ObjectMeta', 2: 'data:{}string', 3: 'binaryData:{}bytes', 4: 'immutable:bool?' },
  Secret: {
    1: 'metadata:ObjectMeta',
    2: 'data:{}bytes',
    3: 'type:string',
    4: 'stringData:{}string',
    5: 'immutable:bool?',
  },
  ServiceAccount: { 1: 'metadata:ObjectMeta', 4: 'automountServiceAccountToken:bool?' },
  Service: { ...TOP, 2: 'spec:ServiceSpec' },
  ServiceSpec: {
    1: 'ports:[]ServicePort',
    2: 'selector:{}string',
    3: 'clusterIP:string',
    4: 'type:string',
    7: 'sessionAffinity:string',
    10: 'externalName:string',
  },
  ServicePort: {
    1: 'name:string',
    2: 'protocol:string',
    3: 'port:int',
    4: 'targetPort:IntOrString',
    5: 'nodePort:int',
    6: 'appProtocol:string',
  },
  PriorityClass: {
    1: 'metadata:ObjectMeta',
    2: 'value:int?',
    3: 'globalDefault:bool',
    4: 'description:string',
    5: 'preemptionPolicy:string',
  },
  PodDisruptionBudget: { ...TOP, 2: 'spec:PodDisruptionBudgetSpec' },
  PodDisruptionBudgetSpec: {
    1: 'minAvailable:IntOrString',
    2: 'selector:LabelSelector',
    3: 'maxUnavailable:IntOrString',
    4: 'unhealthyPodEvictionPolicy:string',
  },
  SelfSubjectAccessReview: { ...TOP, 2: 'spec:SelfSubjectAccessReviewSpec' },
  SelfSubjectAccessReviewSpec: {
    1: 'resourceAttributes:ResourceAttributes',
    2: 'nonResourceAttributes:NonResourceAttributes',
  },
  ResourceAttributes: {
    1: 'namespace:string',
    2: 'verb:string',
    3: 'group:string',
    4: 'version:string',
    5: 'resource:string',
    6: 'subresource:string',
    7: 'name:string',
  },
  NonResourceAttributes: { 1: 'path:string', 2: 'verb:string' },
  SelfSubjectReview: { 1: 'metadata:ObjectMeta', 2: 'status:skip' },
};
