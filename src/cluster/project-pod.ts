import type { Labels, Pod, PodSpec } from './pod.js';
import { type AccountedRequests, accountedRequests } from './pod-requests.js';
import { projectSpec, specResources } from './project-pod-spec.js';
import { projectionError } from './projection-error.js';
import {
  instant,
  integer,
  itemObject,
  list,
  optionalObject,
  type RawObject,
  requiredObject,
  requiredText,
  text,
  textMap,
} from './raw-field.js';
import { type SpecParts, specParts } from './spec-parts.js';
import { statusParts, withStatus } from './status-resources.js';
import { StringPool } from './string-pool.js';
import { WeakTable } from './weak-table.js';

const defaultSchedulerName = 'default-scheduler';
const noLabels: Labels = Object.freeze({});

/** Resizes come and go; a template whose pods report this many different amounts is no template. */
const statusLimit = 64;

type Controller = NonNullable<Pod['controller']>;

/** What pods of one template share beside their spec. Lives as long as the spec is used by a pod. */
interface TemplateExtra {
  /** What is accounted while the status says nothing. */
  readonly fromSpec: AccountedRequests;
  readonly byStatus: Map<string, AccountedRequests>;
  /** Of the pod projected last: the next one mostly has the same. */
  labels: Labels;
  controller: Controller | undefined;
}

/**
 * Makes a function that turns decoded core/v1 Pods into `Pod`s. Pods of one template share one frozen `PodSpec`, and strings
 * that repeat are kept once; the function holds on to neither the decoded objects nor specs that no pod uses any more.
 *
 * Fields unknown to it are ignored and null counts as absent. What has the wrong type throws `ProjectionError`, and nothing
 * else is ever thrown for an object. Times are read to the millisecond; a missing creation time is 0.
 */
export function createPodProjector(): (raw: unknown) => Pod {
  const projector = new PodProjector();
  return (raw) => {
    try {
      return projector.project(requiredObject(raw, '.'));
    } catch (error) {
      throw projectionError('Pod', raw, error);
    }
  };
}

class PodProjector {
  readonly #strings = new StringPool();
  readonly #templates = new WeakTable<PodSpec, TemplateExtra>();

  project(raw: RawObject): Pod {
    const metadata = requiredObject(raw.metadata, 'metadata');
    const rawSpec = requiredObject(raw.spec, 'spec');
    const status = optionalObject(raw.status, 'status') ?? {};
    const uid = requiredText(metadata.uid, 'metadata.uid');
    const namespace = requiredText(metadata.namespace, 'metadata.namespace');
    const name = requiredText(metadata.name, 'metadata.name');
    const { value: spec, extra, parts } = this.#template(rawSpec);
    const { accounted, nonZeroCpu, nonZeroMemory } = accountedFor(rawSpec, status, parts, extra);
    return {
      uid,
      namespace: this.#strings.intern(namespace),
      name,
      resourceVersion: text(metadata.resourceVersion, 'metadata.resourceVersion'),
      generation: integer(metadata.generation, 'metadata.generation'),
      labels: this.#labels(metadata.labels, extra),
      schedulerName: this.#text(rawSpec.schedulerName, 'spec.schedulerName') || defaultSchedulerName,
      nodeName: this.#text(rawSpec.nodeName, 'spec.nodeName'),
      nominatedNodeName: this.#text(status.nominatedNodeName, 'status.nominatedNodeName'),
      priority: integer(rawSpec.priority, 'spec.priority'),
      phase: this.#text(status.phase, 'status.phase'),
      terminating: instant(metadata.deletionTimestamp, 'metadata.deletionTimestamp') !== undefined,
      preempted: isPreempted(status.conditions),
      generatedClaims: generatedClaims(status),
      startTime: instant(status.startTime, 'status.startTime'),
      creationTime: instant(metadata.creationTimestamp, 'metadata.creationTimestamp') ?? 0,
      controller: this.#controller(metadata.ownerReferences, extra),
      scheduledCondition: this.#scheduledCondition(status.conditions),
      spec,
      accounted,
      nonZeroCpu,
      nonZeroMemory,
    };
  }

