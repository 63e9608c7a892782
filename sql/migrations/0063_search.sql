-- Finding owners by what is said at the desk or on the phone. docs/search.md

-- What owners are found by: one row per owner who was not erased, kept by the triggers below. A table
-- of its own, so that nobody who writes owners or pets by hand can forget it, and erasing is a delete.
create table owner_search (
  user_id uuid primary key references users (id) on delete cascade,
  -- Words of the owner's name and of the names of their pets.
  words tsvector not null,
  phone_key text collate "C",
  email_key text collate "C"
);

-- Rows that wait to be sorted in are read one by one by every search: few of them.
create index owner_search_words on owner_search using gin (words)
  with (gin_pending_list_limit = 256);
create index owner_search_phone on owner_search (phone_key) where phone_key is not null;
create index owner_search_email on owner_search (email_key) where email_key is not null;

create function owner_words(p_user_id uuid, p_full_name text)
returns tsvector
language sql
stable
as $$
  select array_to_tsvector(
    coalesce(fold_words(p_full_name), '{}') || coalesce((
      select array_agg(w.word)
      from pets p
      cross join lateral unnest(fold_words(p.name)) as w (word)
      where p.user_id = p_user_id
    ), '{}')
  );
$$;

-- The rows of these owners as their names are now. Their owners are kept from changing first: who
-- is erased meanwhile must not come back, and two pets that come at once are both seen.
create function refresh_owner_search(p_user_ids uuid[])
returns void
language plpgsql
as $$
declare
  v_known uuid[];
begin
  perform from users u where u.id = any(p_user_ids) order by u.id for share;
  delete from owner_search s
  using users u
  where s.user_id = any(p_user_ids) and u.id = s.user_id and u.is_erased;
  with added as (
    insert into owner_search (user_id, words, phone_key, email_key)
    select u.id, owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email)
    from users u
    where u.id = any(p_user_ids) and not u.is_erased
    order by u.id
    on conflict (user_id) do nothing
    returning owner_search.user_id
  )
  select array_agg(i.user_id) into v_known
  from unnest(p_user_ids) as i (user_id)
  where not exists (select from added a where a.user_id = i.user_id);
  perform from owner_search s
  where s.user_id = any(v_known)
  order by s.user_id
  for no key update;
  update owner_search s
  set words = n.words, phone_key = n.phone_key, email_key = n.email_key
  from (
    select u.id, owner_words(u.id, u.full_name) as words, phone_key(u.phone) as phone_key,
      fold_email(u.email) as email_key
    from users u
    where u.id = any(v_known) and not u.is_erased
  ) as n
  where s.user_id = n.id
    and (s.words, s.phone_key, s.email_key) is distinct from (n.words, n.phone_key, n.email_key);
end
$$;

create function keep_owner_search() returns trigger
language plpgsql
as $$
begin
  if tg_table_name = 'pets' and tg_op = 'INSERT' then
    perform refresh_owner_search(array(select distinct n.user_id from new_rows n));
  elsif tg_table_name = 'pets' and tg_op = 'DELETE' then
    perform refresh_owner_search(array(select distinct o.user_id from old_rows o));
  elsif tg_table_name = 'pets' then
    perform refresh_owner_search(array(
      select x.user_id
      from old_rows o
      join new_rows n on n.id = o.id and (n.name, n.user_id) is distinct from (o.name, o.user_id)
      cross join lateral unnest(array[o.user_id, n.user_id]) as x (user_id)
      group by x.user_id
    ));
  elsif tg_op = 'INSERT' then
    perform refresh_owner_search(array(select n.id from new_rows n));
  else
    perform refresh_owner_search(array(
      select n.id
      from old_rows o
      join new_rows n on n.id = o.id
        and (n.full_name, n.phone, n.email, n.is_erased)
          is distinct from (o.full_name, o.phone, o.email, o.is_erased)
    ));
  end if;
  return null;
end
$$;

create trigger users_search_insert
after insert on users
referencing new table as new_rows
for each statement execute function keep_owner_search();
create trigger users_search_update
after update on users
referencing old table as old_rows new table as new_rows
for each statement execute function keep_owner_search();
create trigger pets_search_insert
after insert on pets
referencing new table as new_rows
for each statement execute function keep_owner_search();
create trigger pets_search_update
after update on pets
referencing old table as old_rows new table as new_rows
for each statement execute function keep_owner_search();
create trigger pets_search_delete
after delete on pets
referencing old table as old_rows
for each statement execute function keep_owner_search();

insert into owner_search (user_id, words, phone_key, email_key)
select u.id, owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email)
from users u
where not u.is_erased;

