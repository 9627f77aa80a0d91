import type { Clock } from '../clock.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { BerthError } from '../errors.js';
import { Extender, type ExtenderOptions } from './extender.js';
import { extenderTls } from './extender-tls.js';
import { Extenders, type ExtendersOptions } from './extenders.js';

export interface CreateExtendersOptions extends ExtendersOptions {
  readonly clock: Clock;
  readonly exchanged?: ExtenderOptions['exchanged'];
}

/** The extenders of a configuration; undefined when it has none. Throws `BerthError` on certificates that cannot be used. */
export function createExtenders(
  configuration: EffectiveConfiguration,
  { clock, exchanged, ...options }: CreateExtendersOptions,
): Extenders | undefined {
  if (configuration.extenders.length === 0) return undefined;
  const extenders = configuration.extenders.map((extender, index) => {
    try {
      const tls = extenderTls(extender);
      return new Extender({ configuration: extender, tls, clock, ...(exchanged && { exchanged }) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new BerthError(
        'BERTH_E_CONFIG_INVALID',
        { problem: `extenders[${index}].tlsConfig: ${reason}` },
        { cause: error, ...(configuration.source === undefined ? {} : { where: configuration.source }) },
      );
    }
  });
  return new Extenders(extenders, options);
}
