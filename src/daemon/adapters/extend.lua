-- Lengthens (or shortens) the life of locks, all or nothing.
--
-- Input:  KEYS[1..n]  lock keys of the seats
--         ARGV[1]     lock_id that must hold all of them
--         ARGV[2]     new time to live, ms from now
-- Output: 1 when done, 0 when one seat is not ours (then nothing changed)
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) ~= ARGV[1] then return 0 end
end
for i = 1, #KEYS do
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
return 1
