-- Taking and freeing seats. Lock order everywhere: reservation or booking, then slot, then claims;
-- confirm alone touches the slot row after its own claims, which nobody else waits for.

-- Claims one seat without waiting for others where it can: preferred seats, random probes, search.
-- An insert waits only for a rival's uncommitted seat; a free-looking seat is tried, never a taken
-- one. Null = no seat free; `busy` = rivals kept winning, ask again.
create function claim_one_seat(
  p_reservation_id uuid, p_user_id uuid, p_wanted integer, p_expires_at timestamptz,
  p_slot slots, out seats integer[], out busy boolean
)
language plpgsql
as $$
declare
  -- Seats beyond the usual ones (0069) go last, so that they can be taken back.
  v_usual integer := p_slot.capacity - p_slot.extra_seats;
  v_seat integer := case when p_wanted between 1 and v_usual then p_wanted end;
begin
  busy := false;
  -- Each lost try means that somebody else took a seat; ten losses in a row end politely.
  for v_try in 1..10 loop
    if v_seat is null and v_try <= 3 then
      v_seat := 1 + floor(random() * v_usual)::integer;
    elsif v_seat is null then
      select s into v_seat
      from generate_series(1, p_slot.capacity) as s
      where not exists (
        select from slot_claims c where c.slot_id = p_slot.id and c.seat = s
      )
      order by s > v_usual, random()
      limit 1;
      if not found then return; end if;
    end if;
    insert into slot_claims (
      slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
    )
    select p_slot.id, v_seat, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at,
        p_expires_at
    where not exists (
      select from slot_claims c where c.slot_id = p_slot.id and c.seat = v_seat
    )
    on conflict (slot_id, seat) do nothing;
    if found then
      seats := array[v_seat];
      return;
    end if;
    v_seat := null;
  end loop;
  busy := true;
end
$$;