drop index users_name_search;
drop index pets_name_search;
drop index users_email;

-- Every word once, with how many owners it has: near-misses and parts of words are looked for here
-- and not among a million owners. Refreshed with the other views (0065); names that came since are
-- found by their beginnings all the same.
create materialized view search_words as
select w.word, count(*)::integer as owner_count
from owner_search s
cross join lateral unnest(tsvector_to_array(s.words)) as w (word)
where length(w.word) between 3 and 40
group by w.word;

create unique index search_words_key on search_words (word);
create index search_words_near on search_words using gin (word gin_trgm_ops);

-- Each element is one word, or several of which one is enough: mueller|muller. p_mark is '' for whole
-- words and ':*' for beginnings; a single letter of an alphabet is always whole.
create function word_query(p_words text[], p_mark text, p_short boolean default false)
returns tsquery
language sql
immutable parallel safe
as $$
  select string_agg('(' || t.terms || ')', ' & ')::tsquery
  from unnest(p_words) as g (alternatives)
  cross join lateral (
    select string_agg(
      '''' || replace(replace(a.word, '\', '\\'), '''', '''''') || ''''
      || case
        when p_short or length(a.word) > 1 or a.word > U&'\2E80' collate "C" then p_mark
        else ''
      end,
      ' | '
    ) as terms
    from unnest(string_to_array(g.alternatives, '|')) as a (word)
  ) as t;
$$;

-- As word_query, with the known words that contain each word or (p_near) look like it.
create function wider_query(p_words text[], p_near boolean)
returns tsquery
language sql
stable
as $$
  select string_agg('(' || t.terms || ')', ' & ')::tsquery
  from unnest(p_words) as g (alternatives)
  cross join lateral (select split_part(g.alternatives, '|', 1) as word) as q
  cross join lateral (
    select string_agg(x.term, ' | ') as terms
    from (
      select word_query(array[g.alternatives], ':*')::text as term
      union all
      (
        select '''' || s.word || '''' from search_words s
        where length(q.word) >= 3 and s.word like '%' || q.word || '%'
        order by s.owner_count desc, s.word
        limit 30
      )
      union all
      (
        select '''' || s.word || '''' from search_words s
        where p_near and length(q.word) >= 3 and s.word % q.word
        order by similarity(s.word, q.word) desc, s.owner_count desc, s.word
        limit 10
      )
    ) as x
  ) as t;
$$;

-- Owners whose number ends in one of these tails; of three digits not all of a large town.
create function owners_by_tail(p_tails text[])
returns table (user_id uuid, words tsvector)
language sql
stable
as $$
  select s.user_id, s.words
  from unnest(p_tails) as p (tail)
  cross join lateral (
    select s.user_id, s.words from owner_search s
    where s.phone_key >= p.tail collate "C" and s.phone_key < p.tail || ':' collate "C"
    order by s.phone_key
    limit 5000
  ) as s;
$$;

-- Who came to a clinic last and who comes next, five hundred visits each way.
create function visitors_around(p_clinic_id uuid)
returns table (user_id uuid)
language sql
stable
as $$
  select x.user_id
  from (
    (
      select b.user_id from bookings b
      where b.clinic_id = p_clinic_id and b.booking_time >= now()
      order by b.booking_time, b.id
      limit 500
    )
    union all
    (
      select b.user_id from bookings b
      where b.clinic_id = p_clinic_id and b.booking_time < now()
      order by b.booking_time desc, b.id desc
      limit 500
    )
  ) as x
  group by x.user_id;
$$;

-- How far the nearest visit of an owner is, and whether they come to that clinic.
create function nearest_visit(p_user_id uuid, p_clinic_id uuid)
returns table (is_here boolean, distance interval)
language sql
stable
as $$
  select coalesce(bool_or(x.clinic_id = p_clinic_id), false),
    min(greatest(x.booking_time - now(), now() - x.booking_time))
  from (
    (
      select b.clinic_id, b.booking_time from bookings b
      where b.user_id = p_user_id and b.booking_time > now() and b.status = 'confirmed'
      order by b.booking_time
      limit 1
    )
    union all
    (
      select b.clinic_id, b.booking_time from bookings b
      where b.user_id = p_user_id and b.booking_time <= now() and b.status <> 'cancelled'
      order by b.booking_time desc
      limit 1
    )
  ) as x;
$$;

create type owner_hit as (user_id uuid, rank integer);