  #template(rawSpec: RawObject): { value: PodSpec; extra: TemplateExtra; parts: SpecParts } {
    const parts = specParts(rawSpec);
    const key = JSON.stringify(parts);
    const known = this.#templates.get(key);
    if (known !== undefined) return { ...known, parts };
    const resources = specResources(parts);
    const value = projectSpec(parts, resources);
    const extra: TemplateExtra = {
      fromSpec: accountedRequests(resources),
      byStatus: new Map(),
      labels: noLabels,
      controller: undefined,
    };
    this.#templates.set(key, value, extra);
    return { value, extra, parts };
  }

  #labels(value: unknown, extra: TemplateExtra): Labels {
    const raw = optionalObject(value, 'metadata.labels');
    if (raw === undefined) return noLabels;
    if (!sameTexts(raw, extra.labels)) {
      extra.labels = Object.freeze(textMap(raw, 'metadata.labels', this.#strings) ?? noLabels);
    }
    return extra.labels;
  }

  #controller(value: unknown, extra: TemplateExtra): Controller | undefined {
    const owners = list(value, 'metadata.ownerReferences');
    for (let i = 0; i < owners.length; i++) {
      const owner = itemObject(owners, i, 'metadata.ownerReferences');
      if (owner.controller !== true) continue;
      if (!isSameController(owner, extra.controller)) {
        const { apiVersion, kind, name, uid } = owner;
        const path = `metadata.ownerReferences[${i}]`;
        extra.controller = Object.freeze({
          apiVersion: this.#text(apiVersion, `${path}.apiVersion`),
          kind: this.#text(kind, `${path}.kind`),
          name: this.#text(name, `${path}.name`),
          uid: this.#text(uid, `${path}.uid`),
        });
      }
      return extra.controller;
    }
    return undefined;
  }

  #scheduledCondition(value: unknown): Pod['scheduledCondition'] {
    const conditions = list(value, 'status.conditions');
    for (let i = 0; i < conditions.length; i++) {
      const { type, status, reason, message, lastTransitionTime } = itemObject(
        conditions,
        i,
        'status.conditions',
      );
      if (type !== 'PodScheduled') continue;
      const path = `status.conditions[${i}]`;
      return {
        status: this.#text(status, `${path}.status`),
        reason: this.#text(reason, `${path}.reason`),
        message: this.#text(message, `${path}.message`),
        lastTransitionTime: text(lastTransitionTime, `${path}.lastTransitionTime`),
      };
    }
    return undefined;
  }

  #text(value: unknown, path: string): string {
    const found = text(value, path);
    return found === '' ? found : this.#strings.intern(found);
  }
}

function accountedFor(
  rawSpec: RawObject,
  status: RawObject,
  parts: SpecParts,
  extra: TemplateExtra,
): AccountedRequests {
  const reported = statusParts(rawSpec, status);
  if (reported === undefined) return extra.fromSpec;
  const key = JSON.stringify(reported);
  const known = extra.byStatus.get(key);
  if (known !== undefined) return known;
  const found = accountedRequests(withStatus(specResources(parts), reported));
  if (extra.byStatus.size >= statusLimit) extra.byStatus.clear();
  extra.byStatus.set(key, found);
  return found;
}

/** True when the decoded map holds exactly these texts. Labels are written sorted, so the order may count as well. */
function sameTexts(raw: RawObject, known: Labels): boolean {
  const keys = Object.keys(raw);
  const knownKeys = Object.keys(known);
  if (keys.length !== knownKeys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (key !== knownKeys[i] || raw[key] !== known[key]) return false;
  }
  return true;
}

function isSameController(owner: RawObject, known: Controller | undefined): boolean {
  return (
    known !== undefined &&
    owner.uid === known.uid &&
    owner.name === known.name &&
    owner.kind === known.kind &&
    owner.apiVersion === known.apiVersion
  );
}

/** Only the first condition of the type counts, as in kube-scheduler. */
function isPreempted(value: unknown): boolean {
  const conditions = list(value, 'status.conditions');
  for (let i = 0; i < conditions.length; i++) {
    const { type, status, reason } = itemObject(conditions, i, 'status.conditions');
    if (type === 'DisruptionTarget') return status === 'True' && reason === 'PreemptionByScheduler';
  }
  return false;
}

function generatedClaims(status: RawObject): string {
  const claims = list(status.resourceClaimStatuses, 'status.resourceClaimStatuses');
  const extended = optionalObject(status.extendedResourceClaimStatus, 'status.extendedResourceClaimStatus');
  return claims.length === 0 && extended === undefined ? '' : JSON.stringify([claims, extended]);
}
