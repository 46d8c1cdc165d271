#!lua
-- Puts back entries that a node knows and the log has lost, each under the number it had.
--
-- KEYS  meta, log, queue, offered
-- ARGV  run, room, channel, PUBLISH or SPUBLISH, ms that a nonce is kept, epoch,
--       then for each entry, by seq: seq, key of its nonce, id, payload
-- Gives {'unopened'}; {'strange'} if the log is called otherwise; or {'done', seq, number put back, and the seqs
-- that others have taken}. What lies beyond a hole waits in `offered` for the node that can fill it: each may
-- know every second entry only. What lies beyond a number that was taken is not put back.
local offered_ms = 60000

local meta = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'seq')
if meta[1] ~= ARGV[1] then
  return {'unopened'}
end
local seq = tonumber(meta[3])
if meta[2] ~= ARGV[6] then
  if seq > 0 then
    return {'strange'}
  end
  redis.call('HSET', KEYS[1], 'epoch', ARGV[6])
  redis.call('DEL', KEYS[4])
end
local first, payloads, taken = nil, {}, {}

local function put(number, said, id, payload)
  seq = tonumber(number)
  first = first or number
  redis.call('XADD', KEYS[2], number .. '-0', 'p', payload)
  redis.call('SET', said, number .. ' ' .. id, 'PX', ARGV[5])
  payloads[#payloads + 1] = payload
end

local function put_offered()
  while true do
    local number = string.format('%.0f', seq + 1)
    local found = redis.call('HGET', KEYS[4], number)
    if not found then
      return
    end
    redis.call('HDEL', KEYS[4], number)
    put(number, unpack(cmsgpack.unpack(found)))
  end
end

for at = 7, #ARGV, 4 do
  local number = tonumber(ARGV[at])
  if number > seq + 1 then
    put_offered()
  end
  if number <= seq then
    local there = redis.call('XRANGE', KEYS[2], ARGV[at] .. '-0', ARGV[at] .. '-0')[1]
    if there and there[2][2] ~= ARGV[at + 3] then
      taken[#taken + 1] = ARGV[at]
    end
  elseif #taken > 0 then
    break
  elseif number == seq + 1 then
    put(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
  else
    redis.call('HSET', KEYS[4], ARGV[at], cmsgpack.pack({ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]}))
    redis.call('PEXPIRE', KEYS[4], offered_ms)
  end
end
put_offered()
if first then
  local last = string.format('%.0f', seq)
  redis.call('HSET', KEYS[1], 'seq', last)
  redis.call('HDEL', KEYS[1], 'idle')
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
  redis.call('XADD', KEYS[3], '*', 'r', ARGV[2], 'l', last)
  local head = 'L' .. ARGV[6] .. ' ' .. first .. ' - '
  redis.call(ARGV[4], ARGV[3], head .. '\n' .. table.concat(payloads, '\n'))
end
return {'done', seq, #payloads, unpack(taken)}
