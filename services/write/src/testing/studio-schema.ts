/**
 * A small world with every kind of relationship: clients have projects (one to many), projects a brief (one to one), projects and people meet in
 * assignments (many to many), people report to people, projects have two people in two roles, and a view shows some of each.
 */
export const STUDIO = `
  create schema app;
  create table app.clients (id integer primary key, name text not null);
  create table app.people (id integer primary key, name text not null, manager_id integer references app.people);
  create table app.projects (id integer primary key, name text not null, client_id integer references app.clients,
    owner_id integer references app.people, reviewer_id integer constraint reviewed_by references app.people, budget numeric(10, 2));
  create table app.briefs (project_id integer primary key references app.projects, body text, tags jsonb);
  create table app.assignments (project_id integer references app.projects, person_id integer references app.people, hours integer, primary key (project_id, person_id));
  create view app.open_projects as select id, name, client_id from app.projects where budget is not null;
  create view app.staff as select id as person, name from app.people;
  create table app.hidden (id integer primary key, project_id integer references app.projects, note text);
  create function app.label(app.projects) returns text stable language sql as $$ select $1.name || '!' $$;
  create function app.rich_projects(app.clients) returns setof app.projects stable language sql as $$ select * from app.projects p where p.client_id = $1.id and p.budget > 100 $$;
  create function app.main_client(app.projects) returns setof app.clients rows 1 stable language sql as $$ select * from app.clients c where c.id = $1.client_id $$;
  insert into app.clients values (1, 'Acme'), (2, 'Bolt'), (3, 'Idle');
  insert into app.people values (1, 'Ann', null), (2, 'Bob', 1), (3, 'Cy', 1);
  insert into app.projects values (1, 'Site', 1, 1, 2, 100), (2, 'App', 1, 2, 1, 200), (3, 'Logo', 2, 1, 3, 50.5), (4, 'Loose', null, null, null, null);
  insert into app.briefs values (1, 'a site', '{"size": 3}'), (2, 'an app', '{"size": 1}');
  insert into app.assignments values (1, 1, 10), (1, 2, 5), (2, 2, 7), (3, 3, 1);
  insert into app.hidden values (1, 1, 'secret'), (2, 2, 'also secret');
  grant usage on schema app to analyst, approver;
  grant select, insert, update, delete on all tables in schema app to analyst;
  revoke all on app.hidden from analyst;
  grant select on app.projects, app.people to approver;
`;
