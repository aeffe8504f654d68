import { describe, expect, it } from '@jest/globals';
import { type Lsn, parseLsn } from '#libs/pgoutput/lsn';
import type { PublishedTable } from '#libs/postgres/replication/publication';
import { PublicationMembers } from './publication-members.ts';

const table = (oid: string, membership: string): PublishedTable => ({ oid, membership, schema: 'public', name: `t${oid}` });
const at = (lsn: string): Lsn => parseLsn(lsn);
const all = new Set(['1', '2']);

describe('members of a publication', () => {
  it('are no gap when they are new, stay, leave, or are dropped', () => {
    const members = new PublicationMembers('9');
    expect(members.update([table('1', '10')], all, at('0/1')).gaps).toEqual([]);
    expect(members.update([table('1', '10'), table('2', '11')], all, at('0/2')).gaps).toEqual([]);
    expect(members.update([table('1', '10')], all, at('0/3')).gaps).toEqual([]);
    expect(members.update([table('1', '10')], new Set(['1']), at('0/4')).gaps).toEqual([]);
    expect(members.update([table('1', '10'), table('2', '12')], all, at('0/5')).gaps).toEqual([]);
  });

  it('are a gap once they are back, from where they were last seen in', () => {
    const members = new PublicationMembers('9');
    members.update([table('1', '10'), table('2', '11')], all, at('0/1'));
    members.update([table('2', '11')], all, at('0/2'));
    members.update([table('2', '11')], all, at('0/3'));
    expect(members.update([table('1', '10'), table('2', '11')], all, at('0/4')).gaps).toEqual([{ schema: 'public', name: 't1', from: at('0/2') }]);
    expect(members.update([table('1', '10'), table('2', '11')], all, at('0/5'))).toEqual({ gaps: [], changed: false });
  });

  it('are a gap when they went and came between two looks, over a restart too', () => {
    const before = new PublicationMembers('9');
    expect(before.update([table('1', '10')], all, at('0/1')).changed).toBe(true);
    const after = PublicationMembers.parse(JSON.parse(JSON.stringify(before.format())), '9');
    expect(after.update([table('1', '12')], all, at('0/2')).gaps).toEqual([{ schema: 'public', name: 't1', from: at('0/2') }]);
  });

  it.each([null, {}, new PublicationMembers('8').format()])('are not known from %j', (value) => {
    expect(PublicationMembers.parse(value, '9').update([table('1', '10')], all, at('0/2')).gaps).toEqual([]);
  });
});
