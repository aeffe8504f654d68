import { describe } from '@jest/globals';
import { startEmbedded } from '../support/embedded-shape.ts';
import { loopSuite } from './loop.suite.ts';

describe('the loop in the embedded shape', () => loopSuite(() => startEmbedded()));
