import type { ExceptionFlowDefinition } from '../cases/definition.ts';
import { birdstrikesFlow } from './birdstrikes/definition.ts';
import { exceptionsFlow } from './exceptions/definition.ts';

/** Every exception flow of the service. */
export const EXCEPTION_FLOWS: readonly ExceptionFlowDefinition[] = [exceptionsFlow, birdstrikesFlow];
