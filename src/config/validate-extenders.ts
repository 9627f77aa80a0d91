import { type FieldProblem, invalid } from './field-problem.js';
import { isExtendedResourceName, qualifiedNameProblems } from './qualified-name.js';
import type { ExtenderConfiguration, ProfileConfiguration } from './scheduler-configuration.js';

/** Judges extenders each and together. URLs are not looked into, and files not opened: that happens at the start. */
export function validateExtenders(
  extenders: readonly ExtenderConfiguration[],
  profiles: readonly ProfileConfiguration[],
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const resources = new Set<string>();
  extenders.forEach((extender, index) => {
    const path = ['extenders', index];
    if (extender.prioritizeVerb !== '' && extender.weight <= 0) {
      problems.push(
        invalid([...path, 'weight'], extender.weight, 'must have a positive weight applied to it'),
      );
    }
    const { insecure, caFile, caData } = extender.tlsConfig ?? {};
    if (insecure && (caFile || caData)) {
      problems.push({
        path: [...path, 'tlsConfig', 'insecure'],
        text: 'specifying a root certificates file with the insecure flag is not allowed',
        suggestion: 'leave out insecure, or caFile and caData',
      });
    }
    extender.managedResources.forEach(({ name }, resourceIndex) => {
      const namePath = [...path, 'managedResources', resourceIndex, 'name'];
      const details = qualifiedNameProblems(name);
      if (details.length === 0 && !isExtendedResourceName(name)) {
        details.push('is an invalid extended resource name');
      }
      problems.push(...details.map((detail) => invalid(namePath, name, detail)));
      if (resources.has(name)) {
        problems.push(invalid(namePath, name, 'duplicate extender managed resource name'));
      }
      resources.add(name);
    });
  });
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== '').length;
  if (binders > 1) {
    problems.push(
      invalid(
        ['extenders'],
        `found ${binders} extenders implementing bind`,
        'only one extender can implement bind',
      ),
    );
  }
  return [...problems, ...ignoredResourcesWithoutFit(extenders, profiles)];
}

/** What extenders look after is taken off NodeResourcesFit; a profile without it has nothing to take it off. */
function ignoredResourcesWithoutFit(
  extenders: readonly ExtenderConfiguration[],
  profiles: readonly ProfileConfiguration[],
): FieldProblem[] {
  const fits = profiles.every(({ pluginConfig }) =>
    pluginConfig.some(({ name }) => name === 'NodeResourcesFit'),
  );
  return extenders.flatMap(({ managedResources }, index) => {
    const ignored = managedResources.findIndex(({ ignoredByScheduler }) => ignoredByScheduler);
    return fits || ignored === -1
      ? []
      : [
          {
            path: ['extenders', index, 'managedResources', ignored, 'ignoredByScheduler'],
            text: "can't find NodeResourcesFitArgs in plugin config",
            suggestion: 'enable NodeResourcesFit in every profile, or leave out ignoredByScheduler',
          },
        ];
  });
}
