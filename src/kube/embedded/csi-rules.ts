import {
  choiceProblems,
  fixedFieldProblems,
  immutableField,
  labelSelectorProblems,
  notNegative,
} from './field-rules.js';
import { ensureRecord, jsonEqual, recordAt, recordsAt, setDefaults, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { nameProblem } from './object-name.js';
import { amountOf, checkQuantities } from './quantity-check.js';
import { duplicateValue, type FieldProblem, required, unsupportedValue } from './status-error.js';

/** Lists that are written as null when they are empty, as the real server does here. */
export function defaultCsiNode(csiNode: KubeObject): void {
  const spec = ensureRecord(csiNode, 'spec');
  if (recordsAt(spec, 'drivers').length === 0) spec.drivers = null;
  for (const driver of recordsAt(spec, 'drivers')) {
    if (!Array.isArray(driver.topologyKeys) || driver.topologyKeys.length === 0) driver.topologyKeys = null;
  }
}

export function csiNodeProblems(csiNode: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  const drivers = recordsAt(csiNode.spec, 'drivers');
  const names = drivers.map((driver) => stringAt(driver, 'name'));
  const before = new Map(
    recordsAt(current?.spec, 'drivers').map((driver) => [stringAt(driver, 'name'), driver]),
  );
  return drivers.flatMap((driver, index) => {
    const place = `spec.drivers[${index}]`;
    const name = stringAt(driver, 'name');
    const { count } = recordAt(driver, 'allocatable');
    const known = before.get(name);
    const isMoved =
      known !== undefined &&
      ['nodeID', 'topologyKeys'].some((field) => !jsonEqual(driver[field], known[field]));
    return [
      ...['name', 'nodeID']
        .filter((field) => stringAt(driver, field) === '')
        .map((field) => required(`${place}.${field}`)),
      ...(name !== '' && names.indexOf(name) < index ? [duplicateValue(`${place}.name`, name)] : []),
      ...(typeof count === 'number' && count < 0 ? [notNegative(`${place}.allocatable.count`, count)] : []),
      ...(isMoved ? [immutableField('spec.drivers', driver)] : []),
    ];
  });
}

export function defaultCsiDriver(driver: KubeObject): void {
  setDefaults(ensureRecord(driver, 'spec'), {
    attachRequired: true,
    podInfoOnMount: false,
    volumeLifecycleModes: ['Persistent'],
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
    preventPodSchedulingIfMissing: false,
  });
}

const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];

export function csiDriverProblems(driver: KubeObject, current: KubeObject | undefined): FieldProblem[] {
  const spec = recordAt(driver, 'spec');
  const modes = Array.isArray(spec.volumeLifecycleModes) ? spec.volumeLifecycleModes : [];
  const fixed =
    current === undefined
      ? []
      : fixedFieldProblems('spec.', spec, recordAt(current, 'spec'), [
          'attachRequired',
          'volumeLifecycleModes',
        ]);
  return [
    ...choiceProblems('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...modes
      .filter((mode) => !LIFECYCLE_MODES.some((known) => known === mode))
      .map((mode) => unsupportedValue('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES)),
    ...fixed,
  ];
}

const CAPACITY_FIELDS = ['capacity', 'maximumVolumeSize'];

/** Throws 400 for a capacity that is no quantity. */
export function checkCsiStorageCapacity(capacity: KubeObject): void {
  const amounts = CAPACITY_FIELDS.map((field) => capacity[field]);
  checkQuantities(
    capacity.kind,
    amounts.filter((amount) => amount !== undefined && amount !== null),
  );
}

export function csiStorageCapacityProblems(
  capacity: KubeObject,
  current: KubeObject | undefined,
): FieldProblem[] {
  const className = nameProblem('storageClassName', stringAt(capacity, 'storageClassName'));
  return [
    ...labelSelectorProblems('nodeTopology', capacity.nodeTopology),
    ...(className === undefined ? [] : [className]),
    ...CAPACITY_FIELDS.filter((field) => amountOf(capacity[field]) < 0).map((field) =>
      notNegative(field, capacity[field]),
    ),
    ...(current === undefined
      ? []
      : fixedFieldProblems('', capacity, current, ['nodeTopology', 'storageClassName'])),
  ];
}