-- The best matches, best first: 0 a reference, 1 a whole number, 2 an address, 3 whole words,
-- 4 beginnings of words, 5 of addresses, 6 ends of numbers, 7 parts of words, 8 near-misses; within
-- these who comes to the clinic, then by the nearest visit. Each source gives at most 100, so that a
-- search for "si" stays cheap; what is more common is looked for around a clinic's visits too.
create function find_owners(
  p_words text[], p_email text, p_phones text[], p_reference text, p_clinic_id uuid,
  p_near boolean, p_limit integer
)
returns table (user_id uuid, matched_by text)
language plpgsql
stable
rows 10
set enable_seqscan = off
set jit = off
as $$
declare
  v_most constant integer := 100;
  -- Fewer hits than this make it worth looking wider.
  v_few constant integer := 5;
  v_whole tsquery := word_query(p_words, '');
  v_start tsquery := word_query(p_words, ':*');
  v_any tsquery := word_query(p_words, ':*', true);
  v_near boolean;
  v_wide tsquery;
  v_phones text[] := nullif(p_phones, '{}');
  v_hits owner_hit[] := '{}';
begin
  if p_reference is not null then
    v_hits := array(
      select row(x.user_id, 0)::owner_hit
      from (
        select r.user_id from reservations r
        where r.reference_code between rpad(p_reference, 10, '0') and rpad(p_reference, 10, '9')
        union
        select b.user_id from bookings b
        where b.reference_code between rpad(p_reference, 10, '0') and rpad(p_reference, 10, '9')
      ) as x
      limit v_most
    );
  end if;
  if p_email is not null then
    v_hits := v_hits || array(
      select row(s.user_id, case when p_email like '%@%' then 2 else 5 end)::owner_hit
      from owner_search s
      where s.email_key >= p_email and s.email_key < p_email || chr(1114111)
      order by s.email_key
      limit v_most
    );
  end if;
  if v_phones is not null then
    v_hits := v_hits || array(
      select row(s.user_id, case
        when v_start is null and length(v_phones[1]) >= 8 then 1
        when v_start is null then 6
        when s.words @@ v_whole then 3
        else 4
      end)::owner_hit
      from owners_by_tail(v_phones) as s
      where v_start is null or s.words @@ v_start
      limit v_most
    );
  elsif v_start is not null then
    v_hits := v_hits || array(
      select row(s.user_id, 3)::owner_hit from owner_search s
      where s.words @@ v_whole
      limit v_most
    );
    if v_start::text <> v_whole::text and cardinality(v_hits) < v_most then
      v_hits := v_hits || array(
        select row(s.user_id, 4)::owner_hit from owner_search s
        where s.words @@ v_start
        limit v_most
      );
    end if;
  end if;
  if p_clinic_id is not null and (v_start is null) <> (v_phones is null)
    and (cardinality(v_hits) >= v_most or v_any::text <> v_start::text)
  then
    v_hits := v_hits || array(
      select row(s.user_id, case
        when v_any is null then 6 when s.words @@ v_whole then 3 else 4
      end)::owner_hit
      from visitors_around(p_clinic_id) as v
      join owner_search s on s.user_id = v.user_id
      where case
        when v_any is null then exists (
          select from unnest(v_phones) as p (tail) where starts_with(s.phone_key, p.tail)
        )
        else s.words @@ v_any
      end
      limit v_most
    );
  end if;
  foreach v_near in array array[false, true] loop
    exit when v_start is null or cardinality(v_hits) >= v_few;
    -- Who is called so is meant, and not who is called nearly so.
    exit when v_near and (not p_near or cardinality(v_hits) > 0);
    v_wide := wider_query(p_words, v_near);
    v_hits := v_hits || array(
      select row(s.user_id, case when v_near then 8 else 7 end)::owner_hit
      from (
        select s.user_id from owner_search s where v_phones is null and s.words @@ v_wide
        union all
        select s.user_id from owners_by_tail(v_phones) as s where s.words @@ v_wide
      ) as s
      limit v_most
    );
  end loop;
  return query
  select h.user_id,
    (array['reference', 'phone', 'email', 'name', 'name', 'email', 'phone', 'part', 'near'])[
      h.rank + 1
    ]
  from (
    select x.user_id, min(x.rank) as rank from unnest(v_hits) as x group by x.user_id
  ) as h
  join users u on u.id = h.user_id and not u.is_erased
  cross join lateral nearest_visit(h.user_id, p_clinic_id) as v
  left join lateral (
    select -word_similarity(
      array_to_string(p_words, ' '), array_to_string(tsvector_to_array(s.words), ' ')
    ) as distance
    from owner_search s
    where h.rank = 8 and s.user_id = h.user_id
  ) as near on true
  order by h.rank, near.distance, v.is_here desc, v.distance nulls last, u.full_name, h.user_id
  limit p_limit;
end
$$;
