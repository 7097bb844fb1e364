"""The tables of a ledger in Postgres, and the function by which saves are appended to them."""

from infra.database.migrating import Step

# The head, a reader's position and a writer's answer are one row each, which moves by an
# insert and a delete. An update would leave its dead rows under the same key, and while a
# backup or a proof keeps them from being removed every commit would walk past all of them;
# so the living row is the last one of the key.
TABLES = """
create table events(
  position bigint primary key, stream bytea not null, version bigint not null,
  type text not null, recorded bigint not null, state bytea not null, sealed bytea,
  digest bytea not null, trace text, unique (stream, version));
create table head(
  position bigint primary key, digest bytea not null, recorded bigint not null);
insert into head values (0, decode(repeat('00', 32), 'hex'), 0);
create table types(type text collate "C" primary key);
create table claims(
  key text collate "C" primary key, stream bytea not null, position bigint not null);
create table commands(
  key text collate "C" primary key, fingerprint bytea not null,
  position bigint not null, events bigint not null);
create table readers(
  name text collate "C" not null, position bigint not null, primary key (name, position));
create table answers(
  writer uuid not null, call bigint not null, position bigint not null,
  firsts bigint[] not null, refusals text not null,
  at timestamptz not null default now(), primary key (writer, call));
"""

# One call is one commit of one writer. Saves are numbered from 1; events, takes and releases
# lie one after another, and `*_end` says where those of each save end. Whoever holds
# the lock is alone, so what is looked up cannot change before it is written.
APPEND = """
create function append(
  this_writer uuid, this_call bigint, now_us bigint, new_types text[],
  causes bigint[], command_keys text[], fingerprints bytea[],
  reader_names text[], reader_at bigint[], reader_to bigint[], contradicts boolean[],
  events_end bigint[], streams bytea[], versions bigint[], kinds text[],
  states bytea[], boxes bytea[], traces text[],
  takes_end bigint[], taken text[], takers bytea[], was_released boolean[],
  releases_end bigint[], released text[]
) returns table(last_position bigint, first_positions bigint[], refused text)
language plpgsql as $$
#variable_conflict use_column
declare
  n bigint; link bytea; moment bigint; start bigint;
  before answers; known commands; stands bigint; holder bytea;
  refusal jsonb; refusals jsonb[] := '{}'; firsts bigint[] := '{}';
  e bigint := 1; t bigint := 1; r bigint := 1; i bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('ledger ' || current_schema, 0));
  select position, digest, recorded into n, link, moment from head order by position desc limit 1;
  start := n;
  select * into before from answers where writer = this_writer order by call desc limit 1;
  if before.call = this_call then
    return query select before.position, before.firsts, before.refusals;
    return;
  elsif before.call > this_call then
    raise exception 'call % of this writer is over: its answer went with the connection', this_call;
  end if;

  for s in 1 .. cardinality(events_end) loop
    refusal := null;
    if command_keys[s] is not null then
      select * into known from commands where key = command_keys[s];
      if found then
        refusal := jsonb_build_object('kind', 'command',
          'fingerprint', encode(known.fingerprint, 'hex'),
          'position', known.position, 'events', known.events);
      end if;
    end if;
    if refusal is null and reader_names[s] is not null then
      select position into stands from readers
        where name = reader_names[s] order by position desc limit 1;
      if coalesce(stands, 0) <> reader_at[s] then
        refusal := jsonb_build_object('kind', 'reader');
      end if;
    end if;
    i := e;
    while refusal is null and i <= events_end[s] loop
      perform 1 from events where stream = streams[i] and version = versions[i];
      if found then
        refusal := jsonb_build_object('kind', 'version', 'at', i - e);
      end if;
      i := i + 1;
    end loop;
    i := t;
    while refusal is null and i <= takes_end[s] loop
      if not was_released[i] then
        select stream into holder from claims where key = taken[i];
        if holder <> takers[i] then
          refusal := jsonb_build_object('kind', 'claim', 'at', i - t,
            'holder', encode(holder, 'hex'));
        end if;
      end if;
      i := i + 1;
    end loop;
    if refusal is null and contradicts[s] then
      refusal := jsonb_build_object('kind', 'itself');
    end if;

    if refusal is not null then
      refusals := refusals || (refusal || jsonb_build_object('save', s - 1));
      firsts := firsts || 0::bigint;
    else
      firsts := firsts || (n + 1);
      if events_end[s] >= e then
        moment := greatest(moment, now_us, causes[s]);
      end if;
      for i in e .. events_end[s] loop
        n := n + 1;
        link := sha256(link || int8send(n) || int8send(moment) || streams[i]
          || int8send(versions[i]) || int4send(octet_length(kinds[i]))
          || convert_to(kinds[i], 'UTF8')
          || sha256(states[i]) || sha256(coalesce(boxes[i], '')));
        insert into events values
          (n, streams[i], versions[i], kinds[i], moment, states[i], boxes[i], link, traces[i]);
        if kinds[i] = any (new_types) then
          insert into types values (kinds[i]) on conflict do nothing;
        end if;
      end loop;
      for i in r .. releases_end[s] loop
        delete from claims where key = released[i];
      end loop;
      for i in t .. takes_end[s] loop
        insert into claims values (taken[i], takers[i], n) on conflict do nothing;
      end loop;
      if command_keys[s] is not null then
        insert into commands values
          (command_keys[s], fingerprints[s], firsts[s], n + 1 - firsts[s]);
      end if;
      if reader_names[s] is not null then
        delete from readers where name = reader_names[s] and position = reader_at[s];
        insert into readers values (reader_names[s], reader_to[s]);
      end if;
    end if;
    e := events_end[s] + 1;
    t := takes_end[s] + 1;
    r := releases_end[s] + 1;
  end loop;

  if n > start then
    insert into head values (n, link, moment);
    delete from head where position = start;
    perform pg_notify('ledger_' || current_schema, n::text);
  end if;
  insert into answers values (this_writer, this_call, n, firsts, to_jsonb(refusals)::text);
  delete from answers where writer = this_writer and call = before.call;
  return query select n, firsts, to_jsonb(refusals)::text;
end $$;
"""

TELLS = """
    perform pg_notify('ledger_' || current_schema, n::text);"""
# Postgres lets the commits of all databases that tell something through one at a time, each
# until it is durable; so who appends tells of it in a commit of its own that waits for no disk.
# A process of before that runs on goes unheard until the next sweep, and loses nothing.
APPEND_IN_SILENCE = APPEND.replace("create function", "create or replace function").replace(
    TELLS, ""
)

STEPS = (
    Step(1, "a ledger", TABLES + APPEND),
    Step(2, "appends are told of afterwards", APPEND_IN_SILENCE),
)
