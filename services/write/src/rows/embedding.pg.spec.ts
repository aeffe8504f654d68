import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsStand } from '../testing/rows-stand.ts';
import { STUDIO } from '../testing/studio-schema.ts';

let stand: RowsStand;
beforeAll(async () => {
  stand = await openRows(STUDIO);
});
afterAll(() => stand.stop());

async function rows(path: string): Promise<unknown> {
  const { status, body } = await stand.get(path);
  return status === 200 ? body : [status, body];
}

describe('embedding', () => {
  it('follows a foreign key both ways, and one to one', async () => {
    expect(await rows('projects?select=name,clients(name)&id=lt.2')).toEqual([{ name: 'Site', clients: { name: 'Acme' } }]);
    expect(await rows('clients?select=name,projects(id)&projects.order=id&order=id')).toEqual([
      { name: 'Acme', projects: [{ id: 1 }, { id: 2 }] },
      { name: 'Bolt', projects: [{ id: 3 }] },
      { name: 'Idle', projects: [] },
    ]);
    expect(await rows('projects?select=id,briefs(body)&order=id&limit=3')).toEqual([
      { id: 1, briefs: { body: 'a site' } },
      { id: 2, briefs: { body: 'an app' } },
      { id: 3, briefs: null },
    ]);
    expect(await rows('briefs?select=projects(*)&project_id=eq.1')).toMatchObject([{ projects: { id: 1, name: 'Site' } }]);
  });

  it('goes through a table of pairs, itself, and several levels', async () => {
    expect(await rows('projects?select=id,assigned:people!assignments(name)&id=in.(1,3)&order=id&assigned.order=name')).toEqual([
      { id: 1, assigned: [{ name: 'Ann' }, { name: 'Bob' }] },
      { id: 3, assigned: [{ name: 'Cy' }] },
    ]);
    expect(await rows('people?select=name,manager_id(name)&id=eq.2')).toEqual([{ name: 'Bob', manager_id: { name: 'Ann' } }]);
    expect(await rows('people?select=name,reports:people(name)&id=eq.1&reports.order=name')).toEqual([
      { name: 'Ann', reports: [{ name: 'Bob' }, { name: 'Cy' }] },
    ]);
    expect(await rows('clients?select=name,projects(name,briefs(body),assignments(hours,people(name)))&id=eq.2')).toEqual([
      { name: 'Bolt', projects: [{ name: 'Logo', briefs: null, assignments: [{ hours: 1, people: { name: 'Cy' } }] }] },
    ]);
  });

  it('takes the key, its column or the table as a hint, and says what there is to choose from', async () => {
    const byHint = 'projects?select=owner:people!owner_id(name),reviewer:people!reviewed_by(name)&id=eq.1';
    expect(await rows(byHint)).toEqual([{ owner: { name: 'Ann' }, reviewer: { name: 'Bob' } }]);
    expect(await rows('projects?select=owner_id(name)&id=eq.1')).toEqual([{ owner_id: { name: 'Ann' } }]);
    const { status, body } = await stand.get('projects?select=people(name)');
    expect([status, body]).toEqual([
      300,
      {
        code: 'PGRST201',
        message: "Could not embed because more than one relationship was found for 'projects' and 'people'",
        details: [
          { cardinality: 'many-to-one', embedding: 'projects with people', relationship: 'projects_owner_id_fkey using projects(owner_id) and people(id)' },
          { cardinality: 'many-to-one', embedding: 'projects with people', relationship: 'reviewed_by using projects(reviewer_id) and people(id)' },
          {
            cardinality: 'many-to-many',
            embedding: 'projects with people',
            relationship: 'assignments using assignments_project_id_fkey(project_id) and assignments_person_id_fkey(person_id)',
          },
        ],
        hint: "Try changing 'people' to one of the following: 'people!projects_owner_id_fkey', 'people!reviewed_by', 'people!assignments'. Find the desired relationship in the 'details' key.",
      },
    ]);
    expect(await rows('projects?select=briefz(*)')).toMatchObject([400, { code: 'PGRST200', hint: "Perhaps you meant 'briefs' instead of 'briefz'." }]);
  });

  it('knows the keys that views show', async () => {
    expect(await rows('open_projects?select=name,clients(name)&id=eq.3')).toEqual([{ name: 'Logo', clients: { name: 'Bolt' } }]);
    expect(await rows('assignments?select=hours,staff(name)&project_id=eq.2')).toEqual([{ hours: 7, staff: { name: 'Bob' } }]);
    expect(await rows('clients?select=open_projects(name)&id=eq.2')).toEqual([{ open_projects: [{ name: 'Logo' }] }]);
  });

  it('embeds what functions over the row return, and shows computed columns', async () => {
    expect(await rows('clients?select=rich_projects(name)&id=eq.1')).toEqual([{ rich_projects: [{ name: 'App' }] }]);
    expect(await rows('projects?select=main_client(name)&id=eq.3')).toEqual([{ main_client: { name: 'Bolt' } }]);
    expect(await rows('projects?select=id,label&label=eq.Logo!')).toEqual([{ id: 3, label: 'Logo!' }]);
    expect(await rows('clients?select=projects(label)&id=eq.2')).toEqual([{ projects: [{ label: 'Logo!' }] }]);
  });
});

