import { describe, expect, it } from '@jest/globals';
import {
  inTreePlugin,
  inTreePluginOf,
  translateInlineVolume,
  translateVolume,
} from '../../../src/cluster/csi-translation.js';
import { volume } from '../plugins/volume-objects.js';

const zone = 'topology.kubernetes.io/zone';
const region = 'topology.kubernetes.io/region';
const oldZone = 'failure-domain.beta.kubernetes.io/zone';
const oldRegion = 'failure-domain.beta.kubernetes.io/region';
const aws = { awsElasticBlockStore: { volumeID: 'vol-1' } };
const gce = { gcePersistentDisk: { pdName: 'pd' } };
const vsphere = { vsphereVolume: { volumePath: '[store] disk.vmdk' } };

const requires = (...terms: object[]) => ({ nodeAffinity: { required: { nodeSelectorTerms: terms } } });
const term = (...expressions: [key: string, ...values: string[]][]) => ({
  matchExpressions: expressions.map(([key, ...values]) => ({ key, operator: 'In', values })),
});
const handleOf = (parts: Record<string, unknown>) => {
  const translation = translateVolume(volume('pv', parts));
  return translation?.kind === 'translated' ? translation.volumeHandle : translation?.message;
};
const termsOf = (parts: Record<string, unknown>) => {
  const translation = translateVolume(volume('pv', parts));
  return translation?.kind === 'translated' ? translation.nodeSelectorTerms : translation;
};

