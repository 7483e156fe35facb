import { foldUserName } from '../../iam/model.ts'
import { callKey, credentialKey, type NewChange } from '../change.ts'
import type { Offer } from '../change-store.ts'
import { echoKey, echoWithin, foundKey, knownFor, mostUnechoed, otherSource } from '../knowledge.ts'
import { changeText } from './entry.ts'
import { prelude } from './script.ts'

/** What the script is given of a change. */
export function offer(change: NewChange, { isQuiet, verdict }: Offer): object {
  return {
    knownFor,
    echoWithin,
    mostUnechoed,
    change: changeText(change),
    changedAt: change.changedAt.getTime(),
    user: foldUserName(change.userName),
    credential: credentialKey(change),
    call: callKey(change),
    found: foundKey(change),
    echo: echoKey(change, otherSource(change)),
    ownEcho: echoKey(change, change.source),
    span: change.call?.span,
    isQuiet,
    verdictWith: verdict?.with,
    verdictNewer: verdict?.isNewer,
  }
}

/** The same as in memory-store.ts and knowledge.ts. */
export const tellScript = `${prelude}
local change = cjson.decode(given.change)
local changedAt = given.changedAt

local function remember(field, value)
  redis.call('HSET', known, field, value)
  redis.call('ZADD', knownSince, now, field)
end

local function recall(field)
  local value = redis.call('HGET', known, field)
  return value and cjson.decode(value) or nil
end

local function forget()
  local old = redis.call('ZRANGEBYSCORE', knownSince, '-inf', now - given.knownFor, 'LIMIT', 0, 100)
  if #old == 0 then return end
  redis.call('HDEL', known, unpack(old))
  redis.call('ZREM', knownSince, unpack(old))
end

local function findEcho(fits)
  if not given.echo then return false end
  local waiting, left, found = recall('echo ' .. given.echo) or {}, {}, false
  for _, call in ipairs(waiting) do
    if not found and fits(call) then found = true else table.insert(left, call) end
  end
  if found then remember('echo ' .. given.echo, cjson.encode(left)) end
  return found
end

local function isAbsorbed()
  local foundAt = recall('found ' .. given.found)
  if change.source ~= 'CLOUDTRAIL' or not foundAt or changedAt > foundAt then return false end
  redis.call('HDEL', known, 'found ' .. given.found)
  redis.call('ZREM', knownSince, 'found ' .. given.found)
  return true
end

local function isRepeat()
  if not given.call then return false end
  local before = recall('call ' .. given.call)
  if before then
    if before ~= 'told' and before ~= change.source then
      remember('idsAgree', '1')
      return false
    end
    if findEcho(function(call) return call.requestId == change.call.requestId end) then remember('idsAgree', '1') end
    return true
  end
  local newest = recall('newest ' .. given.credential)
  local mayBeEcho = change.source == 'CLOUDTRAIL' and newest and newest.status == change.status
  local function isNear(call) return math.abs(call.changedAt - changedAt) <= given.echoWithin end
  if mayBeEcho and not recall('idsAgree') and findEcho(isNear) then
    remember('call ' .. given.call, cjson.encode(change.source))
  elseif isAbsorbed() then
    remember('call ' .. given.call, '"told"')
  else
    return false
  end
  return true
end

-- See change-order.ts; nil: not known.
local isTwin = false
local function isNewer(newest)
  local isEqual = change.status == newest.status
  local span = given.span
  if span and newest.span and newest.by == given.by then
    if span.sentAt >= newest.span.answeredAt then return true end
    if span.answeredAt <= newest.span.sentAt then return false end
    if not isEqual then return nil end
  end
  local difference = math.floor(changedAt / 1000) - math.floor(newest.changedAt / 1000)
  if difference ~= 0 then return difference > 0 end
  if not isEqual then return nil end
  isTwin = true
  return true
end

begin()
forget()
trim()
if isRepeat() then return { 'repeated' } end

local rows = redis.call('HGET', picture, given.user)
local pictured = rows and cjson.decode(rows)[change.credentialId]
local picturedStatus = pictured and pictured.status
if change.source == 'RECONCILIATION' and (picturedStatus or '') ~= (change.previousStatus or '') then
  return { 'moved' }
end

local newest = recall('newest ' .. given.credential)
local newer = true
if newest then newer = isNewer(newest) end
if newer == nil then
  if given.verdictWith ~= newest.mark then return { 'tied', newest.mark, newest.status or '' } end
  newer = given.verdictNewer
end

local earlier = picturedStatus
if newest then earlier = newest.status end
local isTold = true
if given.isQuiet then
  isTold = newer and earlier ~= change.status and (newest or pictured)
end

local previousStatus = change.previousStatus
if change.source == 'CLOUDTRAIL' and not previousStatus and newer then
  if earlier ~= change.status then previousStatus = earlier end
end

if isTold then
  append('change', { 'superseded', newer and '0' or '1', 'previousStatus', previousStatus or '',
  'kind', change.kind, 'user', given.user, 'change', given.change })
end
if given.call then remember('call ' .. given.call, '"told"') end
if given.ownEcho then
  local waiting = recall('echo ' .. given.ownEcho) or {}
  table.insert(waiting, { requestId = change.call.requestId, changedAt = changedAt })
  if #waiting > given.mostUnechoed then table.remove(waiting, 1) end
  remember('echo ' .. given.ownEcho, cjson.encode(waiting))
end
if change.source == 'RECONCILIATION' then remember('found ' .. given.found, cjson.encode(changedAt)) end
if newer then
  local span = given.span
  if isTwin then span = nil end
  remember('newest ' .. given.credential, cjson.encode({ status = change.status, changedAt = changedAt,
    source = change.source, by = span and given.by, span = span, mark = given.mark }))
  if isTold then paint(change, given.user) end
end
return { isTold and 'told' or 'repeated' }
`
