import { setFlagsFromString } from 'node:v8';
import { keepCompiled } from '#libs/runtime/compile-cache';

// V8 takes changes that wait a moment for what lives long, and makes all that come after them where only full collections look: 335 MB instead of 210, and a quarter more CPU.
setFlagsFromString('--no-allocation-site-pretenuring');
keepCompiled();
const [{ main }, { boot }] = await Promise.all([import('#libs/runtime/http/main'), import('./boot.ts')]);
await main('cdc', boot);
