-- Takes `quantity` free seats of one slot, or none.
--
-- Input:  KEYS[1..n]  lock keys of the seats to look at, in the order to try them
--         ARGV[1]     lock_id to write; the part before the first dot is its owner
--         ARGV[2]     quantity
--         ARGV[3]     time to live, ms (hold + grace)
-- Output: {1, i1, i2, ...}               taken: positions in KEYS
--         {0, free, least_pttl, is_own}  not taken: free seats seen, the shortest remaining life (ms, -1 = none
--                                        has an end, -2 = every key seen was free), 1 when the owner holds one
local owner = string.match(ARGV[1], '^[^.]*')
local quantity = tonumber(ARGV[2])
local free, least, own = {}, -2, 0
for i = 1, #KEYS do
  local holder = redis.call('GET', KEYS[i])
  if not holder then
    free[#free + 1] = i
    if #free == quantity then break end
  else
    if string.match(holder, '^[^.]*') == owner then own = 1 end
    local pttl = redis.call('PTTL', KEYS[i])
    if least < 0 or (pttl >= 0 and pttl < least) then least = pttl end
  end
end
if #free < quantity then return {0, #free, least, own} end
local reply = {1}
for n = 1, quantity do
  redis.call('SET', KEYS[free[n]], ARGV[1], 'PX', ARGV[3])
  reply[n + 1] = free[n]
end
return reply
