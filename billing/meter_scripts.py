"""The meter's steps as atomic Lua scripts in Redis. Amounts are whole micro-minor units; scripts count exactly up
to 2^53 of them.

Keys of one organization share the hash tag ``meter:{org}``:
``:<window>:<instant>:<scope>`` one counter: s spent, h held, c calls, i calls held, ls and lc what was settled while
Redis did not know the counter · ``:holds`` event → expiry · ``:hold`` event → its hold · ``:open`` key → calls in
flight · ``:r:<key>`` the rate's two minutes · ``:watch`` events settled while a reconcile looks · ``:purse`` what may
be spent in all by who pays in advance (see `billing.purse`).
A hold is ``key|amount|calls|counter counter …``.
"""

from __future__ import annotations

_COMMON = """
local p = KEYS[1]
local function text(n) return string.format('%.0f', n) end
local function now_ms() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
local function parse(hold) return string.match(hold, '^([^|]*)|([^|]*)|([^|]*)|(.*)$') end

-- What the steps of one run have read and changed; `write` puts it into Redis.
local counters, holds, open, words = {}, {}, {}, {}
local made, ended = {}, {}
local function counter(name)
  local c = counters[name]
  if c == nil then
    local f = redis.call('HMGET', p .. ':' .. name, 's', 'h', 'c', 'i')
    c = f[1] and {s = tonumber(f[1]), h = tonumber(f[2]), c = tonumber(f[3]), i = tonumber(f[4])} or false
    counters[name] = c
  end
  return c
end
local function hold_of(event)
  if holds[event] == nil then holds[event] = redis.call('HGET', p .. ':hold', event) end
  return holds[event]
end
local function opened(key)
  if open[key] == nil then open[key] = tonumber(redis.call('HGET', p .. ':open', key) or 0) end
  return open[key]
end
local function names_in(text_of)
  local found = words[text_of]
  if not found then
    found = {}
    for name in string.gmatch(text_of, '%S+') do found[#found + 1] = name end
    words[text_of] = found
  end
  return found
end
-- Ends a hold; what was spent and called meanwhile goes to the same counters. Returns whether the hold was there.
local function finish(event, spent, calls, names)
  local hold = hold_of(event)
  ended[#ended + 1] = event
  local amount, in_flight = 0, 0
  if hold then
    local key
    key, amount, in_flight, names = parse(hold)
    amount, in_flight = tonumber(amount), tonumber(in_flight)
    holds[event] = false
    open[key] = opened(key) - 1
  end
  for _, name in ipairs(names_in(names or '')) do
    local c = counter(name)
    if c then
      c.s, c.h, c.c, c.i, c.changed = c.s + spent, c.h - amount, c.c + calls, c.i - in_flight, true
    elseif spent > 0 or calls > 0 then
      local k = p .. ':' .. name
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
local function write()
  if #ended > 0 then
    redis.call('ZREM', p .. ':holds', unpack(ended))
    redis.call('HDEL', p .. ':hold', unpack(ended))
  end
  local expiries, texts = {}, {}
  for event, expiry in pairs(made) do
    if holds[event] then
      expiries[#expiries + 1], expiries[#expiries + 2] = expiry, event
      texts[#texts + 1], texts[#texts + 2] = event, holds[event]
    end
  end
  if #texts > 0 then
    redis.call('ZADD', p .. ':holds', unpack(expiries))
    redis.call('HSET', p .. ':hold', unpack(texts))
  end
  for name, c in pairs(counters) do
    if c and c.changed then
      redis.call('HSET', p .. ':' .. name, 's', text(c.s), 'h', text(c.h), 'c', text(c.c), 'i', text(c.i))
    end
  end
  for key, n in pairs(open) do redis.call('HSET', p .. ':open', key, text(n)) end
end
"""

