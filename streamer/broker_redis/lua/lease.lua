#!lua flags=allow-oom
-- Says who archives a shard, and to whom it goes next: each of the nodes that are there has its share.
--
-- KEYS  lease, nodes
-- ARGV  node, ms that it is counted on, shard, 1 while it still has something of the shard to do
-- With 0 ms the node is not there any more.
-- Gives 0: another has it; 1: the node has it; 2: it has, and another waits for it; 3: it waits for it.
local node, ms = ARGV[1], tonumber(ARGV[2])
local holder = redis.call('GET', KEYS[1])
if ms == 0 then
  redis.call('ZREM', KEYS[2], node)
  if holder == node then
    redis.call('DEL', KEYS[1])
  end
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ms), node)
redis.call('PEXPIRE', KEYS[2], ms)
local nodes = redis.call('ZRANGE', KEYS[2], 0, -1)
table.sort(nodes)
local due = nodes[tonumber(ARGV[3]) % #nodes + 1]
if holder == node and (due == node or ARGV[4] == '1') then
  redis.call('PEXPIRE', KEYS[1], ms)
  return due == node and 1 or 2
end
if holder == node then
  redis.call('SET', KEYS[1], due, 'PX', ms)
  return 0
end
if due ~= node then
  return 0
end
for _, other in ipairs(nodes) do
  if holder == other then
    return 3
  end
end
redis.call('SET', KEYS[1], node, 'PX', ms)
return 1
