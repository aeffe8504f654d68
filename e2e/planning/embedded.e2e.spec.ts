import { describe } from '@jest/globals';
import { startEmbedded } from '../support/embedded-shape.ts';
import { planningSuite } from './planning.suite.ts';

describe('planning in the embedded shape', () => planningSuite(() => startEmbedded()));
