import { isRecord, type JsonRecord, recordAt, recordsAt, setDefaults, stringAt } from './json-value.js';

const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** A tag other than `latest`, or a digest, means the image does not change under its name. */
function defaultPullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  const tag = lastPart.includes(':') ? lastPart.slice(lastPart.indexOf(':') + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: JsonRecord, hostNetwork: boolean): void {
  setDefaults(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: defaultPullPolicy(stringAt(container, 'image')),
  });
  for (const port of recordsAt(container, 'ports')) {
    setDefaults(port, { protocol: 'TCP' });
    if (hostNetwork) setDefaults(port, { hostPort: port.containerPort });
  }
}

/** Defaults every pod spec gets, in a pod as in a pod template. Changes the spec in place. */
export function defaultPodSpec(spec: JsonRecord): void {
  setDefaults(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const hostNetwork = spec.hostNetwork === true;
  for (const list of CONTAINER_LISTS) {
    for (const container of recordsAt(spec, list)) defaultContainer(container, hostNetwork);
  }
  const serviceAccount = stringAt(spec, 'serviceAccountName') || stringAt(spec, 'serviceAccount');
  if (serviceAccount !== '') {
    spec.serviceAccountName = serviceAccount;
    spec.serviceAccount = serviceAccount;
  }
}

/** Requests that are not given are those of the limits. Holds for pods, not for templates. */
export function defaultRequestsFromLimits(spec: JsonRecord): void {
  for (const list of CONTAINER_LISTS) {
    for (const container of recordsAt(spec, list)) {
      const resources = recordAt(container, 'resources');
      const { limits } = resources;
      if (!isRecord(limits)) continue;
      resources.requests = { ...limits, ...recordAt(resources, 'requests') };
    }
  }
}
