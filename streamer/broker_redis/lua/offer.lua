#!lua
-- Puts back entries that a node knows and the log has lost, each under the number it had.
--
-- KEYS  meta, log, queue
-- ARGV  run, room, channel, PUBLISH or SPUBLISH, ms that a nonce is kept, epoch,
--       then for each entry, by seq: seq, key of its nonce, id, payload
-- Gives {'unopened'}; {'strange'} if the log is called otherwise; or {'done', seq, number put back, and the seqs
-- that others have taken}. What lies beyond a hole, or beyond a number that was taken, is not put back.
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
end
local first, payloads, taken = nil, {}, {}
for at = 7, #ARGV, 4 do
  local number = tonumber(ARGV[at])
  if number <= seq then
    local there = redis.call('XRANGE', KEYS[2], ARGV[at] .. '-0', ARGV[at] .. '-0')[1]
    if there and there[2][2] ~= ARGV[at + 3] then
      taken[#taken + 1] = ARGV[at]
    end
  elseif number == seq + 1 and #taken == 0 then
    seq = number
    first = first or ARGV[at]
    redis.call('XADD', KEYS[2], ARGV[at] .. '-0', 'p', ARGV[at + 3])
    redis.call('SET', ARGV[at + 1], ARGV[at] .. ' ' .. ARGV[at + 2], 'PX', ARGV[5])
    payloads[#payloads + 1] = ARGV[at + 3]
  end
end
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
