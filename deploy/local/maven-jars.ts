import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import { Child } from './child.ts';

/**
 * Directory of the jars that a pom names; fetched by Maven the first time (about 30 s), then kept in `<root>/.kafka/` until the pom
 * changes. Safe when several processes ask at once: what is there is complete. `root` is the repository, `pom` a path below it.
 * Throws `dependency-unavailable` when Maven is missing or fails.
 */
export async function mavenJars(root: string, pom: string): Promise<string> {
  const file = join(root, pom);
  const version = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 12);
  const directory = join(root, '.kafka', `jars-${version}`);
  if (existsSync(directory)) return directory;
  await mkdir(join(root, '.kafka'), { recursive: true });
  const partial = await mkdtemp(join(root, '.kafka', 'partial-'));
  try {
    const maven = new Child('mvn', ['-q', '-B', '-f', file, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`], root);
    if ((await maven.exitCode()) !== 0)
      throw new Failure('dependency-unavailable', `Maven could not fetch the jars of ${pom}: ${maven.output.split('\n')[0] ?? ''}`);
    await rename(partial, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error; // Somebody else was first: theirs is as good.
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return directory;
}
