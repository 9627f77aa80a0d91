import type { Node, NodeImage, Taint } from './node.js';
import { projectionError } from './projection-error.js';
import {
  flag,
  integer,
  itemObject,
  list,
  mapObjects,
  optionalObject,
  quantity,
  type RawObject,
  requiredObject,
  requiredText,
  resources,
  text,
  textMap,
  texts,
} from './raw-field.js';
import { noRequests } from './requests.js';
import { toRequests } from './resource-map.js';
import { pods } from './resource-names.js';
import { StringPool } from './string-pool.js';

/** Nodes report up to 50 images each, mostly the same ones. */
const imageLimit = 65_536;

/**
 * Makes a function that turns decoded core/v1 Nodes into `Node`s. Strings and images that repeat among nodes are kept once;
 * nothing of the decoded object is held. Unknown fields are ignored and null counts as absent; what has the wrong type
 * throws `ProjectionError`, and nothing else is ever thrown for an object.
 */
export function createNodeProjector(): (raw: unknown) => Node {
  const projector = new NodeProjector();
  return (raw) => {
    try {
      return projector.project(requiredObject(raw, '.'));
    } catch (error) {
      throw projectionError('Node', raw, error);
    }
  };
}

class NodeProjector {
  readonly #strings = new StringPool();
  readonly #imageByContents = new Map<string, NodeImage>();
  /** The image that had the name as its first one when it was seen last: nearly always it is the same again. */
  readonly #imageByName = new Map<string, NodeImage>();

  project(raw: RawObject): Node {
    const metadata = requiredObject(raw.metadata, 'metadata');
    const spec = optionalObject(raw.spec, 'spec') ?? {};
    const status = optionalObject(raw.status, 'status') ?? {};
    const allocatable = optionalObject(status.allocatable, 'status.allocatable');
    const amounts = resources(allocatable, 'status.allocatable');
    const podCount = allocatable?.[pods];
    return {
      uid: text(metadata.uid, 'metadata.uid'),
      name: this.#strings.intern(requiredText(metadata.name, 'metadata.name')),
      resourceVersion: text(metadata.resourceVersion, 'metadata.resourceVersion'),
      labels: textMap(metadata.labels, 'metadata.labels', this.#strings) ?? {},
      annotations: textMap(metadata.annotations, 'metadata.annotations') ?? {},
      taints: mapObjects(spec.taints, 'spec.taints', (taint, path) => this.#taint(taint, path)),
      unschedulable: flag(spec.unschedulable, 'spec.unschedulable'),
      podPreemptionPolicy: jsonText(optionalObject(spec.podPreemptionPolicy, 'spec.podPreemptionPolicy')),
      allocatable: amounts === undefined ? noRequests : toRequests(amounts),
      allowedPods:
        podCount === undefined ? 0 : Math.ceil(quantity(pods, podCount, 'status.allocatable["pods"]')),
      images: this.#images(status.images),
      declaredFeatures: texts(status.declaredFeatures, 'status.declaredFeatures').map((name) =>
        this.#strings.intern(name),
      ),
      conditions: this.#conditions(status.conditions),
    };
  }

  #taint(raw: RawObject, path: string): Taint {
    return {
      key: this.#strings.intern(text(raw.key, `${path}.key`)),
      value: this.#strings.intern(text(raw.value, `${path}.value`)),
      effect: this.#strings.intern(text(raw.effect, `${path}.effect`)),
    };
  }

  #images(value: unknown): NodeImage[] {
    const items = list(value, 'status.images');
    const images: NodeImage[] = [];
    for (let i = 0; i < items.length; i++) {
      const raw = itemObject(items, i, 'status.images');
      images.push(this.#imageSeenLast(raw) ?? this.#image(raw, `status.images[${i}]`));
    }
    return images;
  }

  #imageSeenLast({ names, sizeBytes }: RawObject): NodeImage | undefined {
    const image = Array.isArray(names) ? this.#imageByName.get(names[0] as string) : undefined;
    if (image === undefined || image.sizeBytes !== sizeBytes) return undefined;
    return sameItems(image.names, names as unknown[]) ? image : undefined;
  }

  /** A dangling image has no names, which the API writes as null. */
  #image(raw: RawObject, path: string): NodeImage {
    const names = texts(raw.names, `${path}.names`);
    const sizeBytes = integer(raw.sizeBytes, `${path}.sizeBytes`);
    const key = JSON.stringify([sizeBytes, names]);
    let image = this.#imageByContents.get(key);
    if (image === undefined) {
      if (this.#imageByContents.size >= imageLimit) {
        this.#imageByContents.clear();
        this.#imageByName.clear();
      }
      image = Object.freeze({ names: Object.freeze(names), sizeBytes });
      this.#imageByContents.set(key, image);
    }
    if (names[0] !== undefined) this.#imageByName.set(names[0], image);
    return image;
  }

  #conditions(value: unknown): Record<string, string> {
    const result: Record<string, string> = {};
    for (const [type, status] of mapObjects(value, 'status.conditions', condition)) {
      result[this.#strings.intern(type)] = this.#strings.intern(status);
    }
    return result;
  }
}

function sameItems(known: readonly string[], items: readonly unknown[]): boolean {
  if (known.length !== items.length) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== items[i]) return false;
  return true;
}

function jsonText(value: RawObject | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function condition(raw: RawObject, path: string): [string, string] {
  return [text(raw.type, `${path}.type`), text(raw.status, `${path}.status`)];
}
