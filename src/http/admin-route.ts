import { asFailure } from '../observability/failure.ts'
import { requireAdmin } from './access.ts'
import { errorResponse, newRequestId } from './respond.ts'
import { baseHeaders } from './route.ts'
import type { Server } from './server.ts'

export type AdminHandler = (request: Request) => Promise<Response>

interface RouteInput {
  readonly request: Request
}

/**
 * The way of the operator's routes: check access, run, turn what is thrown into an envelope. No line in the log and no
 * run: the dashboard asks all the time.
 */
export const adminRoute =
  (server: Server, handler: AdminHandler) =>
  async (input: RouteInput): Promise<Response> => {
    const { request } = input
    try {
      requireAdmin(server.access.check(request), server.access)
      return await handler(request)
    } catch (error) {
      const failure = asFailure(error, server)
      return errorResponse(failure, newRequestId(), baseHeaders(server, request))
    }
  }
