import { describe } from '@jest/globals';
import { startCluster } from '../support/cluster-shape.ts';
import { planningSuite } from './planning.suite.ts';

describe('planning in the cluster shape', () => planningSuite(() => startCluster()));
