"""The meter's steps, each one atomic Lua script in Redis. Amounts are whole micro-minor units; scripts count exactly up
to 2^53 of them.

Keys of one organization share the hash tag ``meter:{org}``:
``:<window>:<instant>:<scope>`` one counter: s spent, h held, c calls, i calls held, ls and lc what was settled while
Redis did not know the counter · ``:holds`` event → expiry · ``:hold`` event → its hold · ``:open`` key → calls in
flight · ``:r:<key>`` the rate's two minutes · ``:watch`` events settled while a reconcile looks.
A hold is ``key|amount|calls|counter counter …``.
"""

from __future__ import annotations

_COMMON = """
local p = KEYS[1]
local function text(n) return string.format('%.0f', n) end
local function now_ms() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
local function parse(hold) return string.match(hold, '^([^|]*)|([^|]*)|([^|]*)|(.*)$') end
-- Ends a hold; what was spent and called meanwhile goes to the same counters. Returns whether the hold was there.
local function finish(event, spent, calls, names)
  local hold = redis.call('HGET', p .. ':hold', event)
  redis.call('ZREM', p .. ':holds', event)
  local amount, in_flight = 0, 0
  if hold then
    local key
    key, amount, in_flight, names = parse(hold)
    amount, in_flight = tonumber(amount), tonumber(in_flight)
    redis.call('HDEL', p .. ':hold', event)
    redis.call('HINCRBY', p .. ':open', key, -1)
  end
  for name in string.gmatch(names or '', '%S+') do
    local k = p .. ':' .. name
    local f = redis.call('HMGET', k, 's', 'h', 'c', 'i')
    if f[1] then
      redis.call('HSET', k, 's', text(tonumber(f[1]) + spent), 'h', text(tonumber(f[2]) - amount),
        'c', text(tonumber(f[3]) + calls), 'i', text(tonumber(f[4]) - in_flight))
    elseif spent > 0 or calls > 0 then
      redis.call('HINCRBY', k, 'ls', text(spent))
      redis.call('HINCRBY', k, 'lc', text(calls))
      redis.call('EXPIRE', k, 3456000)
    end
  end
  return hold and true or false
end
local function sweep(now)
  local old = redis.call('ZRANGEBYSCORE', p .. ':holds', '-inf', text(now), 'LIMIT', 0, 1000)
  for _, event in ipairs(old) do finish(event, 0, 0) end
  return #old
end
"""

# ARGV: key, rate (0: the call neither waits for it nor counts), concurrency, amounts and calls count (live), counters
# in one text, how many; for each: name, money limit, calls limit (-1 = none); then event, estimate, lifetime in ms.
RESERVE = _COMMON + """
local key, rate, concurrency, live = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local names, n = ARGV[5], tonumber(ARGV[6])
local at = 6 + 3 * n
local event, est = ARGV[at + 1], tonumber(ARGV[at + 2])
local now = now_ms()
sweep(now)

local minute, passed = math.floor(now / 60000), now % 60000
local reset = math.ceil((60000 - passed) / 1000)
local r = redis.call('HMGET', p .. ':r:' .. key, 'm', 'n', 'l')
local this, last = tonumber(r[2] or 0), tonumber(r[3] or 0)
local turned = tonumber(r[1] or -1) ~= minute
if turned then last = tonumber(r[1] or -1) == minute - 1 and this or 0 this = 0 end
local used = this + math.floor(last * (60000 - passed) / 60000)

local known = redis.call('HGET', p .. ':hold', event)
if known then return {'replayed', math.max(0, rate - used), reset, known} end
if rate > 0 and used + 1 > rate then return {'rate', 0, reset} end
local open = tonumber(redis.call('HGET', p .. ':open', key) or 0)
if open + 1 > concurrency then return {'concurrency', rate - used, reset} end

local found = {}
for i = 1, n do
  local a = 4 + 3 * i
  local f = redis.call('HMGET', p .. ':' .. ARGV[a], 's', 'h', 'c', 'i')
  if not f[1] then return {'cold', 0, 0, i - 1} end
  local money, calls = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  if calls >= 0 and f[3] + f[4] + 1 > calls then return {'calls', rate - used, reset, i - 1, text(f[3] + f[4])} end
  if money >= 0 and f[1] + f[2] + est > money then
    return {'money', rate - used, reset, i - 1, text(math.max(0, money - f[1] - f[2]))} end
  found[i] = f
end
for i = 1, n do
  redis.call('HSET', p .. ':' .. ARGV[4 + 3 * i], 'h', text(found[i][2] + est), 'i', text(found[i][4] + live))
end
redis.call('ZADD', p .. ':holds', text(now + tonumber(ARGV[at + 3])), event)
redis.call('HSET', p .. ':hold', event, key .. '|' .. ARGV[at + 2] .. '|' .. ARGV[4] .. '|' .. names)
redis.call('HSET', p .. ':open', key, text(open + 1))
if rate == 0 then return {'held', 0, reset} end
redis.call('HSET', p .. ':r:' .. key, 'm', text(minute), 'n', text(this + 1), 'l', text(last))
if turned then redis.call('EXPIRE', p .. ':r:' .. key, 130) end
return {'held', rate - used - 1, reset}
"""

