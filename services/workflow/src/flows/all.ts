import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { birdstrikesFlow } from './birdstrikes/definition.ts';
import { exceptionsFlow } from './exceptions/definition.ts';

/** Every exception flow of the service. */
export const EXCEPTION_FLOWS: readonly ExceptionFlowDefinition[] = [exceptionsFlow, birdstrikesFlow];

export function definitionOf(name: string): ExceptionFlowDefinition {
  const found = EXCEPTION_FLOWS.find((definition) => definition.name === name);
  if (!found) throw new TypeError(`there is no flow ${name}`);
  return found;
}
