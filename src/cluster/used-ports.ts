import type { HostPort } from './pod.js';

const anyAddress = '0.0.0.0';

/** Host ports taken on one node, counted per address, so that two pods may (wrongly) hold the same one and both leave. */
export class UsedPorts {
  readonly #byPort = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#byPort.size === 0;
  }

  add(ports: readonly HostPort[]): void {
    for (const { ip, protocol, port } of ports) {
      const key = `${protocol}/${port}`;
      let addresses = this.#byPort.get(key);
      if (addresses === undefined) {
        addresses = new Map();
        this.#byPort.set(key, addresses);
      }
      addresses.set(ip, (addresses.get(ip) ?? 0) + 1);
    }
  }

  remove(ports: readonly HostPort[]): void {
    for (const { ip, protocol, port } of ports) {
      const key = `${protocol}/${port}`;
      const addresses = this.#byPort.get(key);
      const count = addresses?.get(ip);
      if (addresses === undefined || count === undefined) continue;
      if (count > 1) addresses.set(ip, count - 1);
      else addresses.delete(ip);
      if (addresses.size === 0) this.#byPort.delete(key);
    }
  }

  /** Makes the ports free, however many pods hold them. */
  free(ports: readonly HostPort[]): void {
    for (const { ip, protocol, port } of ports) {
      const key = `${protocol}/${port}`;
      const addresses = this.#byPort.get(key);
      if (addresses?.delete(ip) && addresses.size === 0) this.#byPort.delete(key);
    }
  }

  /** True when a wanted port is taken: on the same address, or either side wants every address. */
  conflictsWith(wanted: readonly HostPort[]): boolean {
    for (const { ip, protocol, port } of wanted) {
      const addresses = this.#byPort.get(`${protocol}/${port}`);
      if (addresses === undefined) continue;
      if (ip === anyAddress || addresses.has(anyAddress) || addresses.has(ip)) return true;
    }
    return false;
  }

  copy(): UsedPorts {
    const copy = new UsedPorts();
    for (const [key, addresses] of this.#byPort) copy.#byPort.set(key, new Map(addresses));
    return copy;
  }

  /** Sorted `protocol/port@ip×count`: what tests compare. */
  toJSON(): string[] {
    return [...this.#byPort]
      .flatMap(([key, addresses]) => [...addresses].map(([ip, count]) => `${key}@${ip}×${count}`))
      .sort();
  }
}