# ARGV: event, amount, calls, counters in one text (for a hold that Redis has lost).
SETTLE = _COMMON + """
finish(ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4])
if redis.call('EXISTS', p .. ':watch') == 1 then redis.call('SADD', p .. ':watch', ARGV[1]) end
return 1
"""

RELEASE = _COMMON + """
finish(ARGV[1], 0, 0)
return 1
"""

# ARGV: for each counter: name, seconds to live, spent, calls. The first loader wins: later ones would undo what was
# settled since. What is held is what the open holds say.
LOAD = _COMMON + """
local loaded = 0
for a = 1, #ARGV, 4 do
  local k = p .. ':' .. ARGV[a]
  if redis.call('HEXISTS', k, 's') == 0 then
    local late = redis.call('HMGET', k, 'ls', 'lc')
    local held, in_flight = 0, 0
    for _, hold in ipairs(redis.call('HVALS', p .. ':hold')) do
      local _, amount, calls, names = parse(hold)
      if string.find(' ' .. names .. ' ', ' ' .. ARGV[a] .. ' ', 1, true) then
        held, in_flight = held + tonumber(amount), in_flight + tonumber(calls)
      end
    end
    redis.call('DEL', k)
    redis.call('HSET', k, 's', text(tonumber(ARGV[a + 2]) + (late[1] or 0)), 'h', text(held),
      'c', text(tonumber(ARGV[a + 3]) + (late[2] or 0)), 'i', text(in_flight))
    redis.call('EXPIRE', k, ARGV[a + 1])
    loaded = loaded + 1
  end
end
return loaded
"""

# Before a reconcile reads the ledger. ARGV: token, counters. Sweeps, starts to watch, and says what was counted.
WATCH = _COMMON + """
sweep(now_ms())
redis.call('DEL', p .. ':watch')
redis.call('SADD', p .. ':watch', ARGV[1])
redis.call('EXPIRE', p .. ':watch', 120)
local seen = {}
for a = 2, #ARGV do seen[a - 1] = redis.call('HMGET', p .. ':' .. ARGV[a], 's', 'c') end
return seen
"""

# After it. Events whose settling the counters read by WATCH did not hold: settled since, or not settled yet.
TOUCHED = _COMMON + """
return {redis.call('SMEMBERS', p .. ':watch'), redis.call('HKEYS', p .. ':hold')}
"""

# ARGV: token, then for each counter: name, change of spent, change of calls. Only while the watch went on unbroken.
MEND = _COMMON + """
if redis.call('SISMEMBER', p .. ':watch', ARGV[1]) == 0 then return 0 end
redis.call('DEL', p .. ':watch')
for a = 2, #ARGV, 3 do
  local k = p .. ':' .. ARGV[a]
  if redis.call('HEXISTS', k, 's') == 1 then
    redis.call('HINCRBY', k, 's', ARGV[a + 1])
    redis.call('HINCRBY', k, 'c', ARGV[a + 2])
  end
end
return 1
"""
