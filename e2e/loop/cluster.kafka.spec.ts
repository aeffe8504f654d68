import { describe } from '@jest/globals';
import { startCluster } from '../support/cluster-shape.ts';
import { loopSuite } from './loop.suite.ts';

describe('the loop in the cluster shape', () => loopSuite(() => startCluster()));
