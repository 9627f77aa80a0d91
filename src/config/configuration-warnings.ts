import { type DecodedFile, enabledPlugins } from './defaults.js';
import type { PluginCatalog } from './in-tree-plugins.js';
import type { ConfigurationOverrides } from './overrides.js';
import type { PlacedWarning } from './problem-place.js';
import type { EffectiveConfiguration } from './scheduler-configuration.js';
import { adviceOnUnknownPlugin } from './unknown-plugin.js';

/** What kube-scheduler passes over in silence, and people want to know. */
export function warningsOf(
  { profiles: effective, extenders }: EffectiveConfiguration,
  { profiles = [] }: DecodedFile,
  { schedulerName, remarks = [] }: ConfigurationOverrides,
  plugins: PluginCatalog,
): Omit<PlacedWarning, 'place'>[] {
  const warnings: Omit<PlacedWarning, 'place'>[] = remarks.map((text) => ({ path: [], text }));
  if (
    schedulerName !== undefined &&
    profiles.length > 0 &&
    profiles.every((profile) => profile.schedulerName)
  ) {
    const text =
      '--scheduler-name is ignored: the profiles of the configuration file have names of their own';
    warnings.push({ path: [], text });
  }
  extenders.forEach(({ urlPrefix }, index) => {
    if (URL.canParse(urlPrefix) && /^https?:$/.test(new URL(urlPrefix).protocol)) return;
    // The URL may hold a password: not shown.
    const encode = urlPrefix.includes('@')
      ? '; in a password "/", "?" and "#" are written %2F, %3F and %23'
      : '';
    const text = `is no http or https URL: all that is asked of the extender fails${encode}`;
    warnings.push({ path: ['extenders', index, 'urlPrefix'], text });
  });
  profiles.forEach((profile, index) => {
    const path = ['profiles', index];
    for (const [key, set] of Object.entries(profile.plugins ?? {})) {
      set?.disabled?.forEach(({ name = '' }, entry) => {
        if (name !== '*' && !plugins.has(name)) {
          warnings.push({
            path: [...path, 'plugins', key, 'disabled', entry],
            text: `there is no plugin "${name}" to disable; ${adviceOnUnknownPlugin(name, plugins)}`,
          });
        }
      });
    }
    const sets = effective[index]?.plugins;
    const enabled = sets === undefined ? new Set() : enabledPlugins(sets);
    profile.pluginConfig?.forEach(({ name = '' }, entry) => {
      const at = [...path, 'pluginConfig', entry];
      if (!plugins.has(name)) {
        const text = `there is no plugin "${name}", its arguments go nowhere; ${adviceOnUnknownPlugin(name, plugins)}`;
        warnings.push({ path: at, text });
      } else if (!enabled.has(name)) {
        warnings.push({ path: at, text: `the profile does not enable ${name}: its arguments go nowhere` });
      }
    });
  });
  return warnings;
}