describe('In-tree volumes as their CSI drivers know them', () => {
  it.each([
    [aws, 'kubernetes.io/aws-ebs', 'ebs.csi.aws.com', 'vol-1'],
    [gce, 'kubernetes.io/gce-pd', 'pd.csi.storage.gke.io', 'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/pd'],
    [{ cinder: { volumeID: 'c-1' } }, 'kubernetes.io/cinder', 'cinder.csi.openstack.org', 'c-1'],
    [{ azureDisk: { diskURI: '/d/1' } }, 'kubernetes.io/azure-disk', 'disk.csi.azure.com', '/d/1'],
    [
      { azureFile: { secretName: 'azure-storage-account-me-secret', shareName: 's' } },
      'kubernetes.io/azure-file',
      'file.csi.azure.com',
      '#me#s#it#team',
    ],
    [vsphere, 'kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com', '[store] disk.vmdk'],
    [{ portworxVolume: { volumeID: 'p-1' } }, 'kubernetes.io/portworx-volume', 'pxd.portworx.com', 'p-1'],
  ])(
    '%j belongs to %s, now %s, handle %s, in a pod and in a volume',
    (source, name, driver, volumeHandle) => {
      expect(inTreePlugin(name)?.driver).toBe(driver);
      expect(inTreePluginOf(source)?.name).toBe(name);
      expect(translateInlineVolume({ name: 'it', ...source }, { namespace: 'team' })).toEqual({
        kind: 'translated',
        driver,
        volumeHandle,
      });
      expect(translateVolume(volume('it', { ...source, claimRef: { namespace: 'team' } }))).toEqual({
        kind: 'translated',
        driver,
        volumeHandle,
        nodeSelectorTerms: undefined,
      });
    },
  );

  it('leaves alone what no CSI driver took over', () => {
    expect(inTreePlugin('ebs.csi.aws.com')).toBeUndefined();
    expect(inTreePluginOf({ name: 'v', nfs: { server: 's' } })).toBeUndefined();
    expect(inTreePluginOf({ name: 'v', awsElasticBlockStore: null })).toBeUndefined();
    expect(translateInlineVolume({ name: 'v', rbd: {} }, { namespace: 'n' })).toBeUndefined();
    expect(translateVolume(volume('pv', { csi: { driver: 'd', volumeHandle: 'h' } }))).toBeUndefined();
    expect(translateVolume(volume('pv', { nfs: { server: 's' } }))).toBeUndefined();
  });

  it.each([
    ['vol-1', 'vol-1'],
    ['anything', 'anything'],
    ['aws://us-east-1a/vol-1', 'vol-1'],
    ['aws:///vol-1/', 'vol-1'],
    [
      'aws://us-east-1a/disk',
      'failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://us-east-1a/disk)',
    ],
    [
      'aws://vol-1',
      'failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://vol-1)',
    ],
  ])('reads the EBS volume %s as %s', (volumeID, expected) => {
    expect(handleOf({ awsElasticBlockStore: { volumeID } })).toBe(expected);
  });

  it.each<[Record<string, string>, string]>([
    [{ [zone]: 'us-east1-a' }, 'projects/UNSPECIFIED/zones/us-east1-a/disks/pd'],
    [{ [zone]: 'new', [oldZone]: 'old' }, 'projects/UNSPECIFIED/zones/old/disks/pd'],
    [{ [zone]: 'us-east1-a__us-east1-b' }, 'projects/UNSPECIFIED/regions/us-east1/disks/pd'],
    [
      { [zone]: 'us-east1-a__moon' },
      'failed to get region from zones: zone in unexpected format, expected: {locale}-{region}-{zone}, got: moon',
    ],
    [
      { [zone]: 'us-west1-a__us-east1-b' },
      'failed to get region from zones: multiple or no regions gotten from zones, got: map[us-east1:{} us-west1:{}]',
    ],
  ])('places a GCE disk with labels %j at %s', (labels, expected) => {
    expect(handleOf({ ...gce, labels })).toBe(expected);
  });

  it('takes over managed Azure disks alone', () => {
    expect(handleOf({ azureDisk: { diskURI: 'd', kind: 'managed' } })).toBe('d');
    expect(handleOf({ azureDisk: { diskURI: 'd', kind: 'Shared' } })).toBe(
      'kind(Shared) is not supported in csi migration',
    );
  });

  it('needs a namespace for the secret of an Azure file share', () => {
    const azureFile = { secretName: 'plain', shareName: 's' };
    expect(handleOf({ azureFile })).toBe(
      'could not find a secret namespace in PersistentVolumeSource or ClaimRef',
    );
    expect(
      handleOf({ azureFile: { ...azureFile, secretNamespace: 'own' }, claimRef: { namespace: 'c' } }),
    ).toBe('#plain#s#pv#own');
  });

  it.each([
    [aws, 'topology.ebs.csi.aws.com/zone'],
    [gce, 'topology.gke.io/zone'],
    [{ cinder: { volumeID: 'c' } }, 'topology.cinder.csi.openstack.org/zone'],
    [vsphere, 'topology.csi.vmware.com/zone'],
  ])('puts the driver of %j in place of the zone, in every term', (source, driverKey) => {
    const given = requires(term(['disk', 'ssd'], [zone, 'a']), term([zone, 'b', 'c']));
    const expected = [term(['disk', 'ssd'], [driverKey, 'a']), term([driverKey, 'b', 'c'])];
    // What the affinity says comes before what the label says.
    expect(termsOf({ ...source, ...given, labels: { [zone]: 'other' } })).toEqual(expected);
    expect(termsOf({ ...source, ...requires(term([oldZone, 'a'])) })).toEqual([term([driverKey, 'a'])]);
  });

  it('takes zones from the label when the affinity has none', () => {
    const key = 'topology.ebs.csi.aws.com/zone';
    expect(termsOf({ ...aws, labels: { [zone]: 'b__ a__b__' } })).toEqual([term([key, 'a', 'b'])]);
    expect(termsOf({ ...aws, labels: { [oldZone]: 'a' } })).toEqual([term([key, 'a'])]);
    expect(termsOf({ ...aws, labels: { [oldZone]: 'old', [zone]: 'new' } })).toEqual([term([key, 'new'])]);
    expect(termsOf({ ...aws, labels: { [zone]: ' __' } })).toBeUndefined();
    expect(termsOf({ ...aws, labels: { [zone]: 'a' }, ...requires() })).toEqual([term([key, 'a'])]);
    const given = requires(term(['x', '1']), { matchFields: [] });
    expect(termsOf({ ...aws, labels: { [zone]: 'a' }, ...given })).toMatchObject([
      term(['x', '1'], [key, 'a']),
      term([key, 'a']),
    ]);
  });

  it('counts a zone without values as none, but as a sign of which keys are in use', () => {
    const exists = { matchExpressions: [{ key: oldZone, operator: 'Exists' }] };
    expect(termsOf({ ...aws, ...requires(exists), labels: { [oldZone]: 'a', [zone]: 'b' } })).toMatchObject([
      {
        matchExpressions: [
          { key: oldZone, operator: 'Exists' },
          { key: 'topology.ebs.csi.aws.com/zone', operator: 'In', values: ['a'] },
        ],
      },
    ]);
  });

  it('makes the stable region key of the beta one, where the volume goes by beta keys', () => {
    const key = 'topology.ebs.csi.aws.com/zone';
    expect(termsOf({ ...aws, ...requires(term([oldZone, 'a'], [oldRegion, 'r'])) })).toEqual([
      term([key, 'a'], [region, 'r']),
    ]);
    expect(termsOf({ ...aws, ...requires(term([zone, 'a'], [oldRegion, 'r'])) })).toEqual([
      term([key, 'a'], [oldRegion, 'r']),
    ]);
    expect(termsOf({ ...aws, ...requires(term([oldZone, 'a'], [oldRegion])) })).toEqual([
      term([key, 'a'], [oldRegion]),
    ]);
  });

  it('gives vSphere a key for zone and region each, and takes a label as one zone', () => {
    const [csiZone, csiRegion] = ['topology.csi.vmware.com/zone', 'topology.csi.vmware.com/region'];
    expect(termsOf({ ...vsphere, labels: { [zone]: 'a__b', [region]: 'r' } })).toEqual([
      term([csiZone, 'a__b'], [csiRegion, 'r']),
    ]);
    expect(termsOf({ ...vsphere, ...requires(term([oldZone, 'a'], [oldRegion, 'r'])) })).toEqual([
      term([csiZone, 'a'], [csiRegion, 'r']),
    ]);
    expect(termsOf({ ...vsphere, labels: { [oldRegion]: 'r' } })).toBeUndefined();
  });

  it('does not touch the affinity of a volume whose driver has no key for the zone, nor the volume itself', () => {
    const given = requires(term([zone, 'a']));
    expect(termsOf({ azureDisk: { diskURI: 'd' }, ...given })).toEqual([term([zone, 'a'])]);
    const disk = volume('pv', { ...aws, ...given });
    translateVolume(disk);
    expect(disk.nodeSelectorTerms).toEqual([term([zone, 'a'])]);
    expect(translateVolume(disk)).toBe(translateVolume(disk));
  });

  it('bears sources with fields of a wrong type', () => {
    expect(handleOf({ awsElasticBlockStore: { volumeID: 7 } })).toBe('');
    expect(inTreePluginOf({ cinder: 'x' })).toBeUndefined();
  });
});
