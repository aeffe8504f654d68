import { keepCompiled } from '#libs/runtime/compile-cache';

keepCompiled();
const [{ main }, { boot }] = await Promise.all([import('#libs/runtime/http/main'), import('./boot.ts')]);
await main('cdc', boot);