-- Claims several seats, all or none, without a lock of its own: the doorman's seats first, then a
-- random free choice. Every choice is inserted in ascending order and, when a rival was faster on one
-- of them, undone as a whole before the next: two takers can wait for each other, never in a circle.
-- (A lock per slot made all winners wait for each other's disk: 100 a second on one slot.)
create function claim_many_seats(
  p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[],
  p_expires_at timestamptz, p_slot slots, out seats integer[], out busy boolean
)
language plpgsql
as $$
declare
  v_pick integer[];
  v_taken integer;
begin
  busy := false;
  for v_try in 1..6 loop
    if v_try = 1 and cardinality(p_wanted) = p_quantity then
      v_pick := p_wanted;
    else
      select array_agg(f.s) into v_pick
      from (
        select s
        from generate_series(1, p_slot.capacity) as s
        where not exists (
          select from slot_claims c where c.slot_id = p_slot.id and c.seat = s
        )
        order by s > p_slot.capacity - p_slot.extra_seats, random()
        limit p_quantity
      ) f;
      if coalesce(cardinality(v_pick), 0) < p_quantity then return; end if;
    end if;
    begin
      insert into slot_claims (
        slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
      )
      select p_slot.id, s, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at,
        p_expires_at
      from unnest(v_pick) as s
      where s between 1 and p_slot.capacity
      order by s
      on conflict (slot_id, seat) do nothing;
      get diagnostics v_taken = row_count;
      if v_taken = p_quantity then
        select array_agg(s order by s) into seats from unnest(v_pick) as s;
        return;
      end if;
      raise exception using errcode = 'PP001', message = 'a rival was faster';
    exception when sqlstate 'PP001' then
      -- Undone by the end of this block, so that nobody waits for what we let go.
      null;
    end;
  end loop;
  busy := true;
end
$$;

-- Takes staff, room and seats of a slot, or nothing at all. p_wanted: preferred seats or null. p_wish:
-- how they are chosen where the service has a seat plan (0069).
-- outcome: ok | full | staff_busy | room_busy | contended.
create function claim_place(
  p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[],
  p_expires_at timestamptz, p_slot slots, p_wish jsonb default null,
  out outcome text, out seats integer[]
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_during tstzrange := tstzrange(
    coalesce(p_slot.busy_from, p_slot.starts_at), coalesce(p_slot.busy_to, p_slot.ends_at)
  );
  v_staff_new boolean := false;
  v_room_new boolean := false;
  v_busy boolean := false;
begin
  if p_slot.extra_seats > 0 then
    -- Seats beyond the usual ones can be taken back (0069): their number is read under a lock.
    select * into p_slot from slots sl where sl.id = p_slot.id for key share;
  end if;
  if p_slot.capacity > 1 and (p_slot.staff_id is not null or p_slot.room_id is not null) then
    -- Looked at before the lock below, so that a loser writes nothing.
    if exists (
      select from staff_claims c
      where c.staff_id = p_slot.staff_id and c.during && v_during and c.slot_id <> p_slot.id
    ) then
      outcome := 'staff_busy';
      return;
    end if;
    -- Whoever frees the last seat takes `for update`: the staff row cannot vanish under us.
    perform from slots sl where sl.id = p_slot.id for key share;
  end if;
  if p_slot.staff_id is not null then
    insert into staff_claims (slot_id, staff_id, clinic_id, during)
    values (p_slot.id, p_slot.staff_id, p_slot.clinic_id, v_during)
    on conflict do nothing;
    v_staff_new := found;
    if not v_staff_new
      and not exists (select from staff_claims c where c.slot_id = p_slot.id) then
      outcome := 'staff_busy';
      return;
    end if;
  end if;
  if p_slot.room_id is not null then
    insert into room_claims (slot_id, room_id, clinic_id, during)
    values (p_slot.id, p_slot.room_id, p_slot.clinic_id, v_during)
    on conflict do nothing;
    v_room_new := found;
    if not v_room_new and not exists (select from room_claims c where c.slot_id = p_slot.id) then
      outcome := 'room_busy';
    end if;
  end if;
  if outcome is null and p_slot.capacity = 1 then
    insert into slot_claims (
      slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
    )
    values (
      p_slot.id, 1, p_reservation_id, p_user_id, p_slot.starts_at, p_slot.ends_at, p_expires_at
    )
    on conflict (slot_id, seat) do nothing;
    if found then seats := '{1}'; end if;
  elsif outcome is null
    and exists (select from seat_plans p where p.service_id = p_slot.service_id) then
    select c.seats, c.busy into seats, v_busy
    from claim_planned_seats(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot, p_wish
    ) as c;
  elsif outcome is null and p_quantity = 1 then
    select c.seats, c.busy into seats, v_busy
    from claim_one_seat(p_reservation_id, p_user_id, p_wanted[1], p_expires_at, p_slot) as c;
  elsif outcome is null then
    select c.seats, c.busy into seats, v_busy
    from claim_many_seats(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot
    ) as c;
  end if;
  if seats is not null then
    outcome := 'ok';
    return;
  end if;
  outcome := coalesce(outcome, case when v_busy then 'contended' else 'full' end);
  if v_staff_new then delete from staff_claims c where c.slot_id = p_slot.id; end if;
  if v_room_new then delete from room_claims c where c.slot_id = p_slot.id; end if;
end
$$;

-- Frees the seats of a reservation, and the vet and the room with the last one.
create function free_place(p_slot_id uuid, p_reservation_id uuid, p_seats integer[]) returns void
language plpgsql
as $$
declare
  v_slot slots;
begin
  select * into v_slot from slots sl where sl.id = p_slot_id;
  if v_slot.capacity > 1 and (v_slot.staff_id is not null or v_slot.room_id is not null) then
    perform from slots sl where sl.id = p_slot_id for update;
  end if;
  delete from slot_claims c
  where c.slot_id = p_slot_id
    and c.seat = any (p_seats)
    and c.reservation_id = p_reservation_id;
  if not exists (select from slot_claims c where c.slot_id = p_slot_id) then
    delete from staff_claims c where c.slot_id = p_slot_id;
    delete from room_claims c where c.slot_id = p_slot_id;
  end if;
  if v_slot.capacity = 1 and (v_slot.staff_id is not null or v_slot.room_id is not null)
    and exists (select from slots sl where sl.id = p_slot_id and sl.capacity > 1) then
    -- Seats were added (0069) since the look above, and one of them may be taken by now.
    perform keep_staff(p_slot_id);
  end if;
  -- For those who wait (0055), in the same statement.
  perform notice_opening(v_slot.id, v_slot.clinic_id);
end
$$;
