import type { PodObject } from './api-objects.js';
import { bindingsIn } from './cluster-history.js';
import type { ClientEvidence, Evidence, Verdict } from './evidence.js';
import type { RequestRecord } from './request-log.js';

interface Sent {
  readonly client: ClientEvidence;
  readonly record: RequestRecord;
}

/**
 * Looks for pods that were bound and say of themselves that they wait: a refusal was written after the binding, and would stand there
 * for good. Nobody is to blame where somebody else bound the pod, or where the refusal was sent by an earlier leader before the binding
 * and was late on its way, or where the binding itself was carried out after the answer had said that it was not.
 */
export function auditConditions(evidence: Evidence): Verdict {
  const { history, boundByOther } = evidence;
  const breaches: string[] = [];
  let bound = 0;
  for (const { bound: binding } of bindingsIn(history.pods)) {
    const { uid, name, namespace } = binding.pod.metadata;
    if (boundByOther.has(uid)) continue;
    bound += 1;
    const wrong = history.pods
      .lifeOf(uid)
      .find(
        ({ version, object }) => version > binding.version && object !== undefined && saysItWaits(object),
      );
    if (wrong === undefined) continue;
    const about = (kind: string): Sent[] =>
      evidence.clients.flatMap((client) =>
        client.log
          .filter((record) => record.class === kind && record.name === name && record.namespace === namespace)
          .map((record) => ({ client, record })),
      );
    const patch = about('status').findLast(({ record }) => record.at <= wrong.at && record.code === 200);
    const posts = about('bind').filter(({ record }) => record.target === binding.node);
    const [post] = posts;
    if (
      patch !== undefined &&
      post !== undefined &&
      (isLate(patch, post) || isUnexpected(evidence, patch, { posts, version: binding.version }))
    )
      continue;
    breaches.push(
      `${name} is bound to ${binding.node} at version ${binding.version} and says ${reasonOf(wrong.object!)} at ${wrong.version}` +
        ` (${patch === undefined ? 'by no request of ours' : `sent ${patch.record.at.toFixed(0)} by ${patch.client.name}#${patch.record.generation}${patch.record.fault === undefined ? '' : `, ${patch.record.fault}`}`}` +
        `; bound by a request of ${post?.record.at.toFixed(0) ?? 'nobody'})`,
    );
  }
  return { invariant: 'no bound pod says that it waits', breaches, cases: bound, note: `${bound} bindings` };
}

/** Sent before the binding, by another process than the one that bound. */
function isLate(patch: Sent, post: Sent): boolean {
  const isSame = patch.client === post.client && patch.record.generation === post.record.generation;
  return !isSame && patch.record.at <= post.record.at;
}

/** The server bound long after it had said no, and the process had not been told of it when it wrote. */
function isUnexpected(
  { slackMs }: Evidence,
  { client, record }: Sent,
  { posts, version }: { readonly posts: readonly Sent[]; readonly version: number },
): boolean {
  const known = client.knowledge(record.generation).at('pods', record.at - slackMs).version;
  return known < version && posts.some(({ record: { fault } }) => fault === 'late-commit');
}

function saysItWaits(pod: PodObject): boolean {
  return (
    pod.status?.conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'False') ?? false
  );
}

function reasonOf({ status }: PodObject): string {
  return status?.conditions?.find(({ type }) => type === 'PodScheduled')?.reason ?? '';
}
