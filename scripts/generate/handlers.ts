import type { INestApplicationContext, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** What Nest keeps of a handler: which argument is what, and the number for the whole query (`@Query()` without a name). */
const ARGUMENTS = '__routeArguments__';
const INTERCEPTORS = '__interceptors__';
const QUERY = '4';

/** What a document has to say of an operation and swagger does not find. */
export interface Handler {
  operationId: string;
  /** Class that its query is validated as. */
  query: string | undefined;
  /** Whether what it is asked for may only have begun (202). */
  accepts: boolean;
}

export function handlersOf(app: INestApplicationContext): Handler[] {
  return [...app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
    [...controllers.values()].flatMap(({ metatype }) => (typeof metatype === 'function' ? ofController(metatype as Type) : [])),
  );
}

function ofController(controller: Type): Handler[] {
  const prototype = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(prototype).flatMap((method) => {
    const taken = Reflect.getMetadata(ARGUMENTS, controller, method) as Record<string, { index: number; data?: unknown }> | undefined;
    if (taken === undefined) return [];
    const whole = Object.entries(taken).find(([key, { data }]) => key.split(':')[0] === QUERY && data === undefined);
    const types = (Reflect.getMetadata('design:paramtypes', prototype, method) ?? []) as Type[];
    const interceptors = (Reflect.getMetadata(INTERCEPTORS, prototype[method] as object) ?? []) as Type[];
    const query = whole && types[whole[1].index]?.name;
    return [{ operationId: `${controller.name}_${method}`, query, accepts: interceptors.some(({ name }) => name === 'AcceptedInterceptor') }];
  });
}
