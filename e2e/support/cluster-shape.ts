import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster, type LocalClusterOptions } from '../../deploy/local/cluster.ts';
import { REPOSITORY } from './repository.ts';
import type { Killable, Service } from './shape.ts';

/** The cluster shape in a directory of its own on free ports, with the demo's data; gone without a trace after `stop`. */
export async function startCluster(options: Partial<Pick<LocalClusterOptions, 'extra' | 'demoData'>> = {}): Promise<Killable> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'lakeloop-cluster-'));
  const cluster = await LocalCluster.start({ root: REPOSITORY, dataDirectory, portsBase: 0, ...options });
  return {
    name: 'cluster',
    url: cluster.url,
    urls: { write: cluster.urlOf('write'), notification: cluster.urlOf('notification'), workflow: cluster.urlOf('workflow') },
    issuer: cluster.issuer,
    accounts: await cluster.accounts(),
    databaseUrl: cluster.databaseUrl,
    kill: (service: Service) => cluster.kill(service),
    restart: (service: Service) => cluster.restart(service),
    stop: async () => {
      await cluster.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
