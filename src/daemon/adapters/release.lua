-- Frees seats that this token holds; others' locks stay.
--
-- Input:  KEYS[1..n]  lock keys of the seats
--         ARGV[1]     lock_id
-- Output: how many locks were ours and are gone
local freed = 0
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    freed = freed + redis.call('DEL', KEYS[i])
  end
end
return freed
