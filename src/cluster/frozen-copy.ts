/** Copies plain data, frozen through and through: nothing of a decoded object is held or frozen that its owner may still use. */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => frozenCopy(item as unknown))) as T;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, frozenCopy(item as unknown)]),
  );
  return Object.freeze(copy) as T;
}
