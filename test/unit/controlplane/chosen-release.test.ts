import { describe, expect, it } from '@jest/globals';
import { kubernetesVersion, triedKubernetes } from '../../../src/version.js';
import { chosenRelease, requirePinnedRelease } from '../../controlplane/build.js';

const oldest = triedKubernetes[0] ?? '';
const pinned = kubernetesVersion.slice(1, kubernetesVersion.lastIndexOf('.'));
const minor = /^v(1\.\d+)\./.exec(oldest)?.[1] ?? '';

describe('the Kubernetes that end-to-end tests run on', () => {
  it('is the pinned one unless another is asked for', () => {
    for (const env of [{}, { BERTH_KUBERNETES: '' }]) expect(chosenRelease(env)).toBeUndefined();
  });

  it('is the release of the minor that BERTH_KUBERNETES names', () => {
    expect(chosenRelease({ BERTH_KUBERNETES: minor })).toBe(oldest);
  });

  it('is not one that nobody tried', () => {
    for (const name of ['1.3', '1.33', `${minor}.1`, 'newest'])
      expect(() => chosenRelease({ BERTH_KUBERNETES: name })).toThrow(
        `BERTH_KUBERNETES is ${name}; set it to one of ${minor}, `,
      );
  });

  it('is not chosen twice', () => {
    const KUBEBUILDER_ASSETS = '/opt/kubebuilder/bin';
    expect(() => chosenRelease({ BERTH_KUBERNETES: minor, KUBEBUILDER_ASSETS })).toThrow('unset one of them');
    expect(chosenRelease({ BERTH_KUBERNETES: pinned, KUBEBUILDER_ASSETS })).toBe(kubernetesVersion);
  });

  it('is refused by what is made for one release alone', () => {
    expect(() => requirePinnedRelease('the bench', { BERTH_KUBERNETES: minor })).toThrow(
      `the bench takes Kubernetes ${kubernetesVersion} alone; unset BERTH_KUBERNETES.`,
    );
    for (const env of [{}, { BERTH_KUBERNETES: pinned }])
      expect(() => requirePinnedRelease('the bench', env)).not.toThrow();
  });
});
