import { type FieldProblem, invalid } from './field-problem.js';
import { isExtendedResourceName } from './qualified-name.js';
import type { ExtenderConfiguration } from './scheduler-configuration.js';

export function validateExtenders(extenders: readonly ExtenderConfiguration[]): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const resources = new Set<string>();
  extenders.forEach((extender, index) => {
    const path = ['extenders', index];
    if (extender.prioritizeVerb !== '' && extender.weight <= 0) {
      problems.push(
        invalid([...path, 'weight'], extender.weight, 'must have a positive weight applied to it'),
      );
    }
    extender.managedResources.forEach(({ name }, resourceIndex) => {
      const namePath = [...path, 'managedResources', resourceIndex, 'name'];
      if (!isExtendedResourceName(name)) {
        problems.push(invalid(namePath, name, 'is an invalid extended resource name'));
      }
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
  return problems;
}
