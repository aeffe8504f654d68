// Run by backlog.ts as a process of its own, as the captures are: `raw-reader.ts <url> <slot> <publication> <rows>`. Prints its figures as JSON.
import { drainSlot } from '#libs/testing/drain-slot';

const [connectionString = '', slot = '', publication = '', rows = '0'] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await drainSlot({ connectionString, slot, publication, rows: Number(rows) })));