# What one turn of an event loop asks for an organization, in order. ARGV: how many events, the events; then steps:
# p: key, rate (0: a call neither waits for it nor counts), concurrency, amounts and calls count (live), counters in one
#    text, how many; for each: name, money limit, calls limit (-1 = none). Holds for the following reservations.
# r: event, estimate, lifetime in ms: a reservation. Each has an answer in what is returned.
# s: event, amount, calls, counters in one text (for a hold that Redis has lost): a hold is settled.
# x: event: a hold is released.
STEPS = _COMMON + """
local n = tonumber(ARGV[1])
local known = redis.call('HMGET', p .. ':hold', unpack(ARGV, 2, n + 1))
for i = 1, n do holds[ARGV[i + 1]] = known[i] end

local now, minute, passed, reset
local function begin()
  now = now_ms()
  sweep(now)
  minute, passed = math.floor(now / 60000), now % 60000
  reset = math.ceil((60000 - passed) / 1000)
end

local rates = {}
local function rate_of(key)
  local r = rates[key]
  if not r then
    local f = redis.call('HMGET', p .. ':r:' .. key, 'm', 'n', 'l')
    r = {this = tonumber(f[2] or 0), last = tonumber(f[3] or 0), turned = tonumber(f[1] or -1) ~= minute}
    if r.turned then
      r.last = tonumber(f[1] or -1) == minute - 1 and r.this or 0
      r.this = 0
    end
    r.before = math.floor(r.last * (60000 - passed) / 60000)
    rates[key] = r
  end
  return r
end

local function reserve(plan, event, est_text, lifetime)
  local key, rate, est = plan.key, plan.rate, tonumber(est_text)
  local r = rate_of(key)
  local used = r.this + r.before
  local hold = hold_of(event)
  if hold then return {'replayed', math.max(0, rate - used), reset, hold} end
  if rate > 0 and used + 1 > rate then return {'rate', 0, reset} end
  local flying = opened(key)
  if flying + 1 > plan.concurrency then return {'concurrency', rate - used, reset} end
  for i, limit in ipairs(plan.limits) do
    local c = counter(limit.name)
    if not c then return {'cold', 0, 0, i - 1} end
    if limit.calls >= 0 and c.c + c.i + 1 > limit.calls then
      return {'calls', rate - used, reset, i - 1, text(c.c + c.i)} end
    if limit.money >= 0 and c.s + c.h + est > limit.money then
      return {'money', rate - used, reset, i - 1, text(math.max(0, limit.money - c.s - c.h))} end
  end
  for _, limit in ipairs(plan.limits) do
    local c = counters[limit.name]
    c.h, c.i, c.changed = c.h + est, c.i + plan.live, true
  end
  made[event] = text(now + tonumber(lifetime))
  holds[event] = key .. '|' .. est_text .. '|' .. plan.live .. '|' .. plan.names
  open[key] = flying + 1
  if rate == 0 then return {'held', 0, reset} end
  r.this, r.changed = r.this + 1, true
  return {'held', rate - used - 1, reset}
end

local answers, settled, plan = {}, {}, nil
local at, last = n + 2, #ARGV
while at <= last do
  local step = ARGV[at]
  if step == 'r' then
    answers[#answers + 1] = reserve(plan, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    at = at + 4
  elseif step == 's' then
    finish(ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4])
    settled[#settled + 1] = ARGV[at + 1]
    at = at + 5
  elseif step == 'x' then
    finish(ARGV[at + 1], 0, 0)
    at = at + 2
  else
    if not now then begin() end
    plan = {key = ARGV[at + 1], rate = tonumber(ARGV[at + 2]), concurrency = tonumber(ARGV[at + 3]),
      live = tonumber(ARGV[at + 4]), names = ARGV[at + 5], limits = {}}
    local many = tonumber(ARGV[at + 6])
    at = at + 7
    for i = 1, many do
      plan.limits[i] = {name = ARGV[at], money = tonumber(ARGV[at + 1]), calls = tonumber(ARGV[at + 2])}
      -- A caller's copy of the balance is a moment old; here is the one that refunds and expiries have lowered.
      if string.sub(ARGV[at], 1, 8) == 'balance:' then
        plan.limits[i].money = tonumber(redis.call('GET', p .. ':purse') or ARGV[at + 1])
      end
      at = at + 3
    end
  end
end
write()
for key, r in pairs(rates) do
  if r.changed then
    redis.call('HSET', p .. ':r:' .. key, 'm', text(minute), 'n', text(r.this), 'l', text(r.last))
    if r.turned then redis.call('EXPIRE', p .. ':r:' .. key, 130) end
  end
end
if #settled > 0 and redis.call('EXISTS', p .. ':watch') == 1 then redis.call('SADD', p .. ':watch', unpack(settled)) end
return answers
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

# ARGV: counter, purse. Lowers the purse, unless that much is spent or held already; the counter must be loaded.
LOWER = _COMMON + """
sweep(now_ms())
write()
local f = redis.call('HMGET', p .. ':' .. ARGV[1], 's', 'h')
if not f[1] or f[1] + f[2] > tonumber(ARGV[2]) then return 0 end
redis.call('SET', p .. ':purse', ARGV[2])
return 1
"""

# Before a reconcile reads the ledger. ARGV: token, counters. Sweeps, starts to watch, and says what was counted.
WATCH = _COMMON + """
sweep(now_ms())
write()
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
