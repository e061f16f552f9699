import { Elysia } from 'elysia'

import { Failure, invalidRequest } from '../core/errors.ts'
import { newTerms, revise } from '../keys/key.ts'
import { toApiKey, toChanges } from '../keys/wire.ts'
import {
  type ApiKey,
  type ApiKeyList,
  CreateKeyRequest,
  type CreatedApiKey,
  EditKeyRequest,
} from '../wire/server/keys.ts'
import { requireAdmin } from './access.ts'
import { addressOf } from './address.ts'
import { readJson } from './body.ts'
import { checkWholeBody } from './check.ts'
import { CREATE_KEY, EDIT_KEY, GET_KEY, LIST_KEYS, REVOKE_KEY } from './openapi/keys.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** Client keys: made, listed, changed and ended by whoever has the admin key. */
export const keysRoutes = (server: Server) => {
  const admin = (answer: (request: Request) => Promise<object>) =>
    route(server, async (request, { context }) => {
      requireKeyAdmin(server, context.caller)
      return json(await answer(request), { ...baseHeaders(server, request), 'request-id': context.id })
    })
  return new Elysia({ name: 'keys', prefix: '/admin/keys' })
    .get(
      '',
      admin(async () => listKeys(server)),
      { detail: LIST_KEYS },
    )
    .post(
      '',
      admin(async (request) => createKey(server, request)),
      { detail: CREATE_KEY, parse: 'none' },
    )
    .get(
      '/:id',
      admin(async (request) => findKey(server, request)),
      { detail: GET_KEY },
    )
    .patch(
      '/:id',
      admin(async (request) => editKey(server, request)),
      { detail: EDIT_KEY, parse: 'none' },
    )
    .delete(
      '/:id',
      admin(async (request) => revokeKey(server, request)),
      { detail: REVOKE_KEY },
    )
}

/** On a server without keys nobody is an admin in earnest: the first key that is made locks all others out. */
function requireKeyAdmin({ access }: Server, caller: Parameters<typeof requireAdmin>[0] | undefined): void {
  if (caller && access.hasAdminKey) requireAdmin(caller, access)
  else
    throw new Failure(
      'permission_error',
      'The admin API is off; set ADMIN_API_KEY, or make keys with "keys create" on the command line',
    )
}

const listKeys = ({ keys, clock }: Server): ApiKeyList => ({
  data: keys.list().map((key) => toApiKey(key, clock.now())),
})

async function createKey(server: Server, request: Request): Promise<CreatedApiKey> {
  const body = await readJson(request, server.maxBodyBytes, server)
  checkWholeBody(CreateKeyRequest, body)
  const changes = toChanges(body, server.clock.now())
  const { key, record } = server.keys.create(revise(newTerms(body.name), changes))
  server.log.info('key-created', { key_id: record.id, key_name: record.name })
  return { ...toApiKey(record, server.clock.now()), key }
}

function findKey({ keys, clock }: Server, request: Request): ApiKey {
  const id = idOf(request)
  const key = keys.byId(id)
  if (!key) throw unknownKey(id)
  return toApiKey(key, clock.now())
}

async function editKey(server: Server, request: Request): Promise<ApiKey> {
  const body = await readJson(request, server.maxBodyBytes, server)
  checkWholeBody(EditKeyRequest, body)
  const id = idOf(request)
  const key = server.keys.edit(id, toChanges(body, server.clock.now()))
  if (!key) throw unknownKey(id)
  if (key.revokedAtMs !== undefined) throw revokedKey(id)
  server.log.info('key-edited', { key_id: key.id, key_name: key.name, fields: Object.keys(body) })
  return toApiKey(key, server.clock.now())
}

function revokeKey({ keys, clock, log }: Server, request: Request): ApiKey {
  const id = idOf(request)
  const key = keys.revoke(id)
  if (!key) throw unknownKey(id)
  log.info('key-revoked', { key_id: key.id, key_name: key.name })
  return toApiKey(key, clock.now())
}

const unknownKey = (id: string): Failure =>
  new Failure('not_found_error', `There is no key ${JSON.stringify(id)}; GET /admin/keys lists them`)

const revokedKey = (id: string): Failure =>
  invalidRequest(
    `The key ${JSON.stringify(id)} was revoked, and stays as it is; POST /admin/keys makes another`,
  )

const idOf = (request: Request): string => addressOf(request).path.split('/').at(-1) ?? ''
