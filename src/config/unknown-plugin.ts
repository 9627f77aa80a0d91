import { gatedPlugins, type PluginCatalog, successors } from './in-tree-plugins.js';
import { closest } from './suggest.js';

const howToSupply =
  "it is not one of kube-scheduler's: give Berth the module that has it, under plugins of a BerthConfiguration " +
  '(a second document in the same file, apiVersion berth.dev/v1alpha1; docs/plugins.md shows how)';

/** What helps a person who named a plugin that is not there: what was meant, what replaced it, or how to supply it. */
export function adviceOnUnknownPlugin(name: string, plugins: PluginCatalog): string {
  const gate = gatedPlugins.get(name);
  if (gate !== undefined) {
    return `it serves the feature gate ${gate}, which is off by default and which Berth does not have`;
  }
  const successor = successors.get(name);
  if (successor !== undefined) {
    return `it was removed from Kubernetes: ${successor}`;
  }
  if (name === '') {
    return 'give the name of a plugin';
  }
  const near = closest(name, plugins.keys());
  return near === undefined ? howToSupply : `did you mean "${near}"?`;
}
