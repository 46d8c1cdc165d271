#!lua
-- Appends drafts to the log of one room, or none of them: who was heard before is answered as then, who is too
-- fast is told so, the others are numbered, kept, queued for the archive and published in one message.
--
-- KEYS  meta, log, queue
-- ARGV  run, room, channel, PUBLISH or SPUBLISH, node, ms that a nonce is kept,
--       then for each draft: token, key of its nonce, id, head, tail, number of charges,
--       and for each charge: key, interval in ms, burst
-- Gives {'unopened'}, or {'done', epoch, one for each draft: 'seq id', or '-ms to wait'}
local meta = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'seq', 'idle')
if meta[1] ~= ARGV[1] then
  return {'unopened'}
end
local now

local function charge(at, count)
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local full_at, lacking = {}, 0
  for i = at, at + 3 * (count - 1), 3 do
    local key, interval = ARGV[i], tonumber(ARGV[i + 1])
    local before = full_at[key] or tonumber(redis.call('GET', key) or 0)
    full_at[key] = math.max(before, now) + interval
    lacking = math.max(lacking, full_at[key] - now - interval * ARGV[i + 2])
  end
  if lacking == 0 then
    for key, at_ms in pairs(full_at) do
      redis.call('SET', key, string.format('%.0f', at_ms), 'PX', string.format('%.0f', at_ms - now))
    end
  end
  return math.ceil(lacking)
end

local seq = tonumber(meta[3])
local outcomes, payloads, tokens = {'done', meta[2]}, {}, {}
local at = 7
while at <= #ARGV do
  local said, charges = ARGV[at + 1], tonumber(ARGV[at + 5])
  local outcome = redis.call('GET', said)
  if not outcome then
    local lacking = charges > 0 and charge(at + 6, charges) or 0
    if lacking > 0 then
      outcome = '-' .. lacking
    else
      seq = seq + 1
      local number = string.format('%.0f', seq)
      local payload = ARGV[at + 3] .. number .. ARGV[at + 4]
      outcome = number .. ' ' .. ARGV[at + 2]
      redis.call('XADD', KEYS[2], number .. '-0', 'p', payload)
      redis.call('SET', said, outcome, 'PX', ARGV[6])
      payloads[#payloads + 1] = payload
      tokens[#tokens + 1] = ARGV[at]
    end
  end
  outcomes[#outcomes + 1] = outcome
  at = at + 6 + 3 * charges
end
if #payloads > 0 then
  local last = string.format('%.0f', seq)
  redis.call('HSET', KEYS[1], 'seq', last)
  if meta[4] then
    redis.call('HDEL', KEYS[1], 'idle')
    redis.call('PERSIST', KEYS[1])
    redis.call('PERSIST', KEYS[2])
  end
  redis.call('XADD', KEYS[3], '*', 'r', ARGV[2], 'l', last)
  local first = string.format('%.0f', seq - #payloads + 1)
  local head = 'L' .. meta[2] .. ' ' .. first .. ' ' .. ARGV[5] .. ' ' .. table.concat(tokens, ',')
  redis.call(ARGV[4], ARGV[3], head .. '\n' .. table.concat(payloads, '\n'))
end
return outcomes