describe('what is asked of embedded rows', () => {
  it('filters, orders and pages them, in trees and at any depth', async () => {
    expect(await rows('clients?select=id,projects(id)&id=eq.1&projects.budget=gt.100')).toEqual([{ id: 1, projects: [{ id: 2 }] }]);
    expect(await rows('clients?select=id,p:projects(id)&id=eq.1&p.or=(id.eq.2,name.eq.nothing)')).toEqual([{ id: 1, p: [{ id: 2 }] }]);
    expect(await rows('clients?select=id,projects(id)&id=eq.1&projects.not.and=(id.eq.2,name.eq.App)')).toEqual([{ id: 1, projects: [{ id: 1 }] }]);
    expect(await rows('clients?select=projects(id)&id=eq.1&projects.order=id.desc&projects.limit=1')).toEqual([{ projects: [{ id: 2 }] }]);
    expect(await rows('clients?select=projects(id)&id=eq.1&projects.order=id&projects.offset=1')).toEqual([{ projects: [{ id: 2 }] }]);
    expect(await rows('clients?select=projects(assignments(person_id))&id=eq.1&projects.id=eq.1&projects.assignments.hours=gt.5')).toEqual([
      { projects: [{ assignments: [{ person_id: 1 }] }] },
    ]);
    expect(await rows('projects?select=id&clients.name=eq.Acme')).toMatchObject([400, { code: 'PGRST108' }]);
  });

  it('keeps only rows that have related ones with !inner, and counts those', async () => {
    const inner = await stand.get('clients?select=id,projects!inner(id)&projects.budget=gt.100', { prefer: 'count=exact' });
    expect([inner.body, inner.headers.get('content-range')]).toEqual([[{ id: 1, projects: [{ id: 2 }] }], '0-0/1']);
    expect(await rows('projects?select=id,clients!inner()&clients.name=eq.Bolt')).toEqual([{ id: 3 }]);
    expect(await rows('projects?select=id,clients!left(name)&id=eq.4')).toEqual([{ id: 4, clients: null }]);
  });

  it('asks whether there is a related row, alone or in a tree', async () => {
    expect(await rows('projects?select=id,clients()&clients=is.null')).toEqual([{ id: 4 }]);
    expect(await rows('clients?select=id,projects()&projects=not.is.null&order=id')).toEqual([{ id: 1 }, { id: 2 }]);
    const either = 'projects?select=id,clients(),briefs()&clients.name=eq.Bolt&or=(clients.not.is.null,briefs.not.is.null)&order=id';
    expect(await rows(either)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(await rows('clients?select=id,projects()&projects=eq.1')).toMatchObject([400, { code: 'PGRST120' }]);
  });

  it('orders by a related field, of one row only', async () => {
    expect(await rows('projects?select=id,clients(name)&order=clients(name).desc.nullslast,id')).toMatchObject([{ id: 3 }, { id: 1 }, { id: 2 }, { id: 4 }]);
    expect(await rows('projects?select=id,briefs()&order=briefs(tags->size)&limit=2')).toEqual([{ id: 2 }, { id: 1 }]);
    expect(await rows('clients?select=id,projects(id)&order=projects(id)')).toMatchObject([400, { code: 'PGRST118' }]);
    expect(await rows('projects?select=id&order=clients(id)')).toMatchObject([400, { code: 'PGRST108' }]);
  });
});

describe('spreading', () => {
  it('puts one related row in place, and many as lists', async () => {
    expect(await rows('projects?select=id,...clients(client:name)&order=id&id=gt.2')).toEqual([
      { id: 3, client: 'Bolt' },
      { id: 4, client: null },
    ]);
    expect(await rows('clients?select=name,...projects(ids:id,names:name)&projects.order=id.desc&order=id')).toEqual([
      { name: 'Acme', ids: [2, 1], names: ['App', 'Site'] },
      { name: 'Bolt', ids: [3], names: ['Logo'] },
      { name: 'Idle', ids: [], names: [] },
    ]);
    expect(await rows('briefs?select=body,...projects(name,...clients(client:name))&project_id=eq.2')).toEqual([
      { body: 'an app', name: 'App', client: 'Acme' },
    ]);
  });

  it('aggregates the related, in groups of its own or in its parent’s', async () => {
    expect(await rows('clients?select=name,projects(budget.sum(),count())&id=lt.3&order=id')).toEqual([
      { name: 'Acme', projects: [{ sum: 300, count: 2 }] },
      { name: 'Bolt', projects: [{ sum: 50.5, count: 1 }] },
    ]);
    expect(await rows('assignments?select=hours.sum(),...projects(name)&order=projects(name)')).toEqual([
      { sum: 7, name: 'App' },
      { sum: 1, name: 'Logo' },
      { sum: 15, name: 'Site' },
    ]);
    expect(await rows('clients?select=...projects(budget.sum())')).toMatchObject([400, { code: 'PGRST127' }]);
    expect(await rows('projects?select=count')).toEqual([{ count: 4 }]);
  });
});

describe('embedding in what a write returns', () => {
  it('shows related rows of an insert, an update and a delete', async () => {
    const prefer = 'return=representation';
    const made = await stand.send('POST', 'projects?select=id,clients(name)', { body: { id: 10, name: 'New', client_id: 2 }, headers: { prefer } });
    expect([made.status, made.body]).toEqual([201, [{ id: 10, clients: { name: 'Bolt' } }]]);
    const many = await stand.send('POST', 'projects?select=id,...clients(client:name)&order=id.desc', {
      body: [
        { id: 11, name: 'A', client_id: 1 },
        { id: 12, name: 'B', client_id: 2 },
      ],
      headers: { prefer },
    });
    expect(many.body).toEqual([
      { id: 12, client: 'Bolt' },
      { id: 11, client: 'Acme' },
    ]);
    const changed = await stand.send('PATCH', 'projects?id=gte.10&select=id,clients!inner(name)&clients.name=eq.Acme', {
      body: { budget: 1 },
      headers: { prefer },
    });
    expect(changed.body).toEqual([{ id: 11, clients: { name: 'Acme' } }]);
    const gone = await stand.send('DELETE', 'projects?id=gte.10&select=id,clients(name)&order=id', { headers: { prefer } });
    expect(gone.body).toEqual([
      { id: 10, clients: { name: 'Bolt' } },
      { id: 11, clients: { name: 'Acme' } },
      { id: 12, clients: { name: 'Bolt' } },
    ]);
  });
});

describe('policies', () => {
  it('bind related tables, junctions and counts as they bind the table itself', async () => {
    expect(await rows('projects?select=id,hidden(note)')).toMatchObject([403, { code: '42501', message: 'permission denied for table hidden' }]);
    expect(await rows('projects?select=id,hidden()&hidden=not.is.null')).toMatchObject([403, { code: '42501' }]);
    const approver = await stand.send('GET', 'projects?select=id,people!assignments(name)', { role: 'approver' });
    expect([approver.status, approver.body]).toMatchObject([403, { message: 'permission denied for table assignments' }]);
    await stand.database.client.query(`alter table app.people enable row level security; create policy named on app.people to analyst using (name <> 'Cy')`);
    expect(await rows('projects?select=reviewed_by(name)&id=eq.3')).toEqual([{ reviewed_by: null }]);
    expect(await rows('projects?select=id,reviewed_by!inner()&id=eq.3')).toEqual([]);
    const counted = await stand.get('projects?select=id,reviewed_by!inner()', { prefer: 'count=exact' });
    expect(counted.headers.get('content-range')).toBe('0-1/2');
    await stand.database.client.query('alter table app.people disable row level security');
  });
});
