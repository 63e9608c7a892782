import type { Sql } from 'postgres';

/**
 * Puts a naive program in the judge's place, in a throwaway database: it reads whether the seat is
 * free, thinks for a moment as programs with round trips do, then writes. No unique seat stands
 * behind it.
 */
export async function replaceJudge(sql: Sql): Promise<void> {
  await sql`alter table slot_claims drop constraint slot_claims_pkey`;
  const [judge] = await sql<{ parameters: string }[]>`
    select pg_get_function_arguments(oid) as parameters from pg_proc where proname = 'hold_slot'`;
  if (!judge) throw new Error('there is no hold_slot to replace');
  await sql`alter function hold_slot rename to hold_slot_of_the_product`;
  await sql.unsafe(`
    create function hold_slot(${judge.parameters})
    language plpgsql
    as $$
    #variable_conflict use_column
    begin
      if exists (select from slot_claims c where c.slot_id = p_slot_id) then
        outcome := 'slot_taken';
        return;
      end if;
      perform pg_sleep(0.05);
      outcome := 'ok';
      reservation_id := p_reservation_id;
      lock_id := p_lock_id;
      seats := '{1}';
      fence := nextval('hold_numbers');
      reference_code := reference_code(fence);
      expires_at := now() + interval '10 minutes';
      hold_ms := 600000;
      select sv.price, sv.price, sv.currency, sl.clinic_id, sl.service_id, sl.starts_at
      into amount, amount_due, currency, clinic_id, service_id, starts_at
      from slots sl
      join services sv on sv.id = sl.service_id
      where sl.id = p_slot_id;
      insert into reservations (
        id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code,
        quantity, seats, amount, amount_due, currency, expires_at
      )
      values (
        p_reservation_id, p_user_id, p_pet_id, clinic_id, service_id, p_slot_id, p_lock_id, fence,
        reference_code, 1, seats, amount, amount_due, currency, expires_at
      );
      insert into slot_claims (
        slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
      )
      select p_slot_id, 1, p_reservation_id, p_user_id, sl.starts_at, sl.ends_at,
        now() + interval '10 minutes'
      from slots sl
      where sl.id = p_slot_id;
    end
    $$`);
}
