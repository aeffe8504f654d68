import { ValidateBy, type ValidationOptions } from 'class-validator';

/** What PostgreSQL takes as an identifier without cutting it: 1 to 63 bytes of UTF-8, no NUL. `lakeloop:…` is what an edit makes on its way. */
export function IsName(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isName',
      validator: {
        validate: (value: unknown) =>
          typeof value === 'string' &&
          value.isWellFormed() &&
          !value.includes('\0') &&
          value.trim() !== '' &&
          !value.startsWith('lakeloop:') &&
          Buffer.byteLength(value) <= 63,
        defaultMessage: (given) => `${given?.property ?? 'name'} must be a name of 1 to 63 bytes`,
      },
    },
    options,
  );
}

/** A text, a finite number or a boolean. */
export function IsScalar(): PropertyDecorator {
  return ValidateBy({
    name: 'isScalar',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'boolean' ||
        (typeof value === 'number' && Number.isFinite(value)) ||
        (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')),
      defaultMessage: (given) => `${given?.property ?? 'value'} must be a text, a number or a boolean`,
    },
  });
}
