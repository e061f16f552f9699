import { type FileHandle, open } from 'node:fs/promises'

import { HEAD_BYTES } from './media-type.ts'

/** What came in. */
export interface Received {
  readonly sizeBytes: number
  /** The first bytes. */
  readonly head: Uint8Array
}

/**
 * Writes bytes to a new file as they come, one piece in memory at a time; once this returns they are on the disk.
 * `admit` hears of each piece before it is written, and may throw.
 */
export async function receive(
  path: string,
  content: AsyncIterable<Uint8Array>,
  admit: (bytes: number) => void,
): Promise<Received> {
  const handle = await open(path, 'wx', 0o600)
  try {
    let sizeBytes = 0
    let head: Uint8Array = new Uint8Array()
    for await (const piece of content) {
      admit(piece.byteLength)
      await writeAll(handle, piece)
      sizeBytes += piece.byteLength
      if (head.byteLength < HEAD_BYTES) head = Buffer.concat([head, piece.subarray(0, HEAD_BYTES)])
    }
    await handle.sync()
    return { sizeBytes, head: head.subarray(0, HEAD_BYTES) }
  } finally {
    await handle.close()
  }
}

/** One call may write less than it was given. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength;) at += (await handle.write(piece, at)).bytesWritten
}

/** Makes sure that a folder remembers its new names after a power cut. Some systems cannot do this for folders. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Windows: the names are written through there.
  }
}
