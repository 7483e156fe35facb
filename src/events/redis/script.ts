/**
 * What happens in Redis in one step. Times are Redis's own: those of two instances may be an hour apart. Each script
 * has one argument, JSON, and leaves out of its JSON what is undefined.
 *
 * meta: a hash of the newest entry's place. changes: the stream of entries; an entry's id is its position, so that what
 * is missing shows. known: a hash of what is known of changes beyond those in the stream, see knowledge.ts, and
 * knownSince: when each of its fields was set. picture: a hash of a kind's rows by folded user name, under '' a mark
 * that it is of everybody.
 */
export const keysOfScripts = ['meta', 'changes', 'known', 'knownSince', 'picture'] as const

/** What the scripts on changes begin with. */
export const prelude = `
local meta, changes, known, knownSince, picture = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local given = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Where Redis evicted meta alone, positions begin anew: entries of the former ones would be in their way for ever.
local function begin()
  if redis.call('HSETNX', meta, 'epoch', given.epoch) == 1 then redis.call('DEL', changes) end
  redis.call('HSETNX', meta, 'position', 0)
  redis.call('HSETNX', meta, 'mark', '0')
end

local function place()
  local found = redis.call('HMGET', meta, 'epoch', 'position', 'mark')
  return found[1], tonumber(found[2]), found[3]
end

local function positionOf(entry)
  return tonumber(string.match(entry[1], '^%d+'))
end

-- By age; those beyond the capacity went when others came. Gives the position of the oldest entry, if any.
local function trim()
  while true do
    local oldest = redis.call('XRANGE', changes, '-', '+', 'COUNT', 10)
    local expired = 0
    for _, entry in ipairs(oldest) do
      if tonumber(entry[2][2]) > now - given.rememberedFor then break end
      expired = expired + 1
    end
    if expired > 0 then redis.call('XTRIM', changes, 'MAXLEN', redis.call('XLEN', changes) - expired) end
    if expired < #oldest then return positionOf(oldest[expired + 1]) end
    if #oldest == 0 then return nil end
  end
end

local function append(of, fields)
  local epoch, position, mark = place()
  position = position + 1
  redis.call('HSET', meta, 'position', position, 'mark', given.mark)
  redis.call('XADD', changes, 'MAXLEN', '=', given.capacity, position .. '-0',
    'at', now, 'epoch', epoch, 'behind', mark, 'mark', given.mark, 'of', of, unpack(fields))
end

local function paint(change, user)
  local found = redis.call('HGET', picture, user)
  if not found and redis.call('HEXISTS', picture, '') == 0 then return end
  local rows = found and cjson.decode(found) or {}
  local id = change.credentialId
  if change.status then
    local detail = rows[id] and rows[id].detail or {}
    for name, value in pairs(change.detail) do detail[name] = value end
    rows[id] = { userName = change.userName, credentialId = id, status = change.status, detail = detail }
  else
    rows[id] = nil
  end
  redis.call('HSET', picture, user, cjson.encode(rows))
end
`

/** Gives the newest place, creating it where there is none, the time, and the oldest entry's position, if any. */
export const pulseScript = `${prelude}
begin()
local oldest = trim()
local epoch, position, mark = place()
return { epoch, position, mark, now, oldest or false }
`

/** The history is not the one that an instance has read: where nobody said so yet, it is another from now on. */
export const replaceScript = `${prelude}
if redis.call('HGET', meta, 'epoch') == given.of then redis.call('HSET', meta, 'epoch', given.epoch) end
return 1
`

export const lossScript = `${prelude}
begin()
append('loss', {})
return 1
`

export const pictureScript = `${prelude}
begin()
local oldest = trim()
local epoch, position = place()
local since = given.since
if since.epoch ~= epoch or since.position > position then return 'moved' end
if since.position < (oldest or position + 1) - 1 then return 'moved' end

if given.isOfEverybody then
  redis.call('DEL', picture)
  redis.call('HSET', picture, '', '1')
end
for user, rows in pairs(given.rows) do redis.call('HSET', picture, user, rows) end
for _, entry in ipairs(redis.call('XRANGE', changes, (since.position + 1) .. '-0', '+')) do
  local fields = {}
  for index = 1, #entry[2], 2 do fields[entry[2][index]] = entry[2][index + 1] end
  if fields.of == 'change' and fields.kind == given.kind and fields.superseded == '0' then
    paint(cjson.decode(fields.change), fields.user)
  end
end
append('picture', { 'kind', given.kind, 'users', given.users })
return 'taken'
`

export const leaseScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`

export const watchScript = `
local time = redis.call('TIME')
local untilWhen = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({ untilWhen, ARGV[2] }))
return 1
`

export const watchedScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lasting = {}
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local watch = cjson.decode(all[index + 1])
  if watch[1] > now then table.insert(lasting, watch[2]) else redis.call('HDEL', KEYS[1], all[index]) end
end
return lasting
`
