import { isRecord, type JsonRecord, recordAt, stringAt } from './json-value.js';

interface ReviewKind {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly answer: (spec: JsonRecord) => JsonRecord;
}

const USER = {
  username: 'kubernetes-admin',
  uid: 'embedded',
  groups: ['system:masters', 'system:authenticated'],
};

const allowed = (): JsonRecord => ({ allowed: true });

/** Questions about who somebody is and what he may do. There are no users here: everything is allowed. */
export const REVIEW_KINDS: readonly ReviewKind[] = [
  {
    group: 'authentication.k8s.io',
    kind: 'TokenReview',
    plural: 'tokenreviews',
    answer: (spec) =>
      stringAt(spec, 'token') === ''
        ? { authenticated: false, user: {} }
        : {
            authenticated: true,
            user: USER,
            ...(Array.isArray(spec.audiences) ? { audiences: spec.audiences } : {}),
          },
  },
  {
    group: 'authentication.k8s.io',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    answer: () => ({ userInfo: USER }),
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    answer: allowed,
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    answer: allowed,
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    answer: () => ({
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    }),
  },
];

/** The answer to a review, or undefined when the path names none. */
export function answerReview(apiVersion: string, plural: string, body: unknown): JsonRecord | undefined {
  const review = REVIEW_KINDS.find((kind) => `${kind.group}/v1` === apiVersion && kind.plural === plural);
  if (review === undefined) return undefined;
  const request = isRecord(body) ? body : {};
  return {
    kind: review.kind,
    apiVersion,
    metadata: {},
    ...(request.spec === undefined ? {} : { spec: request.spec }),
    status: review.answer(recordAt(request, 'spec')),
  };
}
