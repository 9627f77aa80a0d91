import { AssumableTable } from './assumable-table.js';
import { ObjectTable } from './object-table.js';
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from './storage.js';

/** What is known of storage. Volumes and claims may hold assumptions of pods whose binding is on the way. */
export class StorageState {
  readonly volumes = new AssumableTable<PersistentVolume>();
  readonly claims = new AssumableTable<PersistentVolumeClaim>();
  readonly classes = new ObjectTable<StorageClass>();
  readonly csiNodes = new ObjectTable<CsiNode>();
  readonly csiDrivers = new ObjectTable<CsiDriver>();
  readonly capacities = new ObjectTable<CsiStorageCapacity>();
  readonly attachments = new ObjectTable<VolumeAttachment>();
}
